"""The write log: the writes that a store carried out, so that the last of them can be lost.

The one idea: a store's state follows from its writes. To lose the last n of them, the log applies
the others to a new store, or those since the last loss to a copy of what that has left. A log is
kept only in a run in which a fault loses data.
"""

from collections.abc import Callable
from operator import methodcaller

import msgspec

from gnomon.reference import events
from gnomon.reference.events import Event
from gnomon.reference.store.kept_messages import Messages
from gnomon.reference.store.memory import MemoryStore
from gnomon.reference.store.messages import MAX_ATTEMPTS, Profile
from gnomon.reference.store.operations import Changes, Delivery, Jobs, Operation
from gnomon.simulator.world.cluster import Cluster

READS = (Jobs, Changes, Messages)

Write = Callable[[MemoryStore], list[Delivery]]
"""Carries out one write."""


class LoggedWrite(msgspec.Struct, frozen=True, gc=False):
    """A write, its instant (µs, UTC), and the sequence numbers of the events that it caused."""

    at: int
    write: Write
    events: range


class WriteLog:
    """Stands between a cluster and its store, and logs each write with the events it causes."""

    def __init__(
        self, cluster: Cluster, profile: Profile, max_attempts: int = MAX_ATTEMPTS
    ) -> None:
        self._cluster = cluster
        self._profile: Profile = profile
        self._max_attempts = max_attempts
        self._record_next = cluster.record
        self._recorded = 0  # events of this run, of the store and of others
        self._writes: list[LoggedWrite] = []
        self._is_replaying = False
        self._generation = 0
        self._checkpoint: tuple[int, MemoryStore] | None = None  # a number of writes, their store
        cluster.record = self._record
        cluster.store = self._new_store()
        cluster.apply = self._apply

    def _new_store(self) -> MemoryStore:
        return MemoryStore(self._record_of_store, self._profile, self._max_attempts)

    def _record_of_store(self, event: Event) -> None:
        if not self._is_replaying:
            self._record(event)

    def _record(self, event: Event) -> None:
        self._recorded += 1
        self._record_next(event)

    def _apply(self, now: int, server: str, operation: Operation) -> list[Delivery]:
        is_ahead = now < self._cluster.store.now  # then a read may correct its time
        if not is_ahead and isinstance(operation, READS):
            return self._cluster.store.apply(now, server, operation)
        return self._write(now, methodcaller("apply", now, server, operation))

    def _write(self, now: int, write: Write) -> list[Delivery]:
        first = self._recorded + 1
        deliveries = write(self._cluster.store)
        self._writes.append(LoggedWrite(now, write, range(first, self._recorded + 1)))
        return deliveries

    def lose(self, now: int, writes: int | None) -> None:
        """Undo the last `writes`, or all if None, and record `WritesLost`."""
        kept = 0 if writes is None else max(len(self._writes) - writes, 0)
        lost, self._writes = self._writes[kept:], self._writes[:kept]
        since = min((each.at for each in lost), default=now)  # the clock may have been set back
        undone = tuple(number for each in lost for number in each.events)
        was_open = self._cluster.store.open
        self._cluster.store = store = self._replayed()
        reopened = tuple(sorted(store.open - was_open))
        emptied = not store.identity
        self._record(events.WritesLost(now, len(lost), since, undone, reopened, emptied))
        self._generation = generation = self._generation + 1
        self._write(now, methodcaller("begin_anew", generation))

    def _replayed(self) -> MemoryStore:
        """A new store to which the logged writes have been applied."""
        count, store = 0, self._new_store()
        if self._checkpoint is not None and self._checkpoint[0] <= len(self._writes):
            count, kept = self._checkpoint
            store = kept.copy(self._record_of_store)
        self._is_replaying = True
        for each in self._writes[count:]:
            each.write(store)
        self._is_replaying = False
        self._checkpoint = len(self._writes), store.copy(self._record_of_store)
        return store
