"""A server with its surroundings, as a value: its links, its timers, the services it is running.

The one idea: ``world.cluster`` does everything in one order, this does it in every order. Requests
and replies in transit are unordered collections, and any of them may arrive next. ``moves`` gives
what can happen here, ``do`` does it.

    heartbeat, publish   a timer of the server fires            at its time
    finish               a service returns                      at its time
    receive              a reply arrives
    crash                the server ends, with all its memory   a fault
    restart              it starts anew                         after a crash
    pause                timers and replies wait for the end    a fault
    resume               the pause is over                      at its time
    lose                 a reply is lost                        a fault

``take_request`` lets a request leave, since the store answers in the same step. The requests of a
paused server wait with it; those that were sent before may arrive just before the pause. The
requests of a crashed server arrive. That some of them do not is covered by a crash at an earlier
point.
"""

from collections import Counter
from collections.abc import Hashable, Iterator
from copy import copy
from typing import NamedTuple

from gnomon.reference import events
from gnomon.reference.cluster.outputs import Outputs, Run
from gnomon.reference.cluster.server import TIMERS, Server
from gnomon.reference.events import Event
from gnomon.reference.store.operations import Join, Operation, Reply
from gnomon.simulator.explore.scopes import Scope
from gnomon.simulator.explore.store_model import holds

AT_ONCE, NEVER = 0, 1 << 62
"""Earlier and later than any instant."""


class Move(NamedTuple):
    """Something that can happen to a server: what, and to which worker or which reply."""

    kind: str
    number: int = 0

    def describe(self, model: "ServerModel") -> str:
        """The move of that server in words."""
        name = model.name
        match self.kind:
            case "finish":
                return f"{name}/{self.number} finishes its run"
            case "receive":
                return f"{name} receives {describe(model.replies[self.number].reply)}"
            case "lose":
                return f"{name} loses {describe(model.replies[self.number].reply)}"
        return f"{name} {_VERBS[self.kind]}"


_VERBS = {
    "heartbeat": "sends a heartbeat",
    "publish": "publishes what is due",
    "crash": "crashes",
    "restart": "starts again",
    "pause": "is paused",
    "resume": "resumes",
}


def describe(value: object) -> str:
    """An operation or a reply in a few words."""
    fields = [
        f"{name} {getattr(value, name)}"
        for name in getattr(value, "__struct_fields__", ())
        if name in _DESCRIBED and (name, type(value)) != ("turn", Join)
    ]
    return type(value).__name__ + (f" ({', '.join(fields)})" if fields else "")


_DESCRIBED = ("server", "epoch", "worker", "turn", "done", "attempt", "accepted", "process",
              "refusals", "version", "since")  # fmt: skip


class InTransit(NamedTuple):
    """An operation in transit, or the `reply` to it."""

    operation: Operation
    reply: Reply | None = None


Response = tuple[Operation | None, Reply]
"""A reply of the store and the operation that it answers; None: the one being carried out."""


