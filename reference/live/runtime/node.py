"""One server of the live cluster: the state machine that was verified, driven in real time.

The one idea: one thread owns the `Server` and does what the simulator's node does, in turns:

    wait      until something comes in, or something is to be done
    take      what came in: a run has ended, the bell was rung, the server shall leave
    keep time beat, tick
    exchange  what has happened and what is asked, in one call

So while a call is under way whatever happens is gathered, and the busier a server, the more goes
into one call. A call that fails is over: what was asked in it is lost, as on a link of the
simulator, and the next beat asks again; what was told in it is told again.
"""

import logging
from collections.abc import Iterable
from enum import Enum
from queue import Empty, SimpleQueue
from typing import Literal

import msgspec

from gnomon.reference import events
from gnomon.reference.cluster.server import Outputs, Run, Server
from gnomon.reference.live.cid import new_cid
from gnomon.reference.live.runtime.metrics import Metrics
from gnomon.reference.live.runtime.worker_pool import Crew, Ended
from gnomon.reference.live.store.connection import Connection, StoreFailed
from gnomon.reference.live.store.decode import Unreadable
from gnomon.reference.live.store.errors import Failure, StoreUnusable, pause_after
from gnomon.reference.schedule.clock import SECOND, Clock
from gnomon.reference.store.administration import (
    CheckProcess,
    NewProcess,
    Number,
    RecordEvents,
    RegisterServer,
    RemoveServer,
    Reported,
    Superseded,
)
from gnomon.reference.store.operations import (
    Assignment,
    Claim,
    JobList,
    Leader,
    Operation,
    Outcomes,
    Publish,
    Reply,
    SetAside,
    first_turn,
)

logger = logging.getLogger("gnomon.server")

LONGEST_WAIT = 10 * SECOND
"""Even if nothing is planned, so that no error in planning can last."""


State = Literal["starting", "working", "doubting", "draining"]


class Signal(Enum):
    """What may come in beside the end of a run."""

    BELL = "there is something in the inbox"
    DRAIN = "finish what is running, and leave"
    QUIT = "leave at once"


Input = Ended | Signal


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """What a server is: its name, workers and services; `lease` and `grace` in µs.

    `grace` is how long what is running may take to finish when the server is to leave.
    """

    name: str
    workers: int
    services: tuple[str, ...]
    lease: int
    grace: int


_FOR_THE_SINGLETON = frozenset((Outcomes, JobList, Leader))


