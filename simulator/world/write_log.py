"""The log of a store's writes, so that it can be as if the last of them had not been.

The one idea: a store is what its writes made of it. To lose the last n of them is to make a new
store of the others, which is slow and cannot be wrong; a log is only kept of a run in which
something will be forgotten.
"""

from collections.abc import Callable

from gnomon.reference import events
from gnomon.reference.events import Event
from gnomon.reference.store.memory import MemoryStore
from gnomon.reference.store.messages import Profile
from gnomon.reference.store.operations import Changes, Delivery, Jobs, Operation
from gnomon.simulator.world.cluster import Cluster

READS = (Jobs, Changes)

Write = Callable[[MemoryStore], list[Delivery]]
"""Something that was done to the store."""


class Log:
    """Stands between a cluster and its store, and keeps what was written, and what that did."""

    def __init__(self, cluster: Cluster, profile: Profile) -> None:
        self._cluster = cluster
        self._profile = profile
        self._record = cluster.record
        self._events = 0  # recorded so far, by whomever
        # When, what, and the numbers of its events.
        self._writes: list[tuple[int, Write, list[int]]] = []
        self._doing: list[int] | None = None  # the numbers of what is being written
        self._is_remembering = False
        self._generation = 0
        cluster.record = self._note
        cluster.store = self._new_store()
        cluster.apply = self._apply

    def _new_store(self) -> MemoryStore:
        return MemoryStore(self._note_of_store, self._profile)

    def _note_of_store(self, event: Event) -> None:
        if not self._is_remembering:
            self._note(event)

    def _note(self, event: Event) -> None:
        self._events += 1
        if self._doing is not None:
            self._doing.append(self._events)
        self._record(event)

    def _apply(self, now: int, server: str, operation: Operation) -> list[Delivery]:
        if isinstance(operation, READS):
            return self._cluster.store.apply(now, server, operation)
        return self._write(now, lambda store: store.apply(now, server, operation))

    def _write(self, now: int, write: Write) -> list[Delivery]:
        self._doing = []
        self._writes.append((now, write, self._doing))
        deliveries = write(self._cluster.store)
        self._doing = None
        return deliveries

    def forget(self, now: int, writes: int | None) -> None:
        """Let the store be as it was before the last `writes`, or before all; tell of it."""
        kept = 0 if writes is None else max(len(self._writes) - writes, 0)
        lost, self._writes = self._writes[kept:], self._writes[:kept]
        since = lost[0][0] if lost else now
        undone = tuple(number for _, _, numbers in lost for number in numbers)
        was_open = self._cluster.store.open
        self._cluster.store = store = self._remembered()
        reopened = tuple(sorted(store.open - was_open))
        self._note(events.WritesLost(now, len(lost), since, undone, reopened))
        self._generation = generation = self._generation + 1
        self._write(now, lambda store: store.begin_anew(generation))

    def _remembered(self) -> MemoryStore:
        store, self._is_remembering = self._new_store(), True
        for _, write, _ in self._writes:
            write(store)
        self._is_remembering = False
        return store
