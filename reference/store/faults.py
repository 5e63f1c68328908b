"""The latest faults of a cluster, for people: what nobody has asked for.

The one idea: a fault is a rare event, which a busy cluster's history soon keeps no more. So the
store keeps the latest ones apart. No decision depends on them.
"""

from collections import deque
from collections.abc import Iterable

from gnomon.reference.events import (
    ClockSetBack,
    Event,
    LeaseExpired,
    Record,
    ServerCrashed,
    StoreReplaced,
    WritesLost,
)
from gnomon.reference.store.operations import Operation, Reply

FAULTS_KEPT = 100
"""Number of latest faults that the store keeps."""

Fault = ServerCrashed | LeaseExpired | WritesLost | StoreReplaced | ClockSetBack
"""The kinds of faults. A dead letter is kept elsewhere, until somebody drops it."""


class LatestFaults(Operation, frozen=True, gc=False):
    """Read the latest faults."""


class FaultList(Reply, frozen=True):
    """Faults, the latest first."""

    faults: tuple[Fault, ...]


class FaultLog:
    """The latest faults. ``record`` notes an event, and passes it on."""

    __slots__ = ("_kept", "_record")

    def __init__(self, record: Record, kept: Iterable[Fault] = ()) -> None:
        self._record = record
        self._kept = deque(kept, FAULTS_KEPT)  # the latest last

    @property
    def latest(self) -> tuple[Fault, ...]:
        """The latest faults, the latest first."""
        return tuple(reversed(self._kept))

    def record(self, event: Event) -> None:
        """Note the event if it is a fault, and pass it on."""
        if isinstance(event, Fault):
            self._kept.append(event)
        self._record(event)

    def copy(self, record: Record) -> "FaultLog":
        """Another that has the same and passes events on to `record`: O(faults)."""
        return FaultLog(record, self._kept)
