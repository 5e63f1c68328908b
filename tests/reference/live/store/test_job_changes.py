"""The three stores keep the same latest changes of each job, exactly those that were made."""

from typing import Any

import pytest
from msgspec.structs import replace

from gnomon.reference.jobs import Definition
from gnomon.reference.schedule.clock import SECOND, read_instant
from gnomon.reference.store.job_changes import (
    BY_PLAN,
    CHANGES_KEPT,
    ChangesOf,
    JobChange,
    JobChanges,
)
from gnomon.reference.store.operations import (
    OPERATOR,
    Campaign,
    DeleteJob,
    EditJob,
    Entry,
    Note,
    Outcomes,
    Publish,
    PutJob,
    Refused,
    SetActive,
)
from tests.support.arms import Arms
from tests.support.strategies import a_job

NOW = read_instant("2026-01-31T12:00:00Z")
ONCE = a_job("once", start_date=NOW + 3_600 * SECOND)
ODD = Note('é "\\\n', ("name", "grace"))


def every_minute(name: str) -> Definition:
    return a_job(name, job_type="interval_based", minutes=1)


def changes(arms: Arms, job: str = "a/é") -> tuple[JobChange, ...]:
    reply = arms.ask(NOW + 60 * SECOND, OPERATOR, ChangesOf(job))
    assert isinstance(reply, JobChanges)
    return reply.changes


def test_each_change_that_was_made_is_kept(arms: Arms) -> None:
    arms.ask(NOW, OPERATOR, PutJob("a/é", every_minute("x"), Note("ann")))
    arms.ask(NOW + 1, OPERATOR, EditJob("a/é", 1, every_minute("y"), ODD))
    arms.ask(NOW + 2, OPERATOR, SetActive("a/é", 2, False, Note("bob")))
    arms.ask(NOW + 3, OPERATOR, SetActive("a/é", 3, True, Note("ann")))
    assert changes(arms) == (
        JobChange(at=NOW + 3, revision=4, what="activated", by="ann"),
        JobChange(at=NOW + 2, revision=3, what="deactivated", by="bob"),
        JobChange(at=NOW + 1, revision=2, what="edited", by='é "\\\n', fields=("name", "grace")),
        JobChange(at=NOW, revision=1, what="created", by="ann"),
    )


def test_what_was_refused_or_changes_nothing_is_no_change(arms: Arms) -> None:
    arms.ask(NOW, OPERATOR, PutJob("a/é", every_minute("x"), Note("ann")))
    arms.ask(NOW, OPERATOR, PutJob("b", every_minute("x"), ODD))
    arms.ask(NOW, OPERATOR, PutJob("a/é", every_minute("z"), ODD))
    arms.ask(NOW, OPERATOR, EditJob("a/é", 2, every_minute("y"), ODD))
    arms.ask(NOW, OPERATOR, EditJob("a/é", 1, ONCE, ODD))
    arms.ask(NOW, OPERATOR, SetActive("a/é", 1, True, ODD))
    arms.ask(NOW, OPERATOR, SetActive("a/é", 7, False, ODD))
    assert [change.what for change in changes(arms)] == ["created"]
    assert isinstance(arms.ask(NOW, OPERATOR, ChangesOf("b")), Refused)


def test_a_change_without_a_note_is_not_kept(arms: Arms) -> None:
    arms.ask(NOW, OPERATOR, PutJob("a/é", every_minute("x")))
    arms.ask(NOW, OPERATOR, EditJob("a/é", 1, every_minute("y")))
    assert changes(arms) == ()


def test_the_latest_changes_are_kept(arms: Arms, store_client: Any) -> None:
    arms.ask(NOW, OPERATOR, PutJob("a/é", every_minute("x"), Note("ann")))
    for revision in range(1, CHANGES_KEPT + 3):
        arms.ask(NOW, OPERATOR, SetActive("a/é", revision, revision % 2 == 0, Note("bob")))
    assert [change.revision for change in changes(arms)] == list(range(CHANGES_KEPT + 3, 3, -1))


def test_the_changes_go_with_the_job(arms: Arms) -> None:
    arms.ask(NOW, OPERATOR, PutJob("a/é", every_minute("x"), Note("ann")))
    arms.ask(NOW, OPERATOR, DeleteJob("a/é", 1))
    assert isinstance(arms.ask(NOW, OPERATOR, ChangesOf("a/é")), Refused)
    arms.ask(NOW, OPERATOR, PutJob("a/é", every_minute("x"), Note("bob")))
    assert [change.by for change in changes(arms)] == ["bob"]


def publish(arms: Arms, now: int, cursor: int, *, is_last: bool) -> None:
    """Publish the first occurrence of job a/é, due now, as the leader of epoch 1."""
    entry = Entry("a/é", 1, cursor, now, is_last, "K1")
    (outcomes,) = (
        reply
        for _, asked, reply in arms.apply(now, "s1", Publish(1, (entry,), now + SECOND))
        if isinstance(asked, Publish)
    )
    assert outcomes == Outcomes(now, ())


@pytest.mark.parametrize("repeats", [None, 1])
def test_the_end_of_a_job_after_its_last_occurrence_is_a_change(
    arms: Arms, repeats: int | None
) -> None:
    """FIRE-1, FIRE-3: nobody has asked for it, so nobody else would explain it."""
    due = NOW + SECOND
    once = a_job("x", start_date=due)
    job = once if repeats is None else replace(every_minute("x"), start_date=due, repeats=repeats)
    arms.ask(NOW, OPERATOR, PutJob("a/é", job, Note("ann")))
    arms.apply(NOW, "s1", Campaign(60 * SECOND))
    publish(arms, due, due if repeats is None else NOW, is_last=repeats is None)
    assert changes(arms) == (
        JobChange(at=due, revision=2, what="ended", by=BY_PLAN),
        JobChange(at=NOW, revision=1, what="created", by="ann"),
    )


def test_an_edit_that_leaves_no_occurrence_comes_before_the_end(arms: Arms) -> None:
    minutely = every_minute("x")
    arms.ask(NOW, OPERATOR, PutJob("a/é", minutely, Note("ann")))
    arms.apply(NOW, "s1", Campaign(60 * SECOND))
    publish(arms, NOW, NOW, is_last=False)
    arms.ask(NOW + 1, OPERATOR, EditJob("a/é", 1, replace(minutely, repeats=1), ODD))
    assert [(change.what, change.revision) for change in changes(arms)] == [
        ("ended", 3),
        ("edited", 2),
        ("created", 1),
    ]
