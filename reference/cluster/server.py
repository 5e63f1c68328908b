"""A server of the cluster: its workers, its heartbeat and its candidate for the singleton.

The one idea: a server is one state machine that the simulator drives through virtual time and the
live runtime through real time: ``beat`` every `beat_interval`, ``singleton.tick`` when
``singleton.wake_at`` has come, ``assign``, ``singleton.receive`` or ``acknowledge`` when the store
has answered, ``finish`` when a service has returned. Each gives what is to be done: operations for
the store, or a run to start.

    server     input          next       output
    new        start          working    Join, and what a beat says
    working    beat           working    Campaign with every Claim that was not answered
    working    beat, after a  doubting   Reclaim
               lease without
               an answer
    doubting   Done           working    what a beat says
    working    drain          draining   Resign, Withdraw
    draining   Withdrawn      draining   a Run for each claim that had been answered before
    draining   beat           draining   Heartbeat, Reclaim
    draining   the last of what it asked for has been answered, and nothing runs: it has left

    worker     input          next       output
    claiming   Assignment,    running    Run
               of this turn
    running    finish         claiming   Claim, of the next turn, with what is done
    running    finish, while  idle       Complete
               draining

Nothing that it asks needs to arrive: each beat asks again for all that was not answered, and the
store hears each thing once.

A server that has not been answered for a lease may have been given up: what it was assigned before
may be with another by now, so its workers claim anew, in a new turn. Until it is answered it asks
neither for the lease nor to be believed alive: it may be that it is heard and hears nothing, and
then it must not keep from others what it cannot use.

A worker that runs a service does nothing else until it has returned (S10, RUN-1), and there are as
many of them as the server was given (RUN-2). Nothing here asks what else is running, so no run
waits for another of its job (S6, OVER-1).
"""

from collections.abc import Hashable, Sequence
from copy import copy

import msgspec

from gnomon.reference.cluster.leader import Singleton
from gnomon.reference.store.operations import (
    Assignment,
    Claim,
    Complete,
    Heartbeat,
    Join,
    Message,
    NewCid,
    Operation,
    Reclaim,
    Reply,
    Withdraw,
    Withdrawn,
    first_turn,
)


class Run(msgspec.Struct, frozen=True, gc=False):
    """A service to be invoked now, by that worker (from 1), for that attempt at the message."""

    worker: int
    message: Message
    attempt: int


Outputs = Sequence[Run | Operation]
"""Runs to start and operations to send, in this order."""


