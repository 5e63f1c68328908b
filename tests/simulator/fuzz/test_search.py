"""A search has one outcome, whoever does the work."""

import pytest

from gnomon.simulator.fuzz.judge import Broken, Outcome
from gnomon.simulator.fuzz.search import CHUNK, First, Tally, outcomes, usable_cores


@pytest.mark.parametrize(("first", "runs"), [(0, 1), (5, CHUNK), (3, CHUNK + 1)])
def test_the_seeds_are_tried_in_their_order(first: int, runs: int) -> None:
    assert [outcome.seed for outcome in outcomes(first, runs, 1, "durable")] == list(
        range(first, first + runs)
    )


def test_what_comes_of_it_does_not_depend_on_the_number_of_processes() -> None:
    assert list(outcomes(0, 2 * CHUNK + 3, 2, "durable")) == list(
        outcomes(0, 2 * CHUNK + 3, 1, "durable")
    )


def test_a_search_without_end_can_be_left() -> None:
    endless = outcomes(0, None, 1, "durable")
    assert [next(endless).seed for _ in range(CHUNK + 2)] == list(range(CHUNK + 2))
    endless.close()  # type: ignore[attr-defined]


def test_a_tally_names_the_first_seed_of_each_rule() -> None:
    tally = Tally()
    early, late = Broken("PUB-1", 5, "twice"), Broken("PUB-1", 9, "thrice")
    for seed, broken in enumerate([(), (early,), (late, Broken("DLV-1", 1, "two"))]):
        tally.add(Outcome(seed, broken, ("fold",) if seed else (), 10, b""))
    assert (tally.runs, tally.events, dict(tally.reached)) == (3, 30, {"fold": 2})
    assert tally.broken == {
        "PUB-1": First(1, early, 2),
        "DLV-1": First(2, Broken("DLV-1", 1, "two"), 1),
    }


def test_there_is_a_core_to_work_on() -> None:
    assert usable_cores() >= 1
