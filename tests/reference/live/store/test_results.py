"""The three stores keep the last results of each job, whatever else they forget."""

from collections.abc import Sequence
from typing import Any

import pytest

from gnomon.reference import events
from gnomon.reference.events import Outcome
from gnomon.reference.schedule.clock import SECOND, read_instant
from gnomon.reference.store.administration import (
    RESULTS_KEPT,
    JobRuns,
    JobsByName,
    LastResults,
    LastRuns,
    OpenRuns,
    RecordEvents,
    ResultsOf,
    RunsOf,
)
from gnomon.reference.store.kept_messages import DropMessage
from gnomon.reference.store.operations import (
    OPERATOR,
    Claim,
    DeleteJob,
    EditJob,
    Execute,
    JobList,
    Join,
    PutJob,
    Refused,
    first_turn,
)
from tests.support.arms import Arms
from tests.support.strategies import a_job

NOW = read_instant("2026-01-31T12:00:00Z")
FIRST = first_turn(1)


def publish(arms: Arms, job: str, times: int) -> None:
    """Create a job, and publish runs of it."""
    arms.ask(NOW, OPERATOR, PutJob(job, a_job(job)))
    for number in range(times):
        arms.ask(NOW, OPERATOR, Execute(job, 1, f"K{number + 1}"))


def run(arms: Arms, count: int, outcome: Outcome = "ok") -> None:
    """Let worker 1 of s1 claim the next messages, and report their ends."""
    arms.ask(NOW, "s1", Join(1, 100 * SECOND))
    turn, done = FIRST, None
    for _ in range(count):
        turn += 1
        assigned: Any = arms.ask(NOW, "s1", Claim(1, turn, done))
        message, attempt = assigned.message.id, assigned.attempt
        done = (message, attempt)
        error = "E: no" if outcome == "failed" else None
        ended = events.Finished(0, message, "s1", 1, attempt, outcome, error)
        arms.apply(
            NOW, "s1", RecordEvents(0, (events.Started(0, message, "s1", 1, attempt), ended))
        )


def results(arms: Arms, job: str = "a") -> list[int]:
    """The messages of the results of a job."""
    reply = arms.ask(NOW, OPERATOR, ResultsOf(job))
    assert isinstance(reply, JobRuns)
    assert all(run.outcome is not None for run in reply.runs)
    return [run.message for run in reply.runs]


def last(arms: Arms, *jobs: str) -> Sequence[tuple[int, str | None] | None]:
    """The message and the outcome of the last result of each job."""
    reply = arms.ask(NOW, OPERATOR, LastResults(jobs))
    assert isinstance(reply, LastRuns)
    return [None if run is None else (run.message, run.outcome) for run in reply.runs]


def test_a_result_is_kept_however_many_runs_were_published_before_it(arms: Arms) -> None:
    publish(arms, "a", 3 * RESULTS_KEPT)
    run(arms, 2, "failed")
    assert results(arms) == [2, 1]
    assert last(arms, "a") == [(2, "failed")]


def test_the_last_results_are_kept_and_all_that_has_not_ended(
    arms: Arms, store_client: Any
) -> None:
    times = RESULTS_KEPT + 30
    publish(arms, "a", times + 3)
    run(arms, times)
    assert results(arms) == list(range(times, 30, -1))
    kept = store_client.hlen("{gnomon}:runs") - 3
    assert RESULTS_KEPT <= kept < RESULTS_KEPT + 16  # it deletes several at once
    assert store_client.llen("{gnomon}:runs:a") == kept + 3
    reply = arms.ask(NOW, OPERATOR, RunsOf("a"))
    assert isinstance(reply, JobRuns)
    assert [run.message for run in reply.runs[:4]] == [times + 3, times + 2, times + 1, times]


@pytest.mark.parametrize("held", [1, 40])
def test_results_are_removed_from_among_runs_that_have_not_ended(
    arms: Arms, store_client: Any, held: int
) -> None:
    """The oldest runs go on; as many as the store removes at once, or more."""
    times = RESULTS_KEPT + 17
    publish(arms, "a", held + times)
    arms.ask(NOW, "s2", Join(1, 100 * SECOND))
    for number in range(1, held + 1):
        arms.ask(NOW, "s2", Claim(number, FIRST + 1, None))
    run(arms, times)
    newest = list(range(held + times, held, -1))
    assert results(arms) == newest[:RESULTS_KEPT]
    left = [int(message) for message in store_client.lrange("{gnomon}:runs:a", 0, -1)]
    assert left[-held:] == list(range(held, 0, -1))
    assert left[:-held] == newest[: len(left) - held]
    assert len(left) == held + RESULTS_KEPT + 1 == store_client.hlen("{gnomon}:runs")


