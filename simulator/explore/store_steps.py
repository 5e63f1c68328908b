"""The steps of the store, computed by the scheduler's own code and checked by the `StoreModel`.

The one idea: a store and the model that checks it are one part of a world. A step copies both, lets
the copy carry out an operation, and gives the result a number.
"""

from collections.abc import Callable
from typing import NamedTuple, TypeVar

from gnomon.reference import events
from gnomon.reference.events import Event
from gnomon.reference.store.memory import LEAP, MemoryStore
from gnomon.reference.store.operations import OPERATOR, Delivery, Operation, PutJob
from gnomon.simulator.explore.numbers import Interned
from gnomon.simulator.explore.scopes import START, Scope
from gnomon.simulator.explore.server_model import describe
from gnomon.simulator.explore.store_model import Breach, StoreModel
from gnomon.simulator.world.write_log import READS


class Watched(NamedTuple):
    """A store, and the model that checks it from outside.

    `before` is the number of both before the last write, as long as that may still be lost.
    """

    store: MemoryStore
    model: StoreModel
    before: int | None = None


class WrongStep(Exception):
    """A step that must not happen: its instant, what it is in words, and the reason."""

    def __init__(self, at: int, what: str, why: str) -> None:
        super().__init__(f"{what}: {why}")
        self.at = at
        self.what = what
        self.why = why


class StoreSteps:
    """The stores of a `scope` by number, fewer than `most`.

    `computed` counts the steps that the store's own code computed.
    """

    def __init__(self, scope: Scope, most: int) -> None:
        self._scope = scope
        self.stores: Interned[Watched] = Interned(most)
        self._loses_writes = "lose write" in scope.faults
        self._after_loss: dict[int, int] = {}  # store before the lost write -> store after the loss
        self.computed = 0

    def begin(self) -> tuple[int, list[Event]]:
        """The store with the jobs of the scope, and the events recorded."""
        begun: list[Event] = []
        watched = Watched(MemoryStore(begun.append), StoreModel())
        for id, definition in self._scope.definitions.items():
            create, already = PutJob(id, definition), len(begun)
            watched.store.apply(START, OPERATOR, create)
            watched.model.observe(START, OPERATOR, create, begun[already:])
        return self._put(watched), begun

    def _put(self, watched: Watched) -> int:
        before = None if watched.before is None else self.stores.keys[watched.before]
        return self.stores.put((watched.store.key(), watched.model.key(), before), watched)

    def take(
        self, now: int, number: int, server: str, operation: Operation
    ) -> tuple[int, list[Delivery], list[Event]]:
        """Let a store carry out an operation; the store after it, its replies, and the events."""
        self.computed += 1
        recorded: list[Event] = []
        before = self.stores[number]
        # The one that is kept may have been reached at a later instant than this one.
        store = before.store.copy(recorded.append, latest=now)
        watched = Watched(store, before.model.copy(), self._kept(now, number, operation))

        def step() -> list[Delivery]:
            deliveries = watched.store.apply(now, server, operation)
            watched.model.observe(now, server, operation, recorded)
            watched.store.check()
            return deliveries

        deliveries = attempt(now, lambda: describe_request(operation, server), step)
        return self._put(watched), deliveries, recorded

    def _kept(self, now: int, number: int, operation: Operation) -> int | None:
        """The number of the store to which the loss of the last write would lead back."""
        store, model, before = self.stores[number]
        is_over = now > self._scope.faults_until or model.epoch >= LEAP
        # A store that has lost the first Join is another store.
        if not self._loses_writes or is_over or not store.identity:
            return None
        if not is_write(operation):
            return before
        return self._put(Watched(store, model))

    def may_lose(self, now: int, number: int) -> bool:
        """Whether this store may lose its last write at `now`."""
        return now <= self._scope.faults_until and self.stores[number].before is not None

    def lose(self, number: int) -> int:
        """The store that continues without the last write of this one."""
        before = self.stores[number].before
        assert before is not None
        if before not in self._after_loss:
            kept = self.stores[before]
            store, model = kept.store.copy(list[Event]().append), kept.model.copy()
            store.begin_anew(1)
            model.begin_anew(LEAP)
            self._after_loss[before] = self._put(Watched(store, model))
            self.computed += 1
        return self._after_loss[before]

    def events_of_loss(self, now: int, number: int) -> list[Event]:
        """The events of a loss; the explorer adds which events it has undone."""
        was_open = self.stores[number].store.open
        still_open = self.stores[self.lose(number)].store.open
        reopened = tuple(sorted(still_open - was_open))
        return [
            events.FaultBegan(now, "lose_writes", "store"),
            events.WritesLost(now, 1, now, (), reopened),
            events.FaultEnded(now, "lose_writes", "store"),
        ]


def is_write(operation: Operation) -> bool:
    """Whether lost writes may undo an operation."""
    return not isinstance(operation, READS)


def describe_request(operation: Operation, server: str) -> str:
    """The step that lets the store take an operation, in words."""
    return f"the store takes {describe(operation)} of {server}"


R = TypeVar("R")


def attempt(now: int, what: Callable[[], str], step: Callable[[], R]) -> R:
    """Take a step of the code under test; any exception that it raises is a finding."""
    try:
        return step()
    except Breach as broken:
        raise WrongStep(now, what(), str(broken)) from broken
    except Exception as error:
        raise WrongStep(now, what(), f"{type(error).__name__}: {error}") from error
