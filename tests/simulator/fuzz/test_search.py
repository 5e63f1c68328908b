"""A search has one result, on any number of processes."""

import pytest

from gnomon.simulator.fuzz.judge import Broken, SeedResult
from gnomon.simulator.fuzz.search import CHUNK, BrokenRule, Tally, results, usable_cores


@pytest.mark.parametrize(("first", "runs"), [(0, 1), (5, CHUNK), (3, CHUNK + 1)])
def test_the_seeds_are_tried_in_their_order(first: int, runs: int) -> None:
    assert [result.seed for result in results(first, runs, 1, "durable")] == list(
        range(first, first + runs)
    )


def test_the_results_do_not_depend_on_the_number_of_processes() -> None:
    assert list(results(0, 2 * CHUNK + 3, 2, "durable")) == list(
        results(0, 2 * CHUNK + 3, 1, "durable")
    )


def test_a_search_without_end_can_be_left() -> None:
    endless = results(0, None, 1, "durable")
    assert [next(endless).seed for _ in range(CHUNK + 2)] == list(range(CHUNK + 2))
    endless.close()  # type: ignore[attr-defined]


def test_a_tally_names_the_first_seed_of_each_rule() -> None:
    tally = Tally()
    early, late = Broken("PUB-1", 5, "twice"), Broken("PUB-1", 9, "thrice")
    for seed, broken in enumerate([(), (early,), (late, Broken("DLV-1", 1, "two"))]):
        tally.add(SeedResult(seed, broken, ("fold",) if seed else (), 10, b""))
    assert (tally.runs, tally.events, dict(tally.reached)) == (3, 30, {"fold": 2})
    assert tally.broken == {
        "PUB-1": BrokenRule(1, early, 2),
        "DLV-1": BrokenRule(2, Broken("DLV-1", 1, "two"), 1),
    }


def test_at_least_one_process_can_run() -> None:
    assert usable_cores() >= 1
