"""The limits of runs (LIMIT-3): each run that exceeds its own is given once, and no other."""

from msgspec.structs import replace

from gnomon.reference.cluster.outputs import Run
from gnomon.reference.cluster.overdue import RuntimeLimits
from tests.reference.cluster.by_hand import message


def run(worker: int, limit: int | None) -> Run:
    return Run(worker, replace(message(worker), max_runtime=limit), 1)


def test_a_run_is_overdue_once_and_not_before_it_has_exceeded_its_limit() -> None:
    limits, first = RuntimeLimits(), run(1, 5)
    limits.begin(100, first)
    next_at = limits.next_at
    assert next_at == 106
    assert limits.exceeded(105) == []
    assert limits.exceeded(106) == [first]
    assert not limits.exceeded(107)
    assert limits.next_at is None
    assert limits.end(108, 1) == []


def test_a_run_that_ends_before_anybody_looked_is_overdue_at_its_end() -> None:
    limits, late, in_time = RuntimeLimits(), run(1, 5), run(2, 5)
    limits.begin(100, late)
    limits.begin(101, in_time)
    assert (limits.end(106, 1), limits.end(106, 2)) == ([late], [])
    assert limits.exceeded(200) == []


def test_each_run_has_its_own_limit() -> None:
    limits, long, short = RuntimeLimits(), run(1, 50), run(2, 5)
    limits.begin(100, long)
    limits.begin(110, short)
    limits.begin(110, run(3, None))
    assert limits.next_at == 116
    assert limits.exceeded(120) == [short]
    assert limits.next_at == 151
    assert limits.exceeded(999) == [long]
