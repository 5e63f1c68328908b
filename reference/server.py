"""A server of the cluster: its workers, its heartbeat and its candidate for the singleton.

The one idea: a server is one state machine that the simulator drives through virtual time and the
live runtime through real time: ``beat`` every `beat_interval`, ``singleton.tick`` when
``singleton.wake_at`` has come, ``assign``, ``singleton.receive`` or ``acknowledge`` when the store
has answered, ``finish`` when a service has returned. Each gives what is to be done: operations for
the store, or a run to start.

    worker     input          next       output
    claiming   Assignment     running    Run
    running    finish         claiming   Claim, with what is done
    running    finish, while  idle       Complete
               draining

    server     input          next       output
    working    drain          draining   Resign, Withdraw
    draining   the last of what it asked for has been answered, and nothing runs: it has left

A worker that runs a service does nothing else until it has returned (S10, RUN-1), and there are as
many of them as the server was given (RUN-2). Nothing here asks what else is running, so no run
waits for another of its job (S6, OVER-1).
"""

import msgspec

from reference.operations import (
    Assignment,
    Claim,
    Complete,
    Heartbeat,
    Join,
    Message,
    NewCid,
    Operation,
    Reclaim,
    Withdraw,
)
from reference.singleton import Singleton


class Run(msgspec.Struct, frozen=True, gc=False):
    """A service to be invoked now, by that worker (from 1), for that attempt at the message."""

    worker: int
    message: Message
    attempt: int


class Server:
    """One server, `name`, with `workers` workers; `lease` is in µs.

    A heartbeat is believed for as long as a lease lasts.
    """

    __slots__ = ("_lease", "_runs", "_unanswered", "is_draining", "name", "singleton", "workers")

    def __init__(self, name: str, workers: int, lease: int, new_cid: NewCid) -> None:
        self.name = name
        self.workers = workers
        self.singleton = Singleton(name, lease, new_cid)
        self._lease = lease
        self._runs: dict[int, Run] = {}
        self._unanswered = 0  # what must be answered before it can leave
        self.is_draining = False

    @property
    def beat_interval(self) -> int:
        """How long it waits between two beats (µs): three fit into a lease."""
        return self._lease // 3

    @property
    def has_left(self) -> bool:
        """Whether it has been drained, and everything it began has come to an end."""
        return self.is_draining and not self._runs and not self._unanswered

    def start(self) -> list[Operation]:
        """Begin with nothing, and let every worker claim a message."""
        claims = [Claim(worker) for worker in range(1, self.workers + 1)]
        return [Join(self._lease), *claims]

    def beat(self) -> list[Operation]:
        """Say that it lives, look for what the dead have left, and ask for the lease."""
        campaign = self.singleton.campaign()
        return [campaign] if campaign else [Heartbeat(self._lease), Reclaim()]

    def assign(self, operation: Operation, reply: Assignment) -> Run:
        """Take the message that a worker has been given."""
        assert type(operation) is Claim
        run = Run(operation.worker, reply.message, reply.attempt)
        self._runs[run.worker] = run
        return run

    def acknowledge(self, operation: Operation) -> None:
        """Take the store's answer to an `operation` that only needed to arrive."""
        if type(operation) is Complete or type(operation) is Withdraw:
            self._unanswered -= 1

    def finish(self, worker: int) -> Operation:
        """The service that `worker` ran has returned, or failed."""
        run = self._runs.pop(worker)
        if self.is_draining:
            self._unanswered += 1
            return Complete(worker, run.message.id, run.attempt)
        return Claim(worker, (run.message.id, run.attempt))

    def drain(self) -> list[Operation]:
        """Claim no more and lead no more; what is running may finish (LEAD-3)."""
        self.is_draining = True
        self._unanswered += 1
        resign = self.singleton.resign()
        return [*([resign] if resign else []), Withdraw()]
