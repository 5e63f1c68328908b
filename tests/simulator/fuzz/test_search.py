"""A search has one result, on any number of processes."""

import pytest

from gnomon.simulator.fuzz.generator import drawn_from
from gnomon.simulator.fuzz.judge import Broken, SeedResult
from gnomon.simulator.fuzz.search import BrokenRule, Tally, results
from gnomon.simulator.fuzz.sources import Drawn, Near
from gnomon.specs.parallel.pool import ThisProcess
from gnomon.specs.parallel.processes import BATCH, processes, usable_cores
from gnomon.specs.recording import files

NEAR = Near((files.load("overlap"), drawn_from(5)))


@pytest.mark.parametrize(("first", "runs"), [(0, 1), (5, 7)])
def test_the_seeds_are_tried_in_their_order(first: int, runs: int) -> None:
    assert [result.seed for result in results(first, runs, ThisProcess(), Drawn())] == list(
        range(first, first + runs)
    )


def test_the_results_do_not_depend_on_the_number_of_processes() -> None:
    with processes(2) as pool:
        found = list(results(0, 2 * BATCH + 3, pool, Drawn()))
        near = list(results(0, BATCH + 3, pool, NEAR))
    assert found == list(results(0, 2 * BATCH + 3, ThisProcess(), Drawn()))
    assert near == list(results(0, BATCH + 3, ThisProcess(), NEAR))


def test_a_search_without_end_can_be_left() -> None:
    endless = results(0, None, ThisProcess(), Drawn())
    assert [next(endless).seed for _ in range(7)] == list(range(7))
    endless.close()


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
