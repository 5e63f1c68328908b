"""The store's clock, where a recording steps it.

The one idea: the instants of a history are the store's. So the store reads a clock that is ahead of
the world's or behind it, and whatever others record is recorded at the store's time. All else, the
servers' own clocks too, goes by the time of the world.
"""

from msgspec.structs import replace

from gnomon.reference.events import Event
from gnomon.reference.store.administration import CheckProcess
from gnomon.reference.store.operations import Delivery, Operation
from gnomon.simulator.world.cluster import Cluster


class StoreClock:
    """Stands between a cluster and its store, and between the cluster and its history."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._ahead = 0  # how far it is ahead of the world (µs)
        self._earliest = cluster.kernel.now
        self._apply, self._record = cluster.apply, cluster.record
        cluster.apply, cluster.record = self.apply, self.record

    def apply(self, now: int, server: str, operation: Operation) -> list[Delivery]:
        """Carry out an operation by this clock; `now` is the world's instant (µs)."""
        return self._apply(now + self._ahead, server, operation)

    def record(self, event: Event) -> None:
        """Record an event of a server or of a fault, at the store's time."""
        at = self.time(event.at)
        self._record(event if at == event.at else replace(event, at=at))

    def time(self, now: int) -> int:
        """The store's time at the world's instant `now` (µs)."""
        return max(now + self._ahead, self._cluster.store.now)

    def step(self, by: int) -> None:
        """Step it `by` µs; negative steps go back. The store notices at once."""
        self.let_store_notice()
        self._ahead += by
        self.let_store_notice()

    def let_store_notice(self) -> None:
        """Let the store read it, as any request does; it corrects a time far beyond the reading."""
        self._cluster.operate(CheckProcess(0))
        self._earliest = min(self._earliest, self.time(self._cluster.kernel.now))

    def span(self, until: int, lease: int) -> tuple[int, int]:
        """The times of the store in this run, which ends before the world's instant `until` (µs).

        Its time does not pass while its clock is behind it, by up to a `lease` (µs). What happens
        then lies in the span. What a store records that waits for longer does not (HIST-2).
        """
        last = until - 1
        time, reading = self.time(last), last + self._ahead
        end = time if time - reading <= lease else max(reading, self._earliest)
        return self._earliest, end + 1