class Server:
    """One server, `name`, with `workers` workers; `lease` is in µs.

    A heartbeat is believed for as long as a lease lasts.
    """

    __slots__ = ("_beat_at", "_claims", "_lease", "_process", "_runs", "_turn", "_unanswered",
                 "is_draining", "name", "singleton", "workers")  # fmt: skip

    def __init__(
        self, name: str, workers: int, lease: int, new_cid: NewCid, process: int = 1
    ) -> None:
        self.name = name
        self.workers = workers
        self.singleton = Singleton(name, lease, new_cid)
        self._lease = lease
        self._process = process
        self._beat_at = 0
        self._turn = first_turn(process)
        self._claims: dict[int, Claim] = {}  # not answered yet
        self._runs: dict[int, Run] = {}
        self._unanswered: dict[Operation, None] = {}  # before it may leave
        self.is_draining = False

    @property
    def beat_interval(self) -> int:
        """How long it waits between two beats (µs): three fit into a lease."""
        return self._lease // 3

    @property
    def has_left(self) -> bool:
        """Whether it has been drained, and everything it began has come to an end."""
        is_idle = not self._runs and not self._unanswered
        return self.is_draining and is_idle and self.singleton.has_handed_over

    def start(self, now: int) -> list[Operation]:
        """Begin with nothing, and let every worker claim a message."""
        self._unanswered[Join(self._process, self._lease)] = None
        self.singleton.heard_at = now
        for worker in range(1, self.workers + 1):
            self._claim(worker)
        return self.beat(now)

    def beat(self, now: int) -> list[Operation]:
        """Say that it lives, ask for the lease, and ask again for what was not answered."""
        self._beat_at = now
        if self._may_be_given_up(now):
            return self._probe()
        asked = self.singleton.beat(now, tuple(self._claims.values()))
        if self.is_draining:
            asked += [Heartbeat(self._lease), Reclaim()]
        return [*self._unanswered, *asked]

    def _probe(self) -> list[Operation]:
        """Ask for nothing that keeps anything, and claim anew when there is an answer."""
        for claim in [*self._claims.values()]:
            self._claim(claim.worker, claim.done)
        return [*(asked for asked in self._unanswered if type(asked) is not Join), Reclaim()]

    def _may_be_given_up(self, now: int) -> bool:
        """Whether the store may believe it dead, and have taken back what it was given."""
        return now - self.singleton.heard_at >= self._lease

    def assign(self, now: int, operation: Operation, reply: Assignment) -> Outputs:
        """Take the message that a worker has been given, unless it came too late, or twice."""
        assert type(operation) is Claim
        worker = operation.worker
        asked = self._claims.get(worker)
        if asked is None or asked.turn != operation.turn:
            return []
        if self._may_be_given_up(now):
            return self.beat(now)
        del self._claims[worker]
        run = self._runs[worker] = Run(worker, reply.message, reply.attempt)
        return [run]

    def acknowledge(self, now: int, operation: Operation, reply: Reply) -> Outputs:
        """Take the store's answer to an `operation` that needed to arrive."""
        if type(operation) is Reclaim:
            return self._hear(now)
        was_awaited = self._unanswered.pop(operation, False) is None
        if type(reply) is not Withdrawn or not was_awaited:
            return []
        taken = [self.assign(now, *assigned) for assigned in reply.assigned]
        self._claims.clear()
        return [run for runs in taken for run in runs]

    def _hear(self, now: int) -> list[Operation]:
        """Note that a beat was answered; beat again if that was in doubt."""
        was_in_doubt = self._may_be_given_up(now)
        self.singleton.heard_at = self._beat_at
        return self.beat(now) if was_in_doubt and not self._may_be_given_up(now) else []

    def finish(self, worker: int) -> Operation:
        """The service that `worker` ran has returned, or failed."""
        run = self._runs.pop(worker)
        if self.is_draining:
            completed = Complete(worker, self._turn, run.message.id, run.attempt)
            self._unanswered[completed] = None
            return completed
        return self._claim(worker, (run.message.id, run.attempt))

    def _claim(self, worker: int, done: tuple[int, int] | None = None) -> Claim:
        self._turn += 1
        claim = self._claims[worker] = Claim(worker, self._turn, done)
        return claim

    def drain(self) -> list[Operation]:
        """Claim no more and lead no more; what is running may finish (LEAD-3)."""
        self.is_draining = True
        withdraw = Withdraw(tuple(self._claims.values()))
        self._unanswered[withdraw] = None
        resign = self.singleton.resign()
        return [*([resign] if resign else []), withdraw]

    def copy(self) -> "Server":
        """Another that is where it is and awaits the same answers: O(workers + jobs)."""
        other: Server = copy(self)
        other.singleton = self.singleton.copy()
        other._claims, other._runs = self._claims.copy(), self._runs.copy()
        other._unanswered = self._unanswered.copy()
        return other

    def key(self) -> Hashable:
        """All that can influence what it does, given which answers it is awaiting.

        Takes O(workers + jobs).
        """
        return (
            self.name,
            self.workers,
            self._lease,
            self._process,
            self._beat_at,
            self._turn,
            tuple(self._claims.items()),
            frozenset(self._runs.items()),
            tuple(self._unanswered),
            self.is_draining,
            self.singleton.key(),
        )
