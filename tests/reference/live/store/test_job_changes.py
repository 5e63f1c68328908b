"""The three stores keep the same latest changes of each job, exactly those that were made."""

from typing import Any

from gnomon.reference.jobs import Definition
from gnomon.reference.schedule.clock import SECOND, read_instant
from gnomon.reference.store.job_changes import CHANGES_KEPT, ChangesOf, JobChange, JobChanges
from gnomon.reference.store.operations import (
    OPERATOR,
    DeleteJob,
    EditJob,
    Note,
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
