"""One server of the live cluster: drives the verified `Server` in real time.

The one idea: one thread owns the `Server` and does what the simulator's node does, in turns:

    wait        until an input arrives, or a timer is due
    take        the inputs: a run has ended, the inbox has something, the server is to leave
    fire        the timers that are due
    exchange    send requests and events in one call, and give the replies to the server
"""

import gc
import logging
from enum import Enum
from queue import Empty, SimpleQueue
from typing import Literal

from gnomon.reference import events
from gnomon.reference.cluster.outputs import Outputs, Run
from gnomon.reference.cluster.server import TIMERS, Server, Timer
from gnomon.reference.live.cid import new_cid
from gnomon.reference.live.runtime.departure import Departure
from gnomon.reference.live.runtime.leader_report import LeaderReport
from gnomon.reference.live.runtime.monitoring.incidents import (
    Incidents,
    describe_lost_writes,
    describe_replacement,
)
from gnomon.reference.live.runtime.monitoring.metrics import Metrics
from gnomon.reference.live.runtime.monitoring.store_time import StoreTime
from gnomon.reference.live.runtime.overdue import OverdueRuns
from gnomon.reference.live.runtime.shape import Shape, disagreement
from gnomon.reference.live.runtime.store_link import StoreLink
from gnomon.reference.live.runtime.worker_pool import Ended, WorkerPool
from gnomon.reference.live.store.connection import Connection
from gnomon.reference.live.store.decode import Unreadable
from gnomon.reference.live.store.errors import Failure
from gnomon.reference.schedule.clock import SECOND, Clock
from gnomon.reference.store.administration import (
    ClusterOverview,
    Settings,
    Superseded,
)
from gnomon.reference.store.operations import (
    Claim,
    Former,
    Operation,
    Outcomes,
    Publish,
    Reply,
    SetAside,
)

logger = logging.getLogger("gnomon.server")

LONGEST_WAIT = 10 * SECOND
"""The longest wait (µs), even if no timer is set: a limit to the effect of an error in planning."""

State = Literal["starting", "working", "doubting", "draining"]


class Signal(Enum):
    """An input other than the end of a run."""

    INBOX = "something waits in the inbox"
    DRAIN = "finish what is running, and leave"
    QUIT = "leave at once"


Input = Ended | Signal


