"""Limits of a job (LIMIT-1, LIMIT-2, LIMIT-3): alike in memory and on Redis."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gnomon.reference import oracle
from gnomon.reference.events import Overdue, Published, Skipped
from gnomon.reference.jobs import LONGEST_DURATION
from gnomon.reference.schedule.clock import DAY, HOUR, SECOND, read_instant
from gnomon.reference.schedule.jitter import offset
from gnomon.reference.store.administration import AgreeSettings, RecordEvents
from gnomon.reference.store.kept_messages import DropMessage, PutBackMessage
from gnomon.reference.store.operations import (
    OPERATOR,
    Assignment,
    Campaign,
    Claim,
    Complete,
    DeleteJob,
    Done,
    EditJob,
    Entry,
    Execute,
    Join,
    Outcomes,
    Publish,
    PutJob,
    Refusal,
    SetAside,
    first_turn,
)
from tests.support.arms import Arms
from tests.support.strategies import a_job

NOW = read_instant("2026-01-31T12:00:00Z")
TURN = first_turn(1)


@pytest.fixture(params=["durable", "classic"])
def arms(request: Any, clock: Any, real_server: Any) -> Arms:
    """Three stores with a leader, its two workers, and a job that is due every second."""
    arms = Arms(request.param, clock, real_server.client())
    arms.apply(NOW, "s1", Campaign(HOUR))
    arms.apply(NOW, "s1", Join(1, HOUR))
    arms.apply(NOW, OPERATOR, PutJob("a", job(1)))
    return arms


def job(max_parallel: int | None) -> Any:
    limits = {"max_parallel": max_parallel, "repeats": 9}
    return a_job("a", job_type="interval_based", start_date=NOW, seconds=1, **limits)


def publish(arms: Arms, second: int, *coalesced: int) -> Refusal | None:
    """Publish the occurrence that was due then, and fold others into it."""
    kept = arms.memory.job("a")
    assert kept is not None and kept.cursor is not None
    entry = Entry(
        "a",
        kept.revision,
        kept.cursor,
        NOW + second * SECOND,
        False,
        "K1",
        tuple(NOW + each * SECOND for each in coalesced),
    )
    deliveries = arms.apply(NOW + second * SECOND, "s1", Publish(1, (entry,), NOW + HOUR))
    reply = deliveries[0][2]
    assert isinstance(reply, Outcomes)
    return reply.refusals[0] if reply.refusals else None


def outcomes(arms: Arms) -> list[str | int]:
    """The second at which each occurrence was due that was published; with "-", skipped."""
    found: list[str | int] = []
    for event in arms.events[0]:
        if isinstance(event, Published) and not event.on_demand:
            found.append((event.due - NOW) // SECOND)
        elif isinstance(event, Skipped):
            assert event.why == "max_parallel"
            found.append(f"-{(event.due - NOW) // SECOND}")
    return found


def test_what_comes_due_at_the_limit_is_skipped(arms: Arms) -> None:
    assert publish(arms, 0) is None
    assert publish(arms, 1) == "surplus"  # the message waits
    arms.apply(NOW + SECOND, "s1", Claim(1, TURN + 1))
    assert publish(arms, 2) == "surplus"  # it is held
    arms.apply(NOW + 2 * SECOND, "s1", Claim(1, TURN + 2, (1, 1)))
    assert publish(arms, 3) is None
    assert outcomes(arms) == [0, "-1", "-2", 3]
    kept = arms.memory.job("a")
    assert kept is not None and kept.published == 2  # of the repeats


def test_misfires_are_skipped_with_the_occurrence_into_which_they_would_go(arms: Arms) -> None:
    assert publish(arms, 0) is None
    assert publish(arms, 5, 1, 2, 3) == "surplus"
    assert outcomes(arms) == [0, "-1", "-2", "-3", "-5"]


def test_runs_on_demand_are_published_and_do_not_count(arms: Arms) -> None:
    arms.apply(NOW, OPERATOR, Execute("a", 1, "K2"))
    assert publish(arms, 0) is None
    arms.apply(NOW, OPERATOR, Execute("a", 1, "K3"))
    assert publish(arms, 1) == "surplus"


def test_a_message_that_is_dead_or_dropped_has_ended(arms: Arms) -> None:
    assert publish(arms, 0) is None
    arms.apply(NOW, "s1", Claim(1, TURN + 1))
    arms.apply(NOW, "s1", SetAside(1, 1, 1, "unreadable"))
    assert publish(arms, 1) is None
    arms.apply(NOW + SECOND, OPERATOR, DropMessage(2))
    assert publish(arms, 2) is None
    assert publish(arms, 3) == "surplus"


@pytest.mark.parametrize("is_forgotten", [False, True])
@pytest.mark.parametrize("arms", ["durable"], indirect=True)
def test_a_message_that_was_put_back_does_not_count(arms: Arms, is_forgotten: bool) -> None:
    """Whether or not the store has found in the meantime that it had ended."""
    arms.ask(NOW, "s1", AgreeSettings("durable", SECOND, 1))
    assert publish(arms, 0) is None
    arms.apply(NOW, "s1", Claim(1, TURN + 1))
    arms.apply(NOW, "s1", Join(2, HOUR))
    if is_forgotten:
        assert publish(arms, 1) is None
        arms.apply(NOW + SECOND, OPERATOR, DropMessage(2))
    assert isinstance(arms.ask(NOW + SECOND, OPERATOR, PutBackMessage(1)), Done)
    assert [publish(arms, 2), publish(arms, 3)] == [None, "surplus"]


def test_messages_from_before_the_limit_do_not_count_and_others_outlive_edits(arms: Arms) -> None:
    arms.apply(NOW, OPERATOR, EditJob("a", 1, job(None)))
    assert [publish(arms, 0), publish(arms, 1)] == [None, None]
    arms.apply(NOW + SECOND, OPERATOR, EditJob("a", 2, job(1)))
    assert [publish(arms, 2), publish(arms, 3)] == [None, "surplus"]
    arms.apply(NOW + 3 * SECOND, OPERATOR, EditJob("a", 3, job(2)))
    assert [publish(arms, 4), publish(arms, 5)] == [None, "surplus"]


def test_a_job_created_again_counts_anew(arms: Arms) -> None:
    assert publish(arms, 0) is None
    arms.apply(NOW, OPERATOR, DeleteJob("a", 1))
    arms.apply(NOW, OPERATOR, PutJob("a", job(1)))
    assert [publish(arms, 1), publish(arms, 2)] == [None, "surplus"]


@given(st.text(st.characters(codec="utf-8"), max_size=9), st.integers(0, 2**53), st.data())
def test_an_offset_is_what_the_oracle_says(id: str, due: int, data: st.DataObject) -> None:
    jitter = data.draw(st.integers(0, LONGEST_DURATION))
    expected = oracle.jitter_offset(id, due, jitter)
    assert offset(id, due, jitter) == expected and 0 <= expected <= jitter


@pytest.mark.parametrize("jitter", [1, 999, 10 * SECOND, DAY - 1])
def test_the_stores_compute_the_same_offset(arms: Arms, jitter: int) -> None:
    """An occurrence is early before it, and a misfire until its grace after it has ended."""
    id = "ą/é"
    daily = {"job_type": "interval_based", "start_date": NOW, "days": 1, "jitter": jitter}
    arms.apply(NOW, "s1", Campaign(9 * DAY))
    arms.apply(NOW, OPERATOR, PutJob(id, a_job(id, **daily)))
    first, second = (due + offset(id, due, jitter) for due in (NOW, NOW + DAY))
    publish = Entry(id, 1, NOW, NOW, False, "K1")
    if first > NOW:
        assert refused(arms, first - 1, publish) == "early"
    assert refused(arms, first, publish) is None
    skip = Entry(id, 1, NOW + 1, None, False, "", (), (NOW + DAY,))
    assert refused(arms, second + SECOND, skip) == "early"
    assert refused(arms, second + SECOND + 1, skip) is None


@pytest.mark.parametrize("extra", [None, "x" * 300])
def test_a_message_carries_the_limit_of_its_revision(arms: Arms, extra: str | None) -> None:
    arms.apply(NOW, OPERATOR, DeleteJob("a", 1))
    for revision, limit in enumerate([5 * SECOND, None, LONGEST_DURATION], start=1):
        definition = a_job("a", max_runtime=limit, extra=extra)
        put = PutJob("a", definition) if revision == 1 else EditJob("a", revision - 1, definition)
        arms.apply(NOW, OPERATOR, put)
        arms.apply(NOW, OPERATOR, Execute("a", revision, "K1"))
        worker = Claim(1, TURN + revision, None)
        ((_, _, reply),) = arms.apply(NOW, "s1", worker)
        assert isinstance(reply, Assignment)
        assert (reply.message.revision, reply.message.max_runtime) == (revision, limit)
        assert reply.message.payload == extra
        arms.apply(NOW, "s1", Complete(1, TURN + revision, reply.message.id, 1))


def test_a_report_of_an_overdue_run_is_left_out_by_another_store(arms: Arms) -> None:
    overdue = Overdue(0, 1, "s1", 1, 1)
    for store, recorded in ((0, 1), (NOW + 1, 1)):
        arms.apply(NOW, "s1", RecordEvents(0, (overdue,), store))
        assert sum(isinstance(event, Overdue) for event in arms.events[0]) == recorded


def refused(arms: Arms, at: int, entry: Entry) -> Refusal | None:
    """Why the stores refuse an entry at an instant (µs)."""
    reply = arms.apply(at, "s1", Publish(1, (entry,), at + HOUR))[0][2]
    assert isinstance(reply, Outcomes)
    return reply.refusals[0] if reply.refusals else None