class ServerModel:
    """A server of a `scope`, not started yet."""

    __slots__ = ("_paused_until", "_process", "_runs", "_scope", "_server", "_server_key", "name",
                 "replies", "requests")  # fmt: skip

    def __init__(self, scope: Scope, name: str) -> None:
        self._scope = scope
        self.name = name
        self.requests: list[InTransit] = []
        self.replies: list[InTransit] = []
        self._process = 0
        self._server: Server | None = None
        self._server_key: Hashable = None
        self._paused_until = 0
        self._runs: dict[int, tuple[int, Run]] = {}  # worker -> when it returns (µs), run

    def copy(self) -> "ServerModel":
        """Another object in the same state."""
        other: ServerModel = copy(self)  # the server itself is copied before it changes
        other.requests, other.replies = self.requests[:], self.replies[:]
        other._runs = self._runs.copy()
        return other

    def key(self) -> Hashable:
        """Everything that can influence what happens here."""
        return (
            self.name,
            self._server_key,
            self._process,
            self._paused_until,
            frozenset(self._runs.items()),
            frozenset(Counter(map(self._identity, self.requests)).items()),
            frozenset(Counter(map(self._identity, self.replies)).items()),
        )

    def _identity(self, sent: InTransit) -> Hashable:
        """What matters about a message in transit: its reply may be to an earlier request."""
        server = self._server
        return sent, server is not None and server.is_awaiting(sent.operation)

    # --- what can happen

    @property
    def next_at(self) -> int:
        """The next instant at which something happens here by itself (µs); time may pass till then.

        Requests and replies in transit arrive before time passes, except during a pause.
        """
        if self._paused_until:
            return self._paused_until
        if self.requests or self.replies:
            return AT_ONCE
        server = self._server
        if server is None:
            return NEVER
        wakes = [wake_at for timer in TIMERS if (wake_at := server.wake_at(timer)) is not None]
        ends = [ends for ends, _ in self._runs.values()]
        return min(*wakes, *ends, NEVER)

    def moves(self, now: int) -> Iterator[Move]:
        """What can happen here at `now` by itself."""
        server = self._server
        if self._paused_until:
            if self._paused_until <= now:
                yield Move("resume")
        elif server is None:
            if now <= self._scope.faults_until:
                yield Move("restart")
        else:
            for timer in TIMERS:
                wake_at = server.wake_at(timer)
                if wake_at is not None and wake_at <= now:
                    yield Move(timer)
            yield from (Move("finish", who) for who, (ends, _) in self._runs.items() if ends <= now)
            yield from (Move("receive", number) for number in self._one_of_each(self.replies))

    def faults(self, now: int) -> Iterator[Move]:
        """The faults that can strike here at `now`."""
        fault = self._scope.fault
        if self._server is None or self._paused_until or now > self._scope.faults_until:
            return
        if fault == "lose write":  # the store's
            return
        if fault == "lose":
            yield from (Move("lose", number) for number in self._one_of_each(self.replies))
        else:
            yield Move(fault)

    def arriving(self) -> Iterator[int]:
        """The numbers of the requests that can arrive, one of each kind."""
        return self._one_of_each([] if self._paused_until else self.requests)

    def _one_of_each(self, sent: list[InTransit]) -> Iterator[int]:
        kinds = {self._identity(one): number for number, one in enumerate(sent)}
        return iter(kinds.values())

    # --- what happens

    def do(self, now: int, move: Move) -> list[Event]:
        """Make a move; the events to record. Raises Breach."""
        recorded: list[Event] = []
        match move.kind:
            case "restart":
                recorded = self.start(now)
            case "heartbeat" | "publish":
                server = self._copy_of_server()
                recorded = self._apply(now, server, server.wake(now, move.kind))
            case "finish":
                recorded = self._finish(now, move.number)
            case "receive":
                recorded = self._receive(now, self.replies.pop(move.number))
            case "crash":
                recorded = self._crash(now)
            case "pause":
                recorded = self._pause(now)
            case "resume":
                recorded = self._resume(now)
            case "lose":
                recorded = self._lose(now, self.replies.pop(move.number))
        return recorded

    def start(self, now: int) -> list[Event]:
        """Start the server, as a new process."""
        scope = self._scope
        self._process += 1
        server = Server(self.name, scope.workers, scope.lease, lambda: "K1", self._process)
        started = events.ServerStarted(now, self.name, scope.workers, ("work",))
        return [started, *self._apply(now, server, server.start(now))]

    def take_request(self, number: int) -> Operation:
        """Let a request leave for the store."""
        return self.requests.pop(number).operation

    def send_replies(self, responses: tuple[Response, ...], served: Operation | None) -> None:
        """Send replies to this server: to the operation `served` just now, or to earlier ones."""
        if self._server is None:
            return
        for answered, reply in responses:
            operation = answered or served
            assert operation is not None
            self.replies.append(InTransit(operation, reply))

    def _copy_of_server(self) -> Server:
        """A copy that may change: copies of this model share the server itself."""
        assert self._server is not None
        return self._server.copy()

    def _apply(self, now: int, server: Server, outputs: Outputs) -> list[Event]:
        """Keep the changed server, and do what it asks for; the events to record."""
        self._server, self._server_key = server, server.key()
        recorded: list[Event] = []
        for output in outputs:
            if isinstance(output, Run):
                recorded.append(self._begin(now, output))
            else:
                self.requests.append(InTransit(output))
        return recorded

    def _receive(self, now: int, sent: InTransit) -> list[Event]:
        server, reply = self._copy_of_server(), sent.reply
        assert reply is not None
        return self._apply(now, server, server.receive(now, sent.operation, reply))

    def _begin(self, now: int, run: Run) -> Event:
        holds("RUN-1", f"{self.name}/{run.worker} runs two at once", run.worker not in self._runs)
        self._runs[run.worker] = now + self._scope.run, run
        return events.Started(now, run.message.id, self.name, run.worker, run.attempt)

    def _finish(self, now: int, worker: int) -> list[Event]:
        server = self._copy_of_server()
        _, run = self._runs.pop(worker)
        finished = events.Finished(now, run.message.id, self.name, worker, run.attempt, "ok")
        return [finished, *self._apply(now, server, server.finish(now, worker))]

    # --- faults

    def _crash(self, now: int) -> list[Event]:
        self._server = self._server_key = None
        self._runs.clear()
        self.replies.clear()
        return [events.ServerCrashed(now, self.name)]

    def _pause(self, now: int) -> list[Event]:
        self._paused_until = now + self._scope.pause
        return [events.FaultBegan(now, "pause", self.name)]

    def _resume(self, now: int) -> list[Event]:
        self._paused_until = 0
        return [events.FaultEnded(now, "pause", self.name)]

    def _lose(self, now: int, sent: InTransit) -> list[Event]:
        fault = f"lost {type(sent.reply).__name__}"
        return [events.FaultBegan(now, fault, self.name), events.FaultEnded(now, fault, self.name)]
