"""What is asked of a live store beside the scheduler's own operations, and what it answers.

The one idea: these concern the running of real processes, not scheduling: who is there, what has
happened, whether the store is still the one it was. Nothing that ``reference`` decides depends on
them.
"""

from typing import Any

from gnomon.reference.events import Event, ServerCrashed, ServerStopped
from gnomon.reference.live.store.storage import Member
from gnomon.reference.store.messages import Profile
from gnomon.reference.store.operations import Operation, Reply


class Tell(Operation, frozen=True, gc=False):
    """Append events to the history, numbered from `first` in the asking server's own count.

    So what is told again is not taken down twice; with `first` = 0 they are not numbered.
    """

    first: int
    events: tuple[Any, ...]


class Appear(Operation, frozen=True, gc=False):
    """The asking server is there, in this process; tell of it by the event `started`."""

    process: int
    member: Member
    started: Event


class Attest(Operation, frozen=True, gc=False):
    """Ask whether this process still is what the store knows by the asking server's name."""

    process: int


class Leave(Operation, frozen=True, gc=False):
    """A server has left, or was seen to crash: tell of it by `event`, unless it is known.

    One that has left for good is forgotten; who crashed may still have something on its way.
    """

    server: str
    event: ServerStopped | ServerCrashed


class Greet(Operation, frozen=True, gc=False):
    """A connection has been made to that run of the store, by one who `known` another, or nobody.

    Beyond a restart or a loss the numbers leap by so many.
    """

    run: str
    known: str
    leap: int


class Settle(Operation, frozen=True, gc=False):
    """Ask for what the servers have in common, or say it if one is the first (`lease` in µs)."""

    profile: Profile
    lease: int


class NewProcess(Operation, frozen=True, gc=False):
    """Ask for a process number of the asking server, higher than all before."""


class NewJob(Operation, frozen=True, gc=False):
    """Ask for an id that no job has had."""


class AskOverview(Operation, frozen=True, gc=False, tag="Overview"):
    """Ask who is there, who leads and what waits."""


class Superseded(Reply, frozen=True, gc=False):
    """Another process has appeared under the asking server's name."""


class Number(Reply, frozen=True, gc=False):
    """A number that was asked for."""

    value: int


class Settings(Reply, frozen=True, gc=False):
    """What the servers of the cluster have in common (`lease` in µs)."""

    profile: Profile
    lease: int


class Unreadable(Reply, frozen=True, gc=False):
    """In the place of an Assignment: the message cannot be read, and `why` (DLV-6)."""

    message: int
    attempt: int
    why: str
