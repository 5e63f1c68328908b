"""The latest occurrences of each job that have no message: skipped ones, and coalesced ones.

The one idea: they are the events of the history, kept apart for people, as a run is by its message.
No decision depends on them.
"""

from collections import deque

from gnomon.reference.events import Coalesced, Event, JobDeleted, Record, Skipped
from gnomon.reference.store.operations import Operation, Reply

UNPUBLISHED_KEPT = 50
"""Number of latest occurrences without a message that the store keeps of a job."""

Unpublished = Skipped | Coalesced


class UnpublishedOf(Operation, frozen=True, gc=False):
    """Read the latest occurrences of a job that have no message."""

    job: str


class UnpublishedList(Reply, frozen=True):
    """Occurrences without a message, the latest first."""

    occurrences: tuple[Unpublished, ...]


class UnpublishedLog:
    """The latest occurrences without a message. ``record`` notes an event, and passes it on."""

    __slots__ = ("_kept", "_record")

    def __init__(self, record: Record) -> None:
        self._record = record
        self._kept: dict[str, deque[Unpublished]] = {}

    def of(self, job: str) -> tuple[Unpublished, ...]:
        """Those of a job, the latest first."""
        return tuple(self._kept.get(job, ()))

    def record(self, event: Event) -> None:
        """Note the event if it is such an occurrence, and pass it on."""
        if isinstance(event, Unpublished):
            kept = self._kept.setdefault(event.job, deque(maxlen=UNPUBLISHED_KEPT))
            kept.appendleft(event)
        elif isinstance(event, JobDeleted):
            self._kept.pop(event.job, None)
        self._record(event)

    def copy(self, record: Record) -> "UnpublishedLog":
        """Another that has the same and passes events on to `record`: O(occurrences)."""
        other = UnpublishedLog(record)
        other._kept = {job: kept.copy() for job, kept in self._kept.items()}
        return other
