"""Who has changed a job, when and how: the latest changes of each job, for people.

The one idea: the note of a change comes with the operation that makes it, so that the store keeps
it exactly if the change was made. No decision depends on it. A change without a note is none of a
person: the simulator's, which is not kept, or the end of a job after its last occurrence.
"""

from collections import deque
from typing import Literal

import msgspec

from gnomon.reference.events import (
    Event,
    JobActivated,
    JobCreated,
    JobDeactivated,
    JobDeleted,
    JobEdited,
    Record,
)
from gnomon.reference.store.operations import (
    EditJob,
    Note,
    Operation,
    PutJob,
    Reply,
    SetActive,
)

CHANGES_KEPT = 50
"""Number of latest changes of a job that the store keeps."""

BY_PLAN = "scheduler"
"""Who ends a job after its last occurrence."""

ChangeKind = Literal["created", "edited", "activated", "deactivated", "ended"]


class ChangesOf(Operation, frozen=True, gc=False):
    """Read the latest changes of a job."""

    job: str


class JobChange(msgspec.Struct, frozen=True, kw_only=True):
    """A change of a job `at` an instant (µs, UTC), which gave it this `revision`.

    `by` names who has made it. `fields` are what an edit has changed, as texts for people.
    """

    at: int
    revision: int
    what: ChangeKind
    by: str
    fields: tuple[str, ...] = ()


class JobChanges(Reply, frozen=True):
    """Changes of a job, the latest first."""

    changes: tuple[JobChange, ...]


def kind_of(operation: PutJob | EditJob | SetActive) -> ChangeKind:
    """What a change is."""
    if isinstance(operation, SetActive):
        return "activated" if operation.is_active else "deactivated"
    return "created" if isinstance(operation, PutJob) else "edited"


class ChangeLog:
    """The latest changes of each job. ``record`` notes an event, and passes it on.

    While an operation is carried out its `note` says who makes the changes; None: nobody does.
    """

    __slots__ = ("_changes", "_record", "note")

    def __init__(self, record: Record) -> None:
        self._record = record
        self._changes: dict[str, deque[JobChange]] = {}
        self.note: Note | None = None

    def of(self, job: str) -> tuple[JobChange, ...]:
        """The latest changes of a job, the latest first."""
        return tuple(self._changes.get(job, ()))

    def record(self, event: Event) -> None:
        """Note the event if it is a change of a job, and pass it on."""
        match event:
            case JobCreated():
                self._add(event, "created", self.note)
            case JobEdited():
                self._add(event, "edited", self.note)
            case JobActivated():
                self._add(event, "activated", self.note)
            case JobDeactivated(has_ended=True):
                self._add(event, "ended", Note(BY_PLAN))
            case JobDeactivated():
                self._add(event, "deactivated", self.note)
            case JobDeleted(job=job):
                self._changes.pop(job, None)
            case _:  # changes no job
                pass
        self._record(event)

    def _add(
        self,
        event: JobCreated | JobEdited | JobActivated | JobDeactivated,
        what: ChangeKind,
        note: Note | None,
    ) -> None:
        if note is None:
            return
        kept = self._changes.setdefault(event.job, deque(maxlen=CHANGES_KEPT))
        kept.appendleft(
            JobChange(
                at=event.at, revision=event.revision, what=what, by=note.by, fields=note.fields
            )
        )

    def copy(self, record: Record) -> "ChangeLog":
        """Another that has the same and passes events on to `record`: O(changes)."""
        other = ChangeLog(record)
        other._changes = {job: kept.copy() for job, kept in self._changes.items()}
        return other