class Node:
    """A live server; `run` returns when it has left.

    Every input arrives in `inputs`, from any thread. `incidents` has the latest incidents.
    """

    def __init__(
        self,
        shape: Shape,
        connection: Connection,
        clock: Clock,
        workers: WorkerPool,
        metrics: Metrics,
        inputs: "SimpleQueue[Input]",
    ) -> None:
        self._shape = shape
        self._name = shape.name
        self.incidents = Incidents(metrics)
        self._store_time = StoreTime(shape.lease, self.incidents)
        self._link = StoreLink(shape.name, connection, clock, metrics, self._store_time)
        self._clock = clock
        self._workers = workers
        self._metrics = metrics
        self._inputs = inputs
        self._departure = Departure(shape.grace, shape.lease, shape.profile, self._link, workers)
        self._overdue = OverdueRuns(shape.name, self._link, metrics, workers)
        self._server: Server | None = None
        self._logged_epoch: int | None = None
        self._report = LeaderReport(self._link, metrics)
        self._is_frozen = False
        self._is_superseded = False
        self._since = 0
        self._store = 0  # the identity of the store, as far as it was noted
        self._former: Former | None = None
        self._run_of_store = ""
        self._leapt = 0  # the part of the version of the jobs that counts no changes
        self._stores: dict[int, int] = {}  # worker -> the store that assigned its run

    # --- for any thread

    @property
    def state(self) -> State:
        """What the server is doing; ``doubting`` while the store cannot be reached."""
        server = self._server
        if server is None:
            return "starting"
        if server.is_draining:
            return "draining"
        return "working" if self.failure is None else "doubting"

    @property
    def epoch(self) -> int | None:
        """The epoch in which it leads; None if it does not lead."""
        return None if self._server is None else self._server.epoch

    @property
    def failure(self) -> Failure | None:
        """What is wrong between this server and the store; None if nothing is."""
        return self._link.failure

    @property
    def clock_problem(self) -> str | None:
        """How far the store's clock is away from this server's, if it is more than a lease."""
        return self._store_time.problem

    @property
    def clock_offset(self) -> int:
        """How far the store's clock is ahead of this server's (µs), negative if it is behind."""
        return self._store_time.ahead

    # --- from beginning to end

    def run(self) -> bool:
        """Join the cluster and work until the server has left; whether it left in good order.

        Raises StoreUnusable if it cannot join and waiting would not help.
        """
        process = self._new_process()
        if process is None:
            return True  # it was to leave before it had joined
        shape = self._shape
        server = self._server = Server(
            shape.name, shape.workers, shape.lease, new_cid, process, shape.services
        )
        self._since = now = self._clock.now
        self._link.introduce(shape.registration(process, now))
        self._do(server.start(now))
        self._exchange()
        while not server.has_left and not self._departure.is_due(self._clock.now):
            self._wait()
            self._fire_timers()
            self._exchange()
        return self._end()

    def _new_process(self) -> int | None:
        """The number of this process, from the store; None if it is to leave before it has one."""
        while (process := self._link.new_process()) is None:
            self._wait()
            if self._departure.has_begun:
                return None
        return process

    def _end(self) -> bool:
        self._departure.give_up()
        self._workers.close()
        if self._is_frozen:
            gc.unfreeze()
        if self._is_superseded:  # the name is another process's now; this one counts as crashed
            return False
        in_order = self._server is not None and self._server.has_left
        how = events.ServerStopped if in_order else events.ServerCrashed
        self._link.leave(how(0, self._name))
        return in_order

    # --- inputs

    def _wait(self) -> None:
        """Wait for an input, or until a timer is due; take all inputs that have arrived."""
        longest = max(self._next_wake() - self._clock.now, 0)
        try:
            self._take(self._inputs.get(timeout=min(longest, LONGEST_WAIT) / SECOND))
            while True:
                self._take(self._inputs.get_nowait())
        except Empty:
            pass

    def _next_wake(self) -> int:
        """When there is something to do next, if no input arrives (µs)."""
        if self._link.retry_at is not None:
            planned = [self._link.retry_at]
        elif self._link.has_pending:
            return 0
        else:
            assert self._server is not None
            wakes = [*map(self._server.wake_at, TIMERS), self._link.report_at]
            planned = [wake_at for wake_at in wakes if wake_at is not None]
        overdue = self._overdue.wakes(self._clock.now)
        return min([*planned, *self._departure.wakes, *overdue])

    def _take(self, arrived: Input) -> None:
        if isinstance(arrived, Ended):
            self._finish(arrived)
        elif arrived is Signal.INBOX:
            self._link.fetch_inbox()
        elif arrived is Signal.QUIT:
            self._departure.quit()
            self._drain()
        else:
            self._drain()

    def _drain(self) -> None:
        if self._departure.has_begun:
            return
        now = self._clock.now
        self._departure.begin(now)
        if self._server is not None:
            self._link.report(events.ServerStopping(0, self._name))
            self._do(self._server.drain(now))

    # --- timers

    def _fire_timers(self) -> None:
        """Fire the timers that are due; none while the link pauses, the heartbeat right after."""
        server, now = self._server, self._clock.now
        assert server is not None
        self._overdue.report()
        if self._link.retry_at is not None:
            if now < self._link.retry_at:
                return
            self._link.resume()
            self._wake(server, now, "heartbeat")
        for timer in TIMERS:
            wake_at = server.wake_at(timer)
            if wake_at is not None and wake_at <= now:
                self._wake(server, now, timer)

    def _wake(self, server: Server, now: int, timer: Timer) -> None:
        if timer == "heartbeat":
            self._link.renew_presence()
            self._report.repeat(server)
        self._do(server.wake(now, timer))

    # --- to the store and back

    def _exchange(self) -> None:
        """Send what is pending in one call; the next call sends what follows from the replies."""
        assert self._server is not None
        version = self._server.version
        replies = self._link.exchange()
        now = self._clock.now
        for operation, reply in replies:
            self._receive(now, operation, reply)
        self._note_store(version)
        self._note_epoch()
        self._note_loaded()
        self._report.note(self._server)

    def _receive(self, now: int, operation: Operation, reply: Reply) -> None:
        """A reply of the store has reached this server."""
        assert self._server is not None
        if isinstance(reply, Unreadable):
            self._set_aside(operation, reply)
            return
        if isinstance(reply, Superseded):
            self._end_superseded()
            return
        if isinstance(reply, Settings):
            self._check_settings(reply)
            return
        if isinstance(operation, Publish) and isinstance(reply, Outcomes):
            self._metrics.publish_answered(operation, reply)
        self._report.receive(operation, reply)
        self._do(self._server.receive(now, operation, reply))

    def _set_aside(self, operation: Operation, reply: Unreadable) -> None:
        """Set aside a message that cannot be read, and claim again in the same turn (DLV-6)."""
        assert isinstance(operation, Claim)
        logger.error("message %d cannot be read: %s", reply.message, reply.why)
        self._link.send(SetAside(operation.worker, reply.message, reply.attempt, reply.why))
        self._link.send(operation)

    def _do(self, outputs: Outputs) -> None:
        for output in outputs:
            if isinstance(output, Run):
                self._start(output)
            else:
                self._link.send(output)

    # --- runs

    def _start(self, run: Run) -> None:
        now, message = self._clock.now, run.message
        self._metrics.lateness.observe(max(now - message.due, 0))
        assert self._server is not None
        self._stores[run.worker] = store = self._server.store
        started = events.Started(0, message.id, self._name, run.worker, run.attempt)
        self._link.report(started, store)
        self._overdue.begin(run, store)
        self._workers.start(run, now)

    def _finish(self, ended: Ended) -> None:
        run = ended.run
        self._metrics.run_ended(ended)
        message, worker, attempt = run.message.id, run.worker, run.attempt
        store = self._stores.pop(worker)
        self._overdue.end(run, ended.took)
        if ended.invoked is not None:
            self._link.report(ended.invoked, store)
        how = events.Finished(0, message, self._name, worker, attempt, ended.outcome, ended.error)
        self._link.report(how, store)
        assert self._server is not None
        if store not in (0, self._server.store):
            text = "message %d of the former store has ended (%s); it is not recorded in this store"
            logger.warning(text, message, ended.outcome)
        self._do(self._server.finish(self._clock.now, worker))

    # --- another store, or one that has lost writes

    def _note_store(self, version: int | None) -> None:
        """Report a store that was replaced, or restarted; `version` was that of the jobs before."""
        assert self._server is not None
        store, run = self._server.store, self._link.run_of_store
        was_replaced = self._store not in (0, store)
        was_restarted = self._run_of_store not in ("", run)
        self._former = self._server.former or self._former
        if (self._store, self._run_of_store) != (store, run):
            present = self._link.overview()
            if present is None:
                return  # after the next exchange
            if was_replaced:
                self._begin_anew(present)
            elif was_restarted and present.store == store:
                changes = None if version is None else version - self._leapt
                text = describe_lost_writes(changes, present)
                self.incidents.report("writes_lost", self._clock.now, text)
            self._leapt = present.version - present.changes
        self._store, self._run_of_store = store, run

    def _begin_anew(self, present: ClusterOverview) -> None:
        """Register with a store in the place of the former one, unless a later process has."""
        assert self._former is not None
        text = describe_replacement(self._former, present)
        self.incidents.report("store_replaced", self._clock.now, text)
        if any(one.name == self._name and one.since > self._since for one in present.members):
            self._end_superseded()
            return
        self._link.renew_presence()
        self._link.send(self._shape.settings)

    def _check_settings(self, agreed: Settings) -> None:
        """End if the servers of the present store have agreed on other settings than this one's."""
        differs = disagreement(agreed, self._shape.settings)
        if differs is not None:
            logger.error("%s; this server ends", differs)
            self._departure.quit()

    def _end_superseded(self) -> None:
        logger.error("another server of this name has started; this one ends: use --name")
        self._is_superseded = True
        self._departure.quit()

    # --- logs and metrics

    def _note_loaded(self) -> None:
        """Exempt what a leader has loaded from garbage collection, until it leads no longer.

        A collection would walk through all jobs: 0.1 s and more with 100,000 of them.
        """
        assert self._server is not None
        is_loaded = self._server.state_of_leader_role == "leading"
        if is_loaded != self._is_frozen:
            self._is_frozen = is_loaded
            (gc.freeze if is_loaded else gc.unfreeze)()

    def _note_epoch(self) -> None:
        """Log when it begins or ends to lead."""
        epoch = self.epoch
        if epoch == self._logged_epoch:
            return
        self._logged_epoch = epoch
        self._metrics.leads.set(int(epoch is not None))
        if epoch is None:
            logger.info("leads no longer")
        else:
            self._metrics.epoch.set(epoch)
            logger.info("leads", extra={"fields": {"epoch": epoch}})
