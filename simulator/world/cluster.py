r"""A cluster in virtual time: servers, their workers, the store, and the links between them.

The one idea: this module only carries. Servers and store are the reference's own objects. An
operation travels to the store, the store's replies travel back, a service takes virtual time. The
reference makes every decision.

    server --operation--> link --> store.apply --> link --reply--> server.receive
       \__ Run --> invocation begins, virtual time passes, invocation ends --> server.finish
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from gnomon.reference import events
from gnomon.reference.cluster.outputs import Outputs, Run
from gnomon.reference.cluster.overdue import RuntimeLimits
from gnomon.reference.cluster.server import LEADER_REPLIES, TIMERS, Server, Timer
from gnomon.reference.events import Outcome, Record
from gnomon.reference.schedule.clock import SECOND
from gnomon.reference.service import Invocation, attributes_seen, must_record, no_such_service
from gnomon.reference.store.memory import MemoryStore
from gnomon.reference.store.messages import Profile
from gnomon.reference.store.operations import (
    OPERATOR,
    Delivery,
    Leader,
    NewCid,
    Operation,
    Reply,
)
from gnomon.simulator.world.kernel import Call, Kernel
from gnomon.simulator.world.link import ServerFaults, SkewedClock, StoreHealth
from gnomon.simulator.world.random import Draw, RandomStreams
from gnomon.simulator.world.stub_services import Deployment, StubService
from gnomon.specs.recording.model import ClusterSpec, Fixed, ServiceSpec, Spread

Apply = Callable[[int, str, Operation], list[Delivery]]
"""Carries out an operation of a server at the store, at an instant (µs)."""

NewStore = Callable[[Record, Profile, int], MemoryStore]
"""Makes the store, which records its events: the one in memory, or one compared with that.

