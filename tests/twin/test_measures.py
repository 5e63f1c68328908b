"""The measures of a history whose figures were counted by hand."""

import pytest

from gnomon.reference.history import History
from gnomon.reference.schedule.clock import MILLISECOND, SECOND
from gnomon.specs.notation.parser import ORIGIN, read_example
from gnomon.specs.trace.trace import Trace
from tests.twin.measures import Measures, Overheads, measure, overheads, percentile, waits

TWO_AT_ONCE = """
    0s        server_started  s1 workers=1
    0s        job_created     a seconds=10
    0s        job_created     b seconds=10
    10s2ms    published       1 a due=10s
    10s2ms    claimed         1 s1/1
    10s2ms    published       2 b due=10s
    10s7ms    started         1 s1/1
    14s       finished        1 s1/1
    14s       claimed         2 s1/1
    14s6ms    started         2 s1/1
    18s       finished        2 s1/1
    20s       server_stopped  s1
"""


@pytest.fixture(scope="module")
def history() -> History:
    return read_example(TWO_AT_ONCE)


def test_every_figure(history: History) -> None:
    assert measure(history, ORIGIN + 10 * SECOND, 10 * SECOND) == Measures(
        runs=2,
        wait_p50=7 * MILLISECOND,
        wait_p90=4 * SECOND + 6 * MILLISECOND,
        wait_p99=4 * SECOND + 6 * MILLISECOND,
        backlog=1,
        utilisation=pytest.approx((3.993 + 3.994) / 10),  # type: ignore[arg-type]
    )


def test_the_utilisation_is_that_of_the_span(history: History) -> None:
    """In [15 s, 17 s) the only worker runs all the time; in [0 s, 10 s) it does not run."""
    assert measure(history, ORIGIN + 15 * SECOND, 2 * SECOND).utilisation == 1
    assert measure(history, ORIGIN, 10 * SECOND).utilisation == 0


def test_the_overheads(history: History) -> None:
    publish, start, turnaround = (each * MILLISECOND for each in (2, 5, 6))
    assert overheads(Trace(history)) == Overheads(
        publish=(publish, publish), start=(start, start), turnaround=(turnaround, turnaround)
    )


def test_each_occurrence_has_its_wait(history: History) -> None:
    due = ORIGIN + 10 * SECOND
    assert waits(Trace(history)) == {("a", due): 7 * MILLISECOND, ("b", due): 4_006 * MILLISECOND}


def test_percentiles_are_by_nearest_rank() -> None:
    hundred = range(1, 101)
    assert [percentile(hundred, percent) for percent in (1, 50, 99, 100)] == [1, 50, 99, 100]
    assert percentile([5], 50) == 5


def test_a_history_without_runs_has_no_waits() -> None:
    with pytest.raises(ValueError, match="nothing has run"):
        measure(read_example("0s  server_started  s1 workers=1"), ORIGIN, SECOND)
