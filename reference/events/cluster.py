"""The events of the lease, of servers, of the store, and of injected faults."""

from typing import Annotated

import msgspec

from gnomon.reference.events.base import EventBase, Instant, WorkerNumber


class LeaseAcquired(EventBase, frozen=True, gc=False, tag="lease_acquired"):
    """A server became the leader of a new epoch."""

    server: str
    epoch: int


class LeaseReleased(EventBase, frozen=True, gc=False, tag="lease_released"):
    """A leader released the lease."""

    server: str
    epoch: int


class LeaseExpired(EventBase, frozen=True, gc=False, tag="lease_expired"):
    """A leader's lease expired."""

    server: str
    epoch: int


class ClusterPaused(EventBase, frozen=True, gc=False, tag="cluster_paused"):
    """Somebody paused the cluster: nothing is published as planned until it resumes (PAUSE-1)."""

    by: str


class ClusterResumed(EventBase, frozen=True, gc=False, tag="cluster_resumed"):
    """Somebody resumed the cluster (PAUSE-1)."""

    by: str


class ServerStarted(EventBase, frozen=True, gc=False, tag="server_started"):
    """A server joined the cluster.

    `workers` is how many workers it has, `services` are those that it can run, and `tzdata` is the
    version of its time zone database; each None if unknown.
    """

    server: str
    workers: WorkerNumber | None
    services: tuple[str, ...] | None = None
    tzdata: str | None = None


class ServerStopping(EventBase, frozen=True, gc=False, tag="server_stopping"):
    """A server began to stop: it claims no more messages and finishes its runs."""

    server: str


class ServerStopped(EventBase, frozen=True, gc=False, tag="server_stopped"):
    """A server left the cluster after its runs had ended."""

    server: str


class ServerCrashed(EventBase, frozen=True, gc=False, tag="server_crashed"):
    """A server crashed and lost everything in its memory.

    If the instant of the crash is not known, `at` is the instant of its detection, and `heard` the
    last instant at which the server was known to be alive.
    """

    server: str
    heard: Instant | None = None


class WritesLost(EventBase, frozen=True, gc=False, tag="writes_lost"):
    """The store lost its last `writes`, which it had acknowledged from the instant `since` on.

    `undone` has the numbers (``seq``) of the events before it that those writes caused; they count
    as if they had not happened. The messages in `reopened` are claimed again instead of
    completed, because their completion was lost. A store that was `emptied` has lost its identity
    too, and counts its epochs anew (LEAD-1).
    """

    writes: int
    since: Instant
    undone: tuple[Annotated[int, msgspec.Meta(ge=1)], ...]
    reopened: tuple[int, ...]
    emptied: bool = False


class StoreReplaced(EventBase, frozen=True, gc=False, tag="store_replaced"):
    """A server found the store emptied, or another one in its place, and discarded what it knew.

    `former` is the identity of the store that it knew, and `store` that of the present one: when a
    server first joined it. `epoch` is the latest that the server knew of. `jobs` is the number of
    jobs that it scheduled in the former store, None if it did not lead. The record is repeated if
    the request is.
    """

    server: str
    former: Instant
    store: Instant
    epoch: int
    jobs: int | None = None


class ClockSetBack(EventBase, frozen=True, gc=False, tag="clock_set_back"):
    """The store's clock was set back from the instant `was` to `at` by more than a lease.

    The instants of the history fall here, and nowhere else. Nobody holds the lease. Occurrences
    that were due at `at` or later have had no outcome (``reference/store/memory.py``). Directly
    after `WritesLost` it may be by less: the store has lost the instants after `at` as well.
    """

    was: Instant


class FaultBegan(EventBase, frozen=True, gc=False, tag="fault_began"):
    """A fault was injected."""

    fault: str
    target: str


class FaultEnded(EventBase, frozen=True, gc=False, tag="fault_ended"):
    """A fault was healed."""

    fault: str
    target: str
