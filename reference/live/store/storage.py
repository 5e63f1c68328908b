"""What the API, the recorder and the metrics want of a store, whichever it is.

The one idea: people ask the same operations as servers do, under the name `OPERATOR`, and need a
few things beside them that no server asks: a new id, who is there, what has happened.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import msgspec

from gnomon.reference.events import Event
from gnomon.reference.store.messages import Profile
from gnomon.reference.store.operations import Operation, Reply

OPERATOR = "operator"
"""Who asks the store on behalf of people."""


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """A server of the cluster, as the store knows it; instants in µs, UTC.

    `heard` is its last sign of life; it is believed to live until `alive_until`.
    """

    name: str
    workers: int
    services: tuple[str, ...]
    since: int
    heard: int
    alive_until: int


class Lease(msgspec.Struct, frozen=True, kw_only=True):
    """Who leads, in which epoch, and until when (µs, UTC); `leader` is None while nobody does."""

    leader: str | None
    epoch: int
    until: int


class Holding(msgspec.Struct, frozen=True):
    """A message in the hands of a worker of a server."""

    server: str
    worker: int
    message: int


class Overview(Reply, frozen=True, kw_only=True):
    """The cluster at the instant `now` (µs, UTC), with its messages: how many wait, which are held.

    A lease lasts for `lease_length` (µs); 0 before there has been a server.
    """

    profile: Profile
    lease_length: int
    lease: Lease
    members: tuple[Member, ...]
    jobs: int
    waiting: int
    held: tuple[Holding, ...]
    dead_lettered: int


class Told(msgspec.Struct, frozen=True):
    """An event of the live history, numbered in the store's order."""

    seq: int
    event: Any


class StoreUnavailable(Exception):
    """The store could not be asked: what is wrong, and what would help.

    Whether the operation was carried out is not known.
    """

    def __init__(self, problem: str, advice: str) -> None:
        super().__init__(f"{problem}; {advice}")
        self.problem = problem
        self.advice = advice


class Storage(Protocol):
    """A store that people may ask. Each method raises StoreUnavailable; all may wait for I/O."""

    def ask(self, operation: Operation) -> Reply:
        """Carry out an operation in the name of `OPERATOR`; never one that waits."""
        ...

    def new_job_id(self) -> str:
        """An id that no job has had, such as ``17``."""
        ...

    def overview(self) -> Overview:
        """Who is there, who leads, and what waits."""
        ...

    def tell(self, events: Sequence[Event]) -> None:
        """Append to the history; the store puts its own time in the place of each `at`."""
        ...

    def history(self, after: int = 0, most: int = 1_000) -> Sequence[Told]:
        """Up to `most` events numbered above `after`, in order; empty if there are none yet."""
        ...

    def history_backwards(self, before: int | None = None, most: int = 1_000) -> Iterator[Told]:
        """The latest events, numbered below `before`, the latest first; at most `most`."""
        ...
