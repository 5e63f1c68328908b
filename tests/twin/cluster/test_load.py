"""The load of a trial: exact shares, known occurrences, definitions that are accepted."""

from datetime import UTC, datetime
from time import thread_time_ns

import msgspec
import pytest

from gnomon.reference.jobs import read
from gnomon.reference.oracle import due_instants
from gnomon.reference.schedule.clock import MILLISECOND, MINUTE, SECOND, from_datetime, read_instant
from tests.twin.cluster.load import PHASE, SHORTEST_SPAN, draw_load, next_begin
from tests.twin.cluster.service import Work, compute

BEGINS = read_instant("2026-01-05T08:00:40Z")

loads = pytest.mark.parametrize(
    ("workers", "span", "seed"),
    [
        (0.5, SHORTEST_SPAN, 0),
        (6, MINUTE, 1),
        (4.8, 70 * SECOND + 1, 2),
        (13.2, 2 * MINUTE, 3),
    ],
)


@loads
def test_the_runs_take_the_wanted_time(workers: float, span: int, seed: int) -> None:
    load = draw_load(workers, span, seed)
    assert load.total == pytest.approx(workers * span, rel=1e-3)
    assert load.runs == sum(len([*job.offsets]) for job in load.jobs)


@loads
def test_the_jobs_are_due_when_the_load_has_it_and_at_no_other_time(
    workers: float, span: int, seed: int
) -> None:
    for job in draw_load(workers, span, seed).jobs:
        definition = read(job.definition(BEGINS))
        found = due_instants(definition, BEGINS, BEGINS + span + MINUTE)
        assert [due - BEGINS for due in found][: job.repeats] == [*job.offsets]
        assert all(0 <= offset < span for offset in job.offsets)
        assert definition.repeats == job.repeats


def test_a_quarter_of_the_work_is_due_at_once() -> None:
    load = draw_load(6, MINUTE, 1)
    bursts = [job for job in load.jobs if job.is_burst]
    assert {offset for job in bursts for offset in job.offsets} == {20 * SECOND}
    assert sum(job.total for job in bursts) / load.total == pytest.approx(0.25, abs=0.05)


def test_a_run_takes_the_same_time_whenever_the_trial_began() -> None:
    load = draw_load(6, MINUTE, 1, computing=10)
    for job in load.jobs:
        payload = job.definition(BEGINS)["extra"]
        work = msgspec.json.decode(payload, type=Work)
        offset = next(job.offsets)
        assert work.computing == 10
        assert work.duration(job.name, BEGINS + offset) == job.work.duration(job.name, offset)


def test_runs_of_a_job_take_different_times() -> None:
    work = Work(seed=1, p50=SECOND, p99=5 * SECOND)
    assert len({work.duration("a", due) for due in range(10)}) == 10


def test_a_span_without_a_burst_is_refused() -> None:
    with pytest.raises(ValueError, match="must be at least"):
        draw_load(6, SHORTEST_SPAN - 1, 1)


@pytest.mark.parametrize(
    ("now", "begins"),
    [("08:00:00", "08:00:40"), ("08:00:39", "08:00:40"), ("08:00:40", "08:01:40")],
)
def test_a_trial_begins_at_its_second_of_a_minute(now: str, begins: str) -> None:
    instants = (
        from_datetime(datetime.fromisoformat(f"2026-01-05T{text}").replace(tzinfo=UTC))
        for text in (now, begins)
    )
    assert next_begin(next(instants)) == next(instants)
    assert PHASE == 40 * SECOND


def test_a_run_computes_for_its_part_of_the_time() -> None:
    before = thread_time_ns()
    compute(2 * MILLISECOND)
    assert thread_time_ns() - before >= 2 * MILLISECOND * 1_000