def test_starts_and_ends_that_are_reported_together(arms: Arms) -> None:
    """In any order, of one run or several, of an attempt that is known or not."""
    publish(arms, "a", 4)
    arms.ask(NOW, "s1", Join(1, 100 * SECOND))
    for number in range(1, 5):
        arms.ask(NOW, "s1", Claim(number, FIRST + 1, None))

    def started(message: int, attempt: int = 1) -> events.Started:
        return events.Started(0, message, "s1", message, attempt)

    def ended(message: int, attempt: int = 1, outcome: Outcome = "ok") -> events.Finished:
        return events.Finished(0, message, "s1", message, attempt, outcome)

    reports = [
        (started(1), started(2), ended(1), ended(2)),
        (started(3), ended(3, 2), started(4)),
        (started(4), ended(4), started(1, 2), ended(1, 2, "failed")),
        (ended(3), started(2), started(2, 3), ended(2, 3), started(3, 3)),
    ]
    for second, report in enumerate(reports):
        arms.apply(NOW + second * SECOND, "s1", RecordEvents(0, report))
        reply = arms.ask(NOW + second * SECOND, OPERATOR, RunsOf("a"))
        assert isinstance(reply, JobRuns)
        assert len(reply.runs) == 4
        runs = {run.message: run for run in reply.runs}
    assert [runs[message].started for message in (1, 2)] == [NOW + 2 * SECOND, NOW + 3 * SECOND]
    assert [runs[message].attempt for message in (1, 2, 3, 4)] == [2, 3, 3, 1]


def test_results_of_other_jobs_push_none_out_and_go_with_their_job(
    arms: Arms, store_client: Any
) -> None:
    publish(arms, "daily", 1)
    run(arms, 1)
    publish(arms, "often", 2 * RESULTS_KEPT)
    run(arms, 2 * RESULTS_KEPT + 1)
    assert last(arms, "none", "often", "daily") == [None, (2 * RESULTS_KEPT + 1, "ok"), (1, "ok")]
    arms.ask(NOW, OPERATOR, DeleteJob("often", 1))
    assert store_client.hkeys("{gnomon}:runs") == [b"1"]
    assert isinstance(arms.ask(NOW, OPERATOR, ResultsOf("often")), Refused)
    assert last(arms, "often", "daily") == [None, (1, "ok")]


def test_a_message_that_is_dropped_has_a_result(arms: Arms) -> None:
    publish(arms, "a", 2)
    arms.ask(NOW, OPERATOR, DropMessage(2))
    assert last(arms, "a") == [(2, "dropped")]


def test_jobs_by_name_in_pages(arms: Arms) -> None:
    """In both directions, after a job was renamed and another deleted."""
    for id, name in enumerate(["b", "é", "a", "Z", "c\n", '"']):
        arms.ask(NOW, OPERATOR, PutJob(str(id), a_job(name)))
    arms.ask(NOW, OPERATOR, EditJob("0", 1, a_job("y")))
    arms.ask(NOW, OPERATOR, DeleteJob("2", 1))
    expected = ['"', "Z", "c\n", "y", "é"]
    assert names(arms, most=2) == [expected[:2], expected[2:4], expected[4:]]
    assert names(arms, most=9) == [expected]
    backwards = expected[::-1]
    assert names(arms, 2, reverse=True) == [backwards[:2], backwards[2:4], backwards[4:]]


def names(arms: Arms, most: int, reverse: bool = False) -> list[list[str]]:
    """The names of the jobs on each page."""
    pages: list[list[str]] = []
    after: int | str | None = None
    while not pages or after is not None:
        assert not isinstance(after, int)
        listed = arms.ask(NOW, OPERATOR, JobsByName(after, most, reverse))
        assert isinstance(listed, JobList)
        pages.append([job.definition.name for job in listed.jobs])
        after = listed.more
    return pages


def test_runs_are_read_by_message_until_they_end(arms: Arms) -> None:
    """The arms forget ended runs at different times, so they all leave them out."""
    publish(arms, "a", 3)
    run(arms, 1)
    arms.ask(NOW, OPERATOR, DropMessage(2))
    reply = arms.ask(NOW, OPERATOR, OpenRuns((3, 1, 99, 2, 3)))
    assert isinstance(reply, LastRuns)
    assert [found and found.message for found in reply.runs] == [3, None, None, None, 3]
    arms.ask(NOW, "s2", Join(1, 100 * SECOND))
    arms.ask(NOW + SECOND, "s2", Claim(1, FIRST))
    arms.apply(NOW + SECOND, "s2", RecordEvents(1, (events.Started(0, 3, "s2", 1, 1),)))
    reply = arms.ask(NOW, OPERATOR, OpenRuns((3,)))
    assert isinstance(reply, LastRuns)
    (found,) = reply.runs
    assert found is not None
    assert (found.started, found.server, found.attempt) == (NOW + SECOND, "s2", 1)
