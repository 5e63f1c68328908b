"""A job as the leader knows it: what it needs to publish the job's occurrences."""

from collections.abc import Hashable
from copy import copy

from gnomon.reference.schedule.jitter import offset
from gnomon.reference.schedule.trigger import Trigger
from gnomon.reference.store.operations import Job


class KnownJob:
    """An active job.

    `cursor`: occurrences before this instant are accounted for. `due`: the next occurrence, None if
    there is none. `left`: how many more occurrences may be published (FIRE-3); None if there is no
    limit. `grace` and `jitter` in µs (MISS-1, LIMIT-2); `size` in bytes; `service` is its name.
    Instants are in µs, UTC.
    """

    __slots__ = ("cursor", "due", "grace", "id", "jitter", "left", "misfire", "revision",
                 "service", "size", "trigger")  # fmt: skip

    def __init__(self, job: Job, cursor: int, trigger: Trigger) -> None:
        definition = job.definition
        self.id = job.id
        self.revision = job.revision
        self.trigger = trigger
        self.cursor = cursor
        self.due = trigger.first(cursor)
        self.left = definition.repeats and definition.repeats - job.published
        self.grace = definition.grace
        self.jitter = definition.jitter
        self.size = definition.size
        self.service = definition.service
        self.misfire = definition.misfire

    @property
    def acts_at(self) -> int:
        """When the leader must publish its next occurrence, or end it if it has none."""
        return self.cursor if self.due is None else self.planned_at(self.due)

    def planned_at(self, due: int) -> int:
        """When the occurrence that is due at an instant is to be published (LIMIT-2)."""
        return due + offset(self.id, due, self.jitter) if self.jitter else due

    def copy(self) -> "KnownJob":
        """Another object with the same values: O(1)."""
        return copy(self)

    def key(self) -> Hashable:
        """Everything that can influence what is published: O(1)."""
        return (self.id, self.revision, self.trigger, self.cursor, self.due, self.left, self.grace,
                self.jitter, self.misfire, self.size)  # fmt: skip
