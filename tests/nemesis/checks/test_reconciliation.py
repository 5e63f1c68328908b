"""Each kind of discrepancy is found, and nothing else is one."""

from collections.abc import Collection

import pytest

from gnomon.reference import events
from gnomon.reference.events import Event
from gnomon.reference.history import Header, History
from gnomon.reference.schedule.clock import SECOND, read_instant
from tests.nemesis.checks.reconciliation import (
    Reconciliation,
    lines_of,
    reconcile,
    unexplained_losses,
)
from tests.nemesis.faults.catalogue import Cost
from tests.nemesis.load.load_generator import Acknowledged
from tests.nemesis.load.run_log import LoggedService, LogLine

START = read_instant("2026-01-05T08:00:00Z")
STEADY = {"job_type": "interval_based", "seconds": 1, "start_date": "2026-01-05T08:00:00Z"}
CREATED = events.JobCreated(START, "1", "steady 1s once", STEADY)


def published(message: int, second: int, on_demand: bool = False) -> events.Published:
    due = START + second * SECOND
    return events.Published(
        at=due,
        message=message,
        cid=f"K{message}",
        job="1",
        revision=1,
        due=due,
        epoch=1,
        server="s1",
        name="steady 1s once",
        job_type="interval_based",
        service=LoggedService.name,
        on_demand=on_demand,
    )


def run(message: int, worker: int = 1, attempt: int = 1) -> list[Event]:
    of = (message, "s1", worker, attempt)
    return [
        events.Claimed(START, *of),
        events.Started(START, *of),
        events.Finished(START, *of, "ok"),
    ]


def logged(message: int, worker: int = 1, pid: int = 7) -> list[LogLine]:
    of = (message, f"K{message}", f"s1/{worker}", pid)
    return [LogLine("begin", *of), LogLine("end", *of)]


def counted(
    history: list[Event], run_log: list[LogLine], killed: Collection[int] = ()
) -> Reconciliation:
    acknowledged = Acknowledged(["1"], ["K1"])
    return reconcile([CREATED, *history], run_log, acknowledged, killed, START + 2 * SECOND)


TWO = [published(1, 0), *run(1), published(2, 1), *run(2)]
TWO_LOGGED = [*logged(1), *logged(2)]


def test_equal_counts_are_no_discrepancy() -> None:
    reconciliation = counted(TWO, TWO_LOGGED)
    assert reconciliation.discrepancies == ()
    assert (reconciliation.occurrences, reconciliation.published) == (2, 2)
    assert reconciliation.finished == 2
    assert (reconciliation.logged, reconciliation.lost, reconciliation.doubled) == (2, 0, 0)


@pytest.mark.parametrize(
    ("history", "run_log", "discrepancy"),
    [
        (TWO[:-1], TWO_LOGGED[:-1], "message 2 of job 1 was lost: no run of it has ended"),
        (TWO, [*TWO_LOGGED, *logged(2)], "message 2 was run 2 times by s1/1, which was given it 1"),
        (TWO, [*TWO_LOGGED, *logged(2, worker=2)], "message 2 was run 1 times by s1/2"),
        (TWO, logged(1), "message 2 was not run by s1/1, though the history says so"),
        (
            [*TWO, events.Claimed(START, 2, "s1", 2, 2)],
            [*TWO_LOGGED, *logged(2, worker=2)],
            "message 2 was run by s1/2, and the history does not say so",
        ),
        (
            [*TWO, published(3, 1), *run(3)],
            [*TWO_LOGGED, *logged(3)],
            "job 1: 2026-01-05T08:00:01Z was published 2 times",
        ),
        (TWO[:4], logged(1), "08:00:01Z has 0 outcomes where 1 was due"),
        (
            [*TWO, events.Skipped(START, "1", START + SECOND)],
            TWO_LOGGED,
            "08:00:01Z has 2 outcomes where 1 was due",
        ),
        (TWO[4:], logged(2), "running K1 was acknowledged, and it was never published"),
    ],
)
def test_each_discrepancy_is_found(
    history: list[Event], run_log: list[LogLine], discrepancy: str
) -> None:
    discrepancies = counted(history, run_log).discrepancies
    assert any(discrepancy in each for each in discrepancies), discrepancies


def test_a_created_job_that_the_history_lacks_is_a_discrepancy() -> None:
    discrepancies = reconcile([], [], Acknowledged(["9"]), (), START).discrepancies
    assert discrepancies == (
        "creating job 9 was acknowledged, and the history does not contain it",
    )


def test_runs_of_a_killed_process_may_be_missing_in_the_history() -> None:
    again = [events.Reclaimed(START, 2, "s1", 1, 1), *run(2, worker=2, attempt=2)]
    history = [*TWO[:-1], *again]
    run_log = [*logged(1), *logged(2, pid=8), *logged(2, worker=2)]
    assert counted(history, run_log, killed={8}).discrepancies == ()
    assert counted(history, run_log).discrepancies != ()


def test_a_dead_letter_is_no_loss_if_its_attempts_are_over() -> None:
    dead = events.DeadLettered(START, 2, "as often as allowed", "attempts")
    assert counted([*TWO[:-1], dead], TWO_LOGGED[:-1]).lost == 0
    unread = events.DeadLettered(START, 2, "no such field")
    assert counted([*TWO[:-1], unread], TWO_LOGGED[:-1]).lost == 1


def test_losses_that_no_fault_explains_are_found() -> None:
    dead = events.DeadLettered(START, 2, "as often as allowed", "attempts")
    before = [History(Header(start=START, end=START), [])]
    assert len([*unexplained_losses(before, [dead], {"time"})]) == 2
    costs: set[Cost] = {"everything before", "the poisonous message"}
    assert [*unexplained_losses(before, [dead], costs)] == []


def test_what_was_due_later_than_the_corrected_clock_has_another_outcome() -> None:
    set_back = events.ClockSetBack(START + SECOND, START + 9 * SECOND)
    again = [*TWO, set_back, published(3, 1), *run(3)]
    assert counted(again, [*TWO_LOGGED, *logged(3)]).discrepancies == ()
    earlier = [*TWO, set_back, published(3, 0), *run(3)]
    assert counted(earlier, [*TWO_LOGGED, *logged(3)]).doubled == 1
    assert len([*unexplained_losses([], [set_back], {"time"})]) == 1


def test_a_store_that_was_emptied_has_only_the_lines_of_its_own_runs() -> None:
    assert lines_of(TWO[:4], TWO_LOGGED) == logged(1)


def test_a_run_on_demand_is_no_occurrence() -> None:
    reconciliation = counted(
        [*TWO, published(3, 1, on_demand=True), *run(3)], [*TWO_LOGGED, *logged(3)]
    )
    assert reconciliation.discrepancies == ()
    assert (reconciliation.occurrences, reconciliation.on_demand) == (2, 1)
