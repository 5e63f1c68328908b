r"""A cluster in virtual time: servers, their workers, the store, and the links between them.

The one idea: this module only carries. Servers and store are the reference's own objects; an
operation travels to the store, the store's replies travel back, a service takes its time. What is
decided is decided by the reference.

    server --operation--> link --> store.apply --> link --replies--> server
       \__ Run --> invocation begins, virtual time passes, invocation ends --> server.finish
"""

from collections.abc import Callable, Mapping
from typing import Any

from gnomon.reference import events
from gnomon.reference.cluster.server import Outputs, Run, Server
from gnomon.reference.events import Outcome, Record
from gnomon.reference.service import Invocation, attributes_seen, must_record, no_such_service
from gnomon.reference.store.memory import MemoryStore
from gnomon.reference.store.messages import Profile
from gnomon.reference.store.operations import (
    Assignment,
    Delivery,
    JobList,
    Leader,
    NewCid,
    Operation,
    Outcomes,
    Reply,
)
from gnomon.simulator.world.kernel import Call, Kernel
from gnomon.simulator.world.link import ServerFaults, StoreHealth
from gnomon.simulator.world.random import Chance, Draw
from gnomon.simulator.world.stub_services import StandIn, stand_in
from gnomon.specs.recording.model import ClusterSpec, Fixed, ServiceSpec, Spread

OPERATOR = "operator"
"""Who asks the store on behalf of people."""

Apply = Callable[[int, str, Operation], list[Delivery]]
"""Lets the store carry out an operation of a server at an instant."""

NewStore = Callable[[Record, Profile], MemoryStore]
"""Makes the store, which tells what happens: in memory, or one that is held against that."""

Link = Callable[[int], int]
"""When something arrives that is sent now (µs)."""


class Cluster:
    """N servers around one store. What happens is told to `record`, in order."""

    def __init__(
        self,
        spec: ClusterSpec,
        services: tuple[ServiceSpec, ...],
        chance: Chance,
        now: int,
        record: Record,
        new_store: NewStore = MemoryStore,
    ) -> None:
        self.kernel = Kernel(now)
        self.record = record
        self.store = new_store(record, spec.profile)
        self.apply: Apply = self.store.apply
        self.services: Mapping[str, type[StandIn]] = {
            service.name: stand_in(service, chance) for service in services if service.deployed
        }
        self.new_cid = cids(chance)
        self.has_no_latency = spec.latency == Fixed(0)
        self._spec = spec
        self._chance = chance
        self.nodes: dict[str, Node] = {}
        self._processes = 0
        self.store_health = StoreHealth()
        self._hindrances: dict[str, ServerFaults] = {}

    def hindrance(self, name: str) -> ServerFaults:
        """What is wrong at a machine; nothing, when it is asked for first."""
        if name not in self._hindrances:
            chance = self._chance.stream(f"trouble {name}")
            self._hindrances[name] = hindrance = ServerFaults(self.store_health, chance)
            if name in self.nodes:
                self.nodes[name].suffer(hindrance)
        return self._hindrances[name]

    def is_up(self, name: str) -> bool:
        """Whether a server is running, if only to finish what it runs."""
        return name in self.nodes and self.nodes[name].is_up

    def start(self, name: str) -> str | None:
        """Start a server; why that is refused, or None."""
        if self.is_up(name):
            return f"server {name} is running"
        latency = self._spec.latency
        links = [
            link(latency, self._chance.durations(latency, f"link {direction} {name}"))
            for direction in ("from", "to")
        ]
        self._processes += 1
        server = Server(name, self._spec.workers, self._spec.lease, self.new_cid, self._processes)
        self.nodes[name] = node = Node(self, server, *links)
        if name in self._hindrances:
            node.suffer(self._hindrances[name])
        node.start(self.kernel.now)
        return None

    def stop(self, name: str) -> str | None:
        """Let a server finish what it runs, and leave; why that is refused, or None."""
        node = self.nodes.get(name)
        if node is None or not node.is_up or node.server.is_draining:
            return f"server {name} is not running"
        node.stop(self.kernel.now)
        return None

    def crash(self, name: str) -> str | None:
        """Let a server end at once, with all it knew; why that is refused, or None."""
        if not self.is_up(name):
            return f"server {name} is not running"
        self.nodes[name].crash(self.kernel.now)
        return None

    def operate(self, operation: Operation) -> Reply:
        """Carry out an operation of the operator's, here and now."""
        replies: list[Reply] = []
        for to, answered, reply in self.apply(self.kernel.now, OPERATOR, operation):
            if to == OPERATOR:
                replies.append(reply)
            else:
                self.nodes[to].answer(self.kernel.now, answered, reply)
        (own,) = replies
        return own