It gets the delivery profile, and the number of attempts before a message is dead-lettered.
"""

SMALL_PAGE = 2
"""Jobs in a page, in every third seed: else hardly a run would make a leader read a second page."""

RESTART_DELAY = SECOND
"""Time until a supervisor restarts a server whose process was ended by a service (µs)."""

Link = Callable[[int], int]
"""The instant at which something arrives (µs), given the instant at which it is sent."""


def reads_small_pages(seed: int) -> bool:
    """Whether leaders read small pages with a seed: in searches, one of three does."""
    return seed % 3 == 2


class Cluster:
    """N servers around one store. `record` receives every event, in order."""

    def __init__(
        self,
        spec: ClusterSpec,
        services: tuple[ServiceSpec, ...],
        streams: RandomStreams,
        now: int,
        record: Record,
        new_store: NewStore = MemoryStore,
    ) -> None:
        self.kernel = Kernel(now)
        self.record = record
        self.store = new_store(record, spec.profile, spec.max_attempts)
        if reads_small_pages(streams.seed):
            self.store.read_in_pages_of(SMALL_PAGE)
        self.apply: Apply = self.store.apply
        self._deployment = Deployment(services, spec.server_names, streams)
        self.new_cid = cids(streams)
        self.has_no_latency = spec.latency == Fixed(0)
        self._spec = spec
        self._streams = streams
        self.nodes: dict[str, Node] = {}
        self._processes = 0
        self.store_health = StoreHealth()
        self._server_faults: dict[str, ServerFaults] = {}

    def server_faults(self, name: str) -> ServerFaults:
        """The faults of a machine; none at first."""
        if name not in self._server_faults:
            stream = self._streams.stream(f"trouble {name}")
            self._server_faults[name] = server_faults = ServerFaults(self.store_health, stream)
            if name in self.nodes:
                server_faults.affect(self.nodes[name].suffer)
        return self._server_faults[name]

    def count_outages(self, by: int) -> None:
        """One outage of the store more, or less."""
        self.store_health.outages += by
        for server_faults in self._server_faults.values():
            server_faults.take_effect()

    def is_up(self, name: str) -> bool:
        """Whether a server is running; one that is draining is."""
        return name in self.nodes and self.nodes[name].is_up

    def start(self, name: str, lacks: Collection[str] | None = None) -> str | None:
        """Start a server; the reason if that is refused, or None.

        It `lacks` the services of these names; None: those that it lacked before.
        """
        if self.is_up(name):
            return f"server {name} is running"
        services = self._deployment.services_of(name, lacks)
        latency = self._spec.latency
        links = [
            link(latency, self._streams.durations(latency, f"link {direction} {name}"))
            for direction in ("from", "to")
        ]
        self._processes += 1
        server = Server(
            name,
            self._spec.workers,
            self._spec.lease,
            self.new_cid,
            self._processes,
            tuple(sorted(services)),
        )
        self.nodes[name] = node = Node(self, server, services, *links)
        if name in self._server_faults:
            self._server_faults[name].affect(node.suffer)
        node.start(self.kernel.now)
        return None

    def stop(self, name: str) -> str | None:
        """Drain a server; the reason if that is refused, or None."""
        node = self.nodes.get(name)
        if node is None or not node.is_up or node.server.is_draining:
            return f"server {name} is not running"
        node.stop(self.kernel.now)
        return None

    def crash(self, name: str) -> str | None:
        """End a server at once, with all its memory; the reason if that is refused, or None."""
        if not self.is_up(name):
            return f"server {name} is not running"
        self.nodes[name].crash(self.kernel.now)
        return None

    def restart_later(self, now: int, name: str) -> None:
        """Let a supervisor start the server again, unless a command has done so by then."""
        self.kernel.at(now + RESTART_DELAY, self._restart, name)

    def _restart(self, _: int, name: str) -> None:
        self.start(name)

    def operate(self, operation: Operation) -> Reply:
        """Carry out an operation of the operator, at once and without a journey."""
        replies: list[Reply] = []
        for delivery in self.apply(self.kernel.now, OPERATOR, operation):
            to, _, reply = delivery
            if to == OPERATOR:
                replies.append(reply)
            else:
                self.nodes[to].send_reply(self.kernel.now, delivery)
        (own,) = replies
        return own


def link(latency: Spread, draw: Draw) -> Link:
    """One direction between a server and the store: instant of sending -> of arrival (µs).

    Order is kept, as on one connection: nothing overtakes what was sent before.
    """
    if isinstance(latency, Fixed):
        return latency.duration.__add__
    clear_from = 0

    def arrival(now: int) -> int:
        nonlocal clear_from
        clear_from = max(clear_from, now + draw())
        return clear_from

    return arrival


class Node:
    """A server in its place: its links, its timers, and the services that it is running.

    Without latency the store answers within the call that sends. `_faults` are the faults of its
    machine while any is present, and `_skewed_clock` is the clock of the machine if it is wrong.
    """

    __slots__ = (
        "_apply",
        "_armed",
        "_at",
        "_down",
        "_faults",
        "_has_crashed",
        "_limits",
        "_name",
        "_nodes",
        "_record",
        "_recorded",
        "_restart_later",
        "_send",
        "_services",
        "_skewed_clock",
        "_up",
        "_usage",
        "is_up",
        "send_reply",
        "server",
    )

    def __init__(
        self,
        cluster: Cluster,
        server: Server,
        services: Mapping[str, type[StubService]],
        up: Link,
        down: Link,
    ) -> None:
        at_store = cluster.has_no_latency
        self._send = self._reach_store if at_store else self._post
        self.send_reply = self._reach_server if at_store else self._post_reply
        self._nodes = cluster.nodes
        self._services = services
        self._at = cluster.kernel.at
        self._apply = cluster.apply
        self._record = cluster.record
        self._restart_later = cluster.restart_later
        self._name = server.name
        self._up = up
        self._down = down
        self._armed: dict[Timer, int | None] = dict.fromkeys(TIMERS)  # when each is to fire
        self._usage: dict[str, int] = {}
        self._recorded: dict[str, int] = {}  # job -> revision of its last recorded invocation
        self.server = server
        self.is_up = True
        self._has_crashed = False
        self._limits = RuntimeLimits()
        self._faults: ServerFaults | None = None
        self._skewed_clock: SkewedClock | None = None

    def start(self, now: int) -> None:
        """Join the cluster."""
        services = tuple(sorted(self._services))
        self._record(events.ServerStarted(now, self._name, self.server.workers, services))
        self._do(now, self.server.start(self._clock(now)))
        self._arm(now, "heartbeat")

    def stop(self, now: int) -> None:
        """Leave the cluster as soon as nothing runs any more."""
        self._record(events.ServerStopping(now, self._name))
        self._do(now, self.server.drain(self._clock(now)))

    def crash(self, now: int) -> None:
        """End at once. Requests under way may still arrive; replies to this server are lost."""
        self.is_up = False
        self._has_crashed = True
        self._record(events.ServerCrashed(now, self._name))

    # --- to the store and back

    def _do(self, now: int, outputs: Outputs) -> None:
        """Start the runs and send the operations that the server asks for."""
        for output in outputs:
            if isinstance(output, Run):
                self._begin(now, output)
            else:
                self._send(now, output)

    def _post(self, now: int, operation: Operation) -> None:
        """Send an operation to the store."""
        self._at(self._up(now), self._reach_store, operation)

    def _reach_store(self, now: int, operation: Operation) -> None:
        """An operation of this server has reached the store: carry it out, send the replies."""
        if self._faults is not None and (
            self._is_put_off(now, self._reach_store, operation) or self._faults.loses("requests")
        ):
            return
        for delivery in self._apply(now, self._name, operation):
            self._nodes[delivery[0]].send_reply(now, delivery)

    def _post_reply(self, now: int, delivery: Delivery) -> None:
        """Send a reply of the store to this server."""
        self._at(self._down(now), self._reach_server, delivery)

    def _reach_server(self, now: int, delivery: Delivery) -> None:
        """A reply has reached this machine: give it to the server, note when it has left."""
        if self._faults is not None and (
            self._is_put_off(now, self._reach_server, delivery) or self._faults.loses("replies")
        ):
            return
        if not self.is_up:
            return
        _, operation, reply = delivery
        server, clock = self.server, self._skewed_clock
        outputs = server.receive(now if clock is None else clock.read(now), operation, reply)
        if outputs:
            self._do(now, outputs)
        if type(reply) in LEADER_REPLIES:
            self._arm(now, "publish")
            if type(reply) is Leader:
                self._arm(now, "heartbeat")
        if server.is_draining and server.has_left and self.is_up:
            self.is_up = False
            self._record(events.ServerStopped(now, self._name))

    # --- timers

    def _arm(self, now: int, timer: Timer) -> None:
        """Let a timer fire when the server wants it to, unless it is to fire earlier already."""
        wake_at = self.server.wake_at(timer)
        if wake_at is None:
            return
        if self._skewed_clock is None:
            instant = wake_at if wake_at > now else now  # noqa: FURB136 (max is slower)
        else:
            instant = self._skewed_clock.when(now, wake_at)
        armed = self._armed[timer]
        if armed is None or instant < armed:
            self._armed[timer] = instant
            self._at(instant, self._wake, (timer, instant))

    def _wake(self, now: int, planned: tuple[Timer, int]) -> None:
        """Let a timer fire, unless it has been armed for an earlier instant since."""
        timer, instant = planned
        if (
            instant != self._armed[timer]
            or not self.is_up
            or (self._faults is not None and self._is_put_off(now, self._wake, planned))
        ):
            return
        self._armed[timer] = None
        clock = self._skewed_clock
        outputs = self.server.wake(now if clock is None else clock.read(now), timer)
        if outputs:
            self._do(now, outputs)
        if self._armed[timer] is None:  # else a reply has armed it already
            self._arm(now, timer)

    # --- faults

    def suffer(self, faults: ServerFaults | None, clock: SkewedClock | None) -> None:
        """Let these faults of this machine take effect, and its clock if it is wrong.

        Messages are planned from now on, even if there is neither a fault nor latency.
        """
        self._faults, self._skewed_clock = faults, clock
        self._send = self._post if faults is None else self._post_over_faulty_link
        self.send_reply = self._post_reply if faults is None else self._reply_over_faulty_link

    def _post_over_faulty_link(self, now: int, operation: Operation) -> None:
        assert self._faults is not None
        for arrival in self._faults.arrivals("requests", self._up(now)):
            self._at(arrival, self._reach_store, operation)

    def _reply_over_faulty_link(self, now: int, delivery: Delivery) -> None:
        assert self._faults is not None
        for arrival in self._faults.arrivals("replies", self._down(now)):
            self._at(arrival, self._reach_server, delivery)

    def _is_put_off(self, now: int, call: Call, argument: Any) -> bool:
        """Whether the process is paused; `call` is then planned for the end of the pause."""
        if self._faults is None or now >= self._faults.paused_until:
            return False
        self._at(self._faults.paused_until, call, argument)
        return True

    def _clock(self, now: int) -> int:
        """What the clock of this machine reads at `now` (µs, UTC)."""
        return now if self._skewed_clock is None else self._skewed_clock.read(now)

    # --- services

    def _begin(self, now: int, run: Run) -> None:
        message = run.message
        self._record(events.Started(now, message.id, self._name, run.worker, run.attempt))
        if message.max_runtime is not None:
            self._limits.begin(now, run)
            self._at(now + message.max_runtime + 1, self._look_for_overdue, None)
        service = self._services.get(message.service)
        if service is None:
            self._at(now, self._end, (run, None))
            return
        usage = self._usage[service.name] = self._usage.get(service.name, 0) + 1
        invocation = Invocation(service(message, usage, now))
        self._at(now + service.duration(), self._end, (run, invocation))

    def _look_for_overdue(self, now: int, _: None) -> None:
        if self._has_crashed or (
            self._faults is not None and self._is_put_off(now, self._look_for_overdue, None)
        ):
            return
        self._report_overdue(now, self._limits.exceeded(now))

    def _report_overdue(self, now: int, runs: list[Run]) -> None:
        for run in runs:
            event = events.Overdue(now, run.message.id, self._name, run.worker, run.attempt)
            self._record(event)

    def _end(self, now: int, ended: tuple[Run, Invocation | None]) -> None:
        if self._has_crashed or (
            self._faults is not None and self._is_put_off(now, self._end, ended)
        ):
            return
        run, invocation = ended
        message = run.message
        self._report_overdue(now, self._limits.end(now, run.worker))
        if invocation is None:
            error: str | None = no_such_service(message.service)
        else:
            if self._services[message.service].crashes_server:
                self._end_process(now)
                return
            invocation.end(lambda: now)
            error = invocation.error
            recorded = self._recorded.get(message.job)
            if must_record(message, run.attempt, recorded, invocation):
                self._recorded[message.job] = message.revision
                self._record_invocation(now, run, invocation)
        outcome: Outcome = "ok" if error is None else "failed"
        worker, attempt = run.worker, run.attempt
        self._record(events.Finished(now, message.id, self._name, worker, attempt, outcome, error))
        self._do(now, self.server.finish(self._clock(now), worker))

    def _end_process(self, now: int) -> None:
        """A service has ended this process; a server that was to stop is not restarted."""
        self.crash(now)
        if not self.server.is_draining:
            self._restart_later(now, self._name)

    def _record_invocation(self, now: int, run: Run, invocation: Invocation) -> None:
        """Record what the run saw and which methods it called."""
        message, service = run.message, invocation.service
        self._record(
            events.Invoked(
                now,
                message.id,
                self._name,
                run.worker,
                run.attempt,
                attributes_seen(service),
                service.methods_by_job_type[message.job_type],
                tuple(invocation.calls),
                invocation.raised,
            )
        )


def cids(streams: RandomStreams) -> NewCid:
    """Correlation ids drawn from `streams`: ``K`` and 39 decimal digits of 128 random bits."""
    bits = streams.stream("cid").getrandbits
    return lambda: f"K{bits(128):039d}"
