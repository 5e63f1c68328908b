"""The history records a fault before it begins, and that it has ended after its end."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import pytest

from gnomon.reference.events import STORE, FaultBegan, FaultEnded
from gnomon.reference.store.administration import RecordEvents, RemoveServer
from gnomon.reference.store.operations import Operation
from tests.nemesis.checks.watcher import Span
from tests.nemesis.faults import nemesis
from tests.nemesis.faults.catalogue import FAULTS, Kind
from tests.nemesis.faults.fault_reporter import FaultReporter
from tests.nemesis.faults.nemesis import Checks, Nemesis
from tests.nemesis.faults.plan import Injection
from tests.nemesis.system.store_clock import StoreClock
from tests.nemesis.system.stores import Embedded, Pair, Single, Store

Notes = list[str]


class Noted:
    """Anything that a fault is injected into: notes each call, and each attribute that is set."""

    name = "s1"

    def __init__(self, notes: Notes) -> None:
        vars(self).update(notes=notes, lock=threading.Lock())

    def __getattr__(self, name: str) -> Any:  # a method of whatever this stands for
        def call(*_: object) -> "Noted":
            self.notes.append(name)
            return self

        return call

    def __setattr__(self, name: str, _: object) -> None:
        self.notes.append(name)

    def call(self, _: str, operations: Sequence[Operation]) -> None:
        """As a connection to the store, over which the faults are reported."""
        for operation in operations:
            match operation:
                case RecordEvents(events=(FaultBegan(fault=fault, target=target),)):
                    self.notes.append(f"{fault} of {target} began")
                case RecordEvents(events=(FaultEnded(fault=fault, target=target),)):
                    self.notes.append(f"{fault} of {target} ended")
                case RemoveServer(server=server):
                    self.notes.append(f"{server} crashed")

    @contextmanager
    def fault(self, *_: object) -> Iterator[Span]:
        """As the watcher."""
        yield Span(0)


class NotedClock(Noted, StoreClock):
    """A clock of the store, without its program."""

    def set_ahead(self, ahead: int) -> None:
        self.notes.append(f"ahead by {ahead}")


class NotedPair(Noted, Pair):
    """A primary and its replica, without their processes."""

    def fail_over(self) -> None:
        self.notes.append("fail_over")

    def crash_primary(self) -> None:
        self.notes.append("crash_primary")


class NotedEmbedded(Noted, Embedded):
    """An embedded store, without its process and its disk."""

    def kill(self) -> None:
        self.notes.append("kill")

    def fill(self) -> None:
        self.notes.append("fill")

    def clear(self) -> None:
        self.notes.append("clear")


PAIRED: tuple[Kind, ...] = ("fail over", "kill the primary")
EMBEDDED: tuple[Kind, ...] = ("kill the embedded store", "fill the disk")


def inject(kind: Kind) -> Notes:
    """Inject the fault once, for a microsecond; what was done and recorded, in order."""
    notes: Notes = []
    noted = cast("Any", Noted(notes))
    store: Store = Single(noted, [noted], NotedClock(notes))
    if kind in PAIRED:
        store = NotedPair(notes)
    elif kind in EMBEDDED:
        store = NotedEmbedded(notes)
    injector = Nemesis(
        [noted] * 3, store, FaultReporter(noted), Checks(noted, noted), noted, Path(), 1
    )
    target = "s1" if FAULTS[kind].on == "server" else None
    injector.inject_faults([Injection(0, kind, target, 1)], 1, 0)
    assert injector.failures == []
    return notes


@pytest.mark.parametrize(
    "kind", [kind for kind in FAULTS if isinstance(FAULTS[kind].recorded, str)]
)
def test_a_fault_is_recorded_from_before_its_beginning_until_after_its_end(
    kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nemesis, "RESET_EVERY", 1)
    began, *effects, ended = inject(kind)
    target = "s1" if FAULTS[kind].on == "server" else STORE
    assert began == f"{FAULTS[kind].recorded} of {target} began"
    assert ended == f"{FAULTS[kind].recorded} of {target} ended"
    assert effects and not [note for note in effects if " of " in note]


def test_a_crash_is_recorded_when_nothing_of_the_server_is_on_its_way() -> None:
    assert inject("kill") == ["kill", "reset", "s1 crashed", "start"]