_FOR_THE_SINGLETON = frozenset((Outcomes, JobList, Leader))


def link(latency: Spread, draw: Draw) -> Link:
    """One direction between a server and the store: when sent -> when it arrives (µs).

    What was sent earlier arrives earlier or at the same instant, as on one connection.
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
    """A server where it stands: its links, its timers, and the services it is running.

    One that is at the store, no latency between them, asks and is answered within one call.
    """

    __slots__ = (
        "_apply",
        "_armed",
        "_at",
        "_down",
        "_has_crashed",
        "_hindrance",
        "_name",
        "_nodes",
        "_record",
        "_send",
        "_services",
        "_singleton",
        "_up",
        "_usage",
        "_witnessed",
        "answer",
        "is_up",
        "server",
    )

    def __init__(self, cluster: Cluster, server: Server, up: Link, down: Link) -> None:
        at_store = cluster.has_no_latency
        self._send = self._serve if at_store else self._post
        self.answer = self._receive if at_store else self._post_back
        self._nodes = cluster.nodes
        self._services = cluster.services
        self._at = cluster.kernel.at
        self._apply = cluster.apply
        self._record = cluster.record
        self._singleton = server.singleton
        self._name = server.name
        self._up = up
        self._down = down
        self._armed: int | None = None  # the instant of the tick that counts
        self._usage: dict[str, int] = {}
        self._witnessed: dict[str, int] = {}  # job -> revision last told of
        self.server = server
        self.is_up = True
        self._has_crashed = False
        self._hindrance: ServerFaults | None = None

    def start(self, now: int) -> None:
        """Join the cluster."""
        services = tuple(sorted(self._services))
        self._record(events.ServerStarted(now, self._name, self.server.workers, services))
        shown = self._shows(now)
        self._say(now, shown, self.server.start(shown))

    def stop(self, now: int) -> None:
        """Leave the cluster as soon as nothing runs any more."""
        self._record(events.ServerStopping(now, self._name))
        for operation in self.server.drain():
            self._send(now, operation)

    def crash(self, now: int) -> None:
        """End at once. What it has sent may still arrive; what it is sent is lost."""
        self.is_up = False
        self._has_crashed = True
        self._record(events.ServerCrashed(now, self._name))

    # --- to the store and back

    def _do(self, now: int, outputs: Outputs) -> None:
        """Do what the server wants done."""
        for output in outputs:
            if isinstance(output, Run):
                self._begin(now, output)
            else:
                self._send(now, output)

    def _post(self, now: int, operation: Operation) -> None:
        """Send an operation to the store."""
        self._at(self._up(now), self._serve, operation)

    def _serve(self, now: int, operation: Operation) -> None:
        """An operation of this server has reached the store: carry it out, send the replies."""
        if self._hindrance is not None and (
            self._waits(now, self._serve, operation) or self._hindrance.loses("requests")
        ):
            return
        for to, answered, reply in self._apply(now, self._name, operation):
            self._nodes[to].answer(now, answered, reply)

    def _post_back(self, now: int, operation: Operation, reply: Reply) -> None:
        """Send a reply of the store to this server."""
        self._at(self._down(now), self._take, (operation, reply))

    def _take(self, now: int, answer: tuple[Operation, Reply]) -> None:
        if self._hindrance is not None and (
            self._waits(now, self._take, answer) or self._hindrance.loses("replies")
        ):
            return
        self._receive(now, *answer)

    def _receive(self, now: int, operation: Operation, reply: Reply) -> None:
        """A reply of the store has reached this server."""
        if not self.is_up:
            return
        if type(reply) is Assignment:
            self._do(now, self.server.assign(self._shows(now), operation, reply))
            return
        if type(reply) in _FOR_THE_SINGLETON:
            output = self._singleton.receive(self._shows(now), operation, reply)
            if output is not None:
                self._send(now, output)
            self._arm(now)
        else:
            self._do(now, self.server.acknowledge(self._shows(now), operation, reply))
        if self.server.has_left and self.is_up:
            self.is_up = False
            self._record(events.ServerStopped(now, self._name))

    # --- timers

    def _beat(self, now: int, _: None) -> None:
        if self.is_up and not self._waits(now, self._beat, None):
            shown = self._shows(now)
            self._say(now, shown, self.server.beat(shown))

    def _say(self, now: int, shown: int, operations: list[Operation]) -> None:
        """Send what a beat says, and plan the next one."""
        self._do(now, operations)
        self._at(self._when(now, shown + self.server.beat_interval), self._beat, None)

    def _arm(self, now: int) -> None:
        """Plan the next tick; one that is planned for later is passed over when it comes."""
        wake_at = self._singleton.wake_at
        if wake_at is not None:
            wake_at = max(self._when(now, wake_at), now)
            if self._armed is None or wake_at < self._armed:
                self._armed = wake_at
                self._at(wake_at, self._tick, wake_at)

    def _tick(self, now: int, planned: int) -> None:
        if planned != self._armed or not self.is_up or self._waits(now, self._tick, planned):
            return
        self._armed = None
        publish = self._singleton.tick(self._shows(now))
        if publish is None:
            self._arm(now)
        else:
            self._send(now, publish)

    # --- faults

    def suffer(self, hindrance: ServerFaults) -> None:
        """Let something be wrong at this machine from now on."""
        self._hindrance = hindrance
        self._send = self._send_badly
        self.answer = self._answer_badly

    def _send_badly(self, now: int, operation: Operation) -> None:
        assert self._hindrance is not None
        for arrival in self._hindrance.arrivals("requests", self._up(now)):
            self._at(arrival, self._serve, operation)

    def _answer_badly(self, now: int, operation: Operation, reply: Reply) -> None:
        assert self._hindrance is not None
        for arrival in self._hindrance.arrivals("replies", self._down(now)):
            self._at(arrival, self._take, (operation, reply))

    def _waits(self, now: int, call: Call, argument: Any) -> bool:
        """Put off what the process cannot do now because it stands still."""
        if self._hindrance is None or now >= self._hindrance.paused_until:
            return False
        self._at(self._hindrance.paused_until, call, argument)
        return True

    def _shows(self, now: int) -> int:
        """What this machine's clock shows."""
        return now if self._hindrance is None else self._hindrance.clock.read(now)

    def _when(self, now: int, shown: int) -> int:
        """When this machine's clock will show that."""
        return shown if self._hindrance is None else self._hindrance.clock.when(now, shown)

    # --- services

    def _begin(self, now: int, run: Run) -> None:
        message = run.message
        self._record(events.Started(now, message.id, self._name, run.worker, run.attempt))
        service = self._services.get(message.service)
        if service is None:
            self._at(now, self._end, (run, None))
            return
        usage = self._usage[service.name] = self._usage.get(service.name, 0) + 1
        invocation = Invocation(service(message, usage, now))
        self._at(now + service.duration(), self._end, (run, invocation))

    def _end(self, now: int, ended: tuple[Run, Invocation | None]) -> None:
        if self._has_crashed or self._waits(now, self._end, ended):
            return
        run, invocation = ended
        message = run.message
        if invocation is None:
            error: str | None = no_such_service(message.service)
        else:
            invocation.end()
            error = invocation.error
            told = self._witnessed.get(message.job)
            if must_record(message, run.attempt, told, invocation):
                self._witnessed[message.job] = message.revision
                self._tell_of(now, run, invocation)
        outcome: Outcome = "ok" if error is None else "failed"
        worker, attempt = run.worker, run.attempt
        self._record(events.Finished(now, message.id, self._name, worker, attempt, outcome, error))
        self._send(now, self.server.finish(worker))

    def _tell_of(self, now: int, run: Run, invocation: Invocation) -> None:
        """Record what the run saw and called: `Invoked` says of which runs."""
        message, service = run.message, invocation.service
        self._record(
            events.Invoked(
                now,
                message.id,
                self._name,
                run.worker,
                run.attempt,
                attributes_seen(service),
                service.methods[message.job_type],
                tuple(invocation.calls),
                invocation.raised,
            )
        )


def cids(chance: Chance) -> NewCid:
    """Correlation ids out of `chance`: ``K`` and 39 decimal digits of 128 random bits."""
    bits = chance.stream("cid").getrandbits
    return lambda: f"K{bits(128):039d}"
