"""Who has changed a job, when and how: the latest changes of each job, for people.

The one idea: the note of a change comes with the operation that makes it, so that the store keeps
it exactly if the change was made. No decision depends on it. A change without a note is none of a
person: the simulator's, or that of a leader after the last run of a job.
"""

from collections import deque
from typing import Literal

import msgspec

from gnomon.reference.store.operations import (
    Accepted,
    DeleteJob,
    Delivery,
    EditJob,
    Note,
    Operation,
    PutJob,
    Reply,
    SetActive,
)

CHANGES_KEPT = 50
"""Number of latest changes of a job that the store keeps."""

ChangeKind = Literal["created", "edited", "activated", "deactivated"]


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
    """The latest changes of each job."""

    __slots__ = ("_changes",)

    def __init__(self) -> None:
        self._changes: dict[str, deque[JobChange]] = {}

    def of(self, job: str) -> tuple[JobChange, ...]:
        """The latest changes of a job, the latest first."""
        return tuple(self._changes.get(job, ()))

    def note(
        self, operation: PutJob | EditJob | SetActive | DeleteJob, deliveries: list[Delivery]
    ) -> None:
        """Keep the change that an operation has made, by what was answered."""
        for _, asked, reply in deliveries:
            if asked != operation or not isinstance(reply, Accepted):
                continue
            if isinstance(operation, DeleteJob):
                self._changes.pop(operation.job, None)
            elif operation.note is not None and reply.revision != _before(operation):
                self._add(operation, operation.note, reply)

    def _add(self, operation: PutJob | EditJob | SetActive, note: Note, reply: Accepted) -> None:
        kept = self._changes.setdefault(operation.job, deque(maxlen=CHANGES_KEPT))
        kept.appendleft(
            JobChange(
                at=reply.now,
                revision=reply.revision,
                what=kind_of(operation),
                by=note.by,
                fields=note.fields,
            )
        )

    def copy(self) -> "ChangeLog":
        """Another that has the same: O(changes)."""
        other = ChangeLog()
        other._changes = {job: kept.copy() for job, kept in self._changes.items()}
        return other


def _before(operation: PutJob | EditJob | SetActive) -> int:
    """The revision of a job that an operation has left as it was."""
    return 0 if isinstance(operation, PutJob) else operation.revision