class Node:
    """A server on its way through real time; `run` returns when it has left.

    `inputs` is where everything comes in, from any thread. `trouble` is what is wrong between here
    and the store, None if nothing is.
    """

    def __init__(
        self,
        shape: Shape,
        connection: Connection,
        clock: Clock,
        crew: Crew,
        metrics: Metrics,
        inputs: "SimpleQueue[Input]",
    ) -> None:
        self._shape = shape
        self._name = shape.name
        self._connection = connection
        self._clock = clock
        self._crew = crew
        self._metrics = metrics
        self._inputs = inputs
        self._server: Server | None = None
        self._presence: RegisterServer | None = None
        self._first_words: list[Operation] = []  # said in every call until one is answered
        self._outgoing: list[Operation] = []
        self._told: list[Reported] = []
        self._next_told = 0
        self._is_rung = False
        self._failures = 0
        self._retry_at: int | None = None
        self._beat_at = 0
        self._drain_until: int | None = None
        self._was_leading: int | None = None
        self._has_quit = False
        self._process = 0
        self._is_superseded = False
        self.trouble: Failure | None = None

    # --- what others may ask, from any thread

    @property
    def state(self) -> State:
        """What it is about."""
        server = self._server
        if server is None:
            return "starting"
        if server.is_draining:
            return "draining"
        return "working" if self.trouble is None else "doubting"

    @property
    def epoch(self) -> int | None:
        """The epoch in which it leads, None if it does not."""
        return None if self._server is None else self._server.singleton.office

    # --- from beginning to end

    def run(self) -> bool:
        """Join the cluster, and work until it has left; whether it left in good order.

        Raises StoreUnusable if it cannot join and waiting would not help.
        """
        process = self._begin()
        if process is None:
            return True  # told to leave before it was there
        server = self._server = Server(
            self._name, self._shape.workers, self._shape.lease, new_cid, process
        )
        now = self._clock.now
        self._process = process
        self._next_told = first_turn(process) + 1
        self._presence = RegisterServer(process, now, self._shape.workers, self._shape.services)
        self._first_words = [self._presence]
        self._beat_at = now + server.beat_interval
        self._outgoing += server.start(now)
        self._exchange()
        while not server.has_left and not self._is_overdue():
            self._wait()
            self._keep_time()
            self._exchange()
        return self._end()

    def _begin(self) -> int | None:
        """The number of this process: the first thing that is asked of the store."""
        while True:
            try:
                answer = self._connection.call(self._name, [NewProcess()])
            except StoreFailed as failed:
                if failed.failure.is_permanent:
                    problem, advice = failed.failure.problem, failed.failure.advice
                    raise StoreUnusable(problem, advice) from failed
                self._suffer(failed.failure)
                self._wait()
                if self._drain_until is not None:
                    return None
                continue
            self._recover()
            number = answer.deliveries[0][2]
            assert isinstance(number, Number)
            return number.value

    def _end(self) -> bool:
        self._crew.dismiss()
        if self._is_superseded:  # what is known by this name is another, and this one has crashed
            return False
        in_order = self._server is not None and self._server.has_left
        how = events.ServerStopped if in_order else events.ServerCrashed
        try:
            self._connection.call(
                self._name, [*self._tell(), RemoveServer(self._name, how(0, self._name))]
            )
        except StoreFailed as failed:
            logger.warning("left without a word: %s", failed.failure.problem)
        return in_order

    def _is_overdue(self) -> bool:
        """Whether it was to leave, and has not in all the time it was given."""
        return self._has_quit or (
            self._drain_until is not None and self._clock.now >= self._drain_until
        )

    # --- waiting

    def _wait(self) -> None:
        """Wait for an input, or until something is to be done; take all that has come in."""
        patience = max(self._next_wake() - self._clock.now, 0)
        try:
            self._take(self._inputs.get(timeout=min(patience, LONGEST_WAIT) / SECOND))
            while True:
                self._take(self._inputs.get_nowait())
        except Empty:
            pass

    def _next_wake(self) -> int:
        """When something is to be done next (µs)."""
        if self._retry_at is not None:
            planned = [self._retry_at]
        elif self._has_to_say:
            return 0
        else:
            assert self._server is not None
            wake_at = self._server.singleton.wake_at
            planned = [self._beat_at] if wake_at is None else [self._beat_at, wake_at]
        if self._drain_until is not None:
            planned.append(self._drain_until)
        return min(planned)

    def _take(self, came: Input) -> None:
        if isinstance(came, Ended):
            self._finish(came)
        elif came is Signal.BELL:
            self._is_rung = True
        elif came is Signal.QUIT:
            self._has_quit = True
            self._drain()
        else:
            self._drain()

    def _drain(self) -> None:
        if self._drain_until is not None:
            return
        self._drain_until = self._clock.now + self._shape.grace
        if self._server is not None:
            self._told.append(events.ServerStopping(0, self._name))
            self._outgoing += self._server.drain()

    def _keep_time(self) -> None:
        server, now = self._server, self._clock.now
        assert server is not None
        if self._retry_at is not None:
            if now < self._retry_at:
                return
            self._retry_at = None
            self._beat_at = now
        if now >= self._beat_at:
            assert self._presence is not None
            self._first_words = [self._presence]  # the store may have lost it
            self._outgoing += [CheckProcess(self._process), *server.beat(now)]
            self._beat_at = now + server.beat_interval
        wake_at = server.singleton.wake_at
        if wake_at is not None and wake_at <= now:
            publish = server.singleton.tick(now)
            if publish is not None:
                self._outgoing.append(publish)

    # --- to the store and back

    def _exchange(self) -> None:
        """Say what there is to say, in one call; what follows from the answers is said next."""
        if self._retry_at is not None:
            self._outgoing.clear()  # lost, as what is sent where nobody listens
            return
        if not self._has_to_say:
            return
        operations = [*self._first_words, *self._tell(), *self._outgoing]
        told = len(self._told)
        self._outgoing, self._is_rung = [], False
        before = self._clock.now
        try:
            answer = self._connection.call(self._name, operations)
        except StoreFailed as failed:
            self._suffer(failed.failure)
            return
        now = self._clock.now
        self._metrics.exchange_time.observe(now - before)
        self._recover()
        del self._told[:told]
        self._next_told += told
        self._first_words = []
        for _, operation, reply in (*answer.inbox, *answer.deliveries):
            self._receive(now, operation, reply)
        self._note_office()

    @property
    def _has_to_say(self) -> bool:
        return bool(self._outgoing or self._told or self._is_rung)

    def _tell(self) -> Iterable[Operation]:
        return [RecordEvents(self._next_told, tuple(self._told))] if self._told else []

    def _suffer(self, trouble: Failure) -> None:
        """The call failed: say so once, and try again after a pause."""
        self._failures += 1
        self._metrics.store_errors.add(trouble.kind)
        if self.trouble is None or self.trouble.kind != trouble.kind:
            logger.warning("%s; %s", trouble.problem, trouble.advice)
        self.trouble = trouble
        self._retry_at = self._clock.now + pause_after(self._failures)

    def _recover(self) -> None:
        if self.trouble is not None:
            logger.info("the store answers again")
        self.trouble, self._failures, self._retry_at = None, 0, None

    def _receive(self, now: int, operation: Operation, reply: Reply) -> None:
        """A reply of the store has reached this server."""
        server = self._server
        assert server is not None
        kind = type(reply)
        if kind is Assignment:
            assert isinstance(reply, Assignment)
            self._do(server.assign(now, operation, reply))
        elif kind in _FOR_THE_SINGLETON:
            if isinstance(operation, Publish) and isinstance(reply, Outcomes):
                self._metrics.publish_answered(operation, reply)
            output = server.singleton.receive(now, operation, reply)
            if output is not None:
                self._outgoing.append(output)
        elif isinstance(reply, Unreadable):
            self._set_aside(operation, reply)
        elif isinstance(reply, Superseded):
            logger.error("another server of this name has started; this one ends: use --name")
            self._is_superseded = self._has_quit = True
        else:
            self._do(server.acknowledge(now, operation, reply))

    def _set_aside(self, operation: Operation, reply: Unreadable) -> None:
        """Put aside what cannot be read, and claim on in the same turn (DLV-6)."""
        assert isinstance(operation, Claim)
        logger.error("message %d cannot be read: %s", reply.message, reply.why)
        aside = SetAside(operation.worker, reply.message, reply.attempt, reply.why)
        self._outgoing += [aside, operation]

    def _do(self, outputs: Outputs) -> None:
        for output in outputs:
            if isinstance(output, Run):
                self._start(output)
            else:
                self._outgoing.append(output)

    # --- runs

    def _start(self, run: Run) -> None:
        now, message = self._clock.now, run.message
        self._metrics.lateness.observe(max(now - message.due, 0))
        started = events.Started(0, message.id, self._name, run.worker, run.attempt)
        self._told.append(started)
        self._crew.start(run, now)

    def _finish(self, ended: Ended) -> None:
        run = ended.run
        self._metrics.run_ended(ended)
        if ended.invoked is not None:
            self._told.append(ended.invoked)
        message, worker, attempt = run.message.id, run.worker, run.attempt
        self._told.append(
            events.Finished(0, message, self._name, worker, attempt, ended.outcome, ended.error)
        )
        assert self._server is not None
        self._outgoing.append(self._server.finish(worker))

    # --- what is measured

    def _note_office(self) -> None:
        epoch = self.epoch
        if epoch == self._was_leading:
            return
        self._was_leading = epoch
        self._metrics.leads.set(int(epoch is not None))
        if epoch is None:
            logger.info("leads no longer")
        else:
            self._metrics.epoch.set(epoch)
            logger.info("leads", extra={"fields": {"epoch": epoch}})
