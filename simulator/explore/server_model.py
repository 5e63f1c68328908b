"""A server where it stands, as a value: its links, its timers, the services it is running.

The one idea: what ``cluster`` does in one order this does in every order. What is on its way is a
bag out of which anything may arrive next; ``moves`` says what can happen here, ``do`` does it.

    beat      the server beats                             its time has come
    tick      the singleton publishes what is due          its time has come
    finish    a service returns                            its time has come
    take      a reply arrives
    crash     the server is lost with all it knew          a fault
    restart   it begins anew                               after a crash
    pause     timers, and replies, wait for the end        a fault
    resume    the pause is over                            its time has come
    lose      a reply is lost                              a fault

Requests leave by ``serve``, since the store answers in the same step. Those of a server that stands
still wait with it: what was sent before may arrive just before. Those of one that has crashed
arrive: what was not sent any more was lost by crashing earlier.
"""

from collections import Counter
from collections.abc import Hashable, Iterator
from copy import copy
from typing import NamedTuple

from gnomon.reference import events
from gnomon.reference.cluster.server import Outputs, Run, Server
from gnomon.reference.events import Event
from gnomon.reference.store.operations import (
    Assignment,
    JobList,
    Leader,
    Operation,
    Outcomes,
    Reply,
)
from gnomon.simulator.explore.scopes import Scope
from gnomon.simulator.explore.store_model import holds

AT_ONCE, NEVER = 0, 1 << 62
"""Earlier and later than any instant."""

_FOR_THE_SINGLETON = frozenset((Outcomes, JobList, Leader))


class Move(NamedTuple):
    """Something that can happen at a site: what, and to which worker or which reply."""

    kind: str
    number: int = 0

    def told(self, site: "Site") -> str:
        """The move at that site, in words."""
        name = site.name
        match self.kind:
            case "tick":
                return f"{name} publishes what is due"
            case "finish":
                return f"{name}/{self.number} finishes its run"
            case "take":
                return f"{name} is told {tell(site.replies[self.number].reply)}"
            case "lose":
                return f"{name} loses {tell(site.replies[self.number].reply)}"
        return f"{name} {_VERBS[self.kind]}"


_VERBS = {
    "beat": "beats",
    "crash": "crashes",
    "restart": "starts again",
    "pause": "stands still",
    "resume": "goes on",
}


def tell(value: object) -> str:
    """An operation or a reply in a few words."""
    fields = {
        name: getattr(value, name)
        for name in getattr(value, "__struct_fields__", ())
        if name in _TELLING
    }
    told = ", ".join(f"{name} {shown}" for name, shown in fields.items())
    return type(value).__name__ + (f" ({told})" if told else "")


_TELLING = ("server", "epoch", "worker", "turn", "done", "attempt", "accepted", "process",
            "refusals", "version", "since")  # fmt: skip


class Sent(NamedTuple):
    """What is on its way: an operation, or the `reply` to it."""

    operation: Operation
    reply: Reply | None = None


Letter = tuple[Operation | None, Reply]
"""A reply of the store and what it answers; None stands for the request that is being served."""


class Site:
    """A server of a `scope`, not started yet."""

    __slots__ = ("_beat_at", "_paused_until", "_process", "_runs", "_scope", "_server",
 "_server_key", "name",
                 "replies", "requests")  # fmt: skip

    def __init__(self, scope: Scope, name: str) -> None:
        self._scope = scope
        self.name = name
        self.requests: list[Sent] = []
        self.replies: list[Sent] = []
        self._process = 0
        self._server: Server | None = None
        self._server_key: Hashable = None
        self._beat_at = NEVER
        self._paused_until = 0
        self._runs: dict[int, tuple[int, Run]] = {}  # worker -> when it returns, run

    def copy(self) -> "Site":
        """Another where the same is going on."""
        other: Site = copy(self)  # the server is copied when it is about to change
        other.requests, other.replies = self.requests[:], self.replies[:]
        other._runs = self._runs.copy()
        return other

    def key(self) -> Hashable:
        """All that can influence what happens here."""
        return (
            self.name,
            self._server_key,
            self._process,
            self._beat_at,
            self._paused_until,
            frozenset(self._runs.items()),
            frozenset(Counter(map(self._seen, self.requests)).items()),
            frozenset(Counter(map(self._seen, self.replies)).items()),
        )

    def _seen(self, sent: Sent) -> Hashable:
        """What is on its way as far as it matters: an answer may be to an earlier request."""
        server = self._server
        return sent, server is not None and server.singleton.is_awaiting(sent.operation)

    # --- what can happen

    @property
    def next_at(self) -> int:
        """The instant at which something happens here by itself (µs); until then time may pass.

        What is on its way arrives before time passes, but for what waits for the end of a pause.
        """
        if self._paused_until:
            return self._paused_until
        if self.requests or self.replies:
            return AT_ONCE
        if self._server is None:
            return NEVER
        wake_at = self._server.singleton.wake_at
        ends = [ends for ends, _ in self._runs.values()]
        return min(self._beat_at, NEVER if wake_at is None else wake_at, *ends)

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
            if self._beat_at <= now:
                yield Move("beat")
            if server.singleton.wake_at is not None and server.singleton.wake_at <= now:
                yield Move("tick")
            yield from (Move("finish", who) for who, (ends, _) in self._runs.items() if ends <= now)
            yield from (Move("take", number) for number in self._different(self.replies))

    def faults(self, now: int) -> Iterator[Move]:
        """What can go wrong here at `now`."""
        fault = self._scope.fault
        if self._server is None or self._paused_until or now > self._scope.faults_until:
            return
        if fault == "lose":
            yield from (Move("lose", number) for number in self._different(self.replies))
        else:
            yield Move(fault)

    def arriving(self) -> Iterator[int]:
        """The numbers of the requests that can arrive, one of each kind."""
        return self._different([] if self._paused_until else self.requests)

    def _different(self, sent: list[Sent]) -> Iterator[int]:
        kinds = {self._seen(one): number for number, one in enumerate(sent)}
        return iter(kinds.values())

    # --- what happens

    def do(self, now: int, move: Move) -> list[Event]:
        """Let something happen; what is to be recorded of it. Raises Broken."""
        happened: list[Event] = []
        match move.kind:
            case "restart":
                happened = self.start(now)
            case "beat":
                happened = self._beat(now)
            case "tick":
                happened = self._tick(now)
            case "finish":
                happened = self._finish(now, move.number)
            case "take":
                happened = self._take(now, self.replies.pop(move.number))
            case "crash":
                happened = self._crash(now)
            case "pause":
                happened = self._pause(now)
            case "resume":
                happened = self._resume(now)
            case "lose":
                happened = self._lose(now, self.replies.pop(move.number))
        return happened

    def start(self, now: int) -> list[Event]:
        """Begin, perhaps anew."""
        scope = self._scope
        self._process += 1
        server = Server(self.name, scope.workers, scope.lease, lambda: "K1", self._process)
        self._beat_at = now + server.beat_interval
        started = events.ServerStarted(now, self.name, scope.workers, ("work",))
        return [started, *self._put(now, self._changed(server, server.start(now)))]

    def serve(self, number: int) -> Operation:
        """Let a request arrive."""
        return self.requests.pop(number).operation

    def tell(self, letters: tuple[Letter, ...], served: Operation | None) -> None:
        """Send this server what the store has answered, to what was `served` just now or before."""
        if self._server is None:
            return
        for answered, reply in letters:
            operation = answered or served
            assert operation is not None
            self.replies.append(Sent(operation, reply))

    def _put(self, now: int, outputs: Outputs) -> list[Event]:
        """Do what the server wants done."""
        happened: list[Event] = []
        for output in outputs:
            if isinstance(output, Run):
                happened.append(self._begin(now, output))
            else:
                self.requests.append(Sent(output))
        return happened

    def _about_to_change(self) -> Server:
        """The server as a copy, since other sites share it."""
        assert self._server is not None
        return self._server.copy()

    def _changed(self, server: Server, outputs: Outputs) -> Outputs:
        self._server, self._server_key = server, server.key()
        return outputs

    def _beat(self, now: int) -> list[Event]:
        server = self._about_to_change()
        self._beat_at = now + server.beat_interval
        return self._put(now, self._changed(server, server.beat(now)))

    def _tick(self, now: int) -> list[Event]:
        server = self._about_to_change()
        publish = server.singleton.tick(now)
        return self._put(now, self._changed(server, [publish] if publish else []))

    def _take(self, now: int, sent: Sent) -> list[Event]:
        server, operation, reply = self._about_to_change(), sent.operation, sent.reply
        assert reply is not None
        outputs: Outputs
        if type(reply) is Assignment:
            outputs = server.assign(now, operation, reply)
        elif type(reply) in _FOR_THE_SINGLETON:
            output = server.singleton.receive(now, operation, reply)
            outputs = [output] if output else []
        else:
            outputs = server.acknowledge(now, operation, reply)
        return self._put(now, self._changed(server, outputs))

    def _begin(self, now: int, run: Run) -> Event:
        holds("RUN-1", f"{self.name}/{run.worker} runs two at once", run.worker not in self._runs)
        self._runs[run.worker] = now + self._scope.run, run
        return events.Started(now, run.message.id, self.name, run.worker, run.attempt)

    def _finish(self, now: int, worker: int) -> list[Event]:
        server = self._about_to_change()
        _, run = self._runs.pop(worker)
        finished = events.Finished(now, run.message.id, self.name, worker, run.attempt, "ok")
        return [finished, *self._put(now, self._changed(server, [server.finish(worker)]))]

    # --- what goes wrong

    def _crash(self, now: int) -> list[Event]:
        self._server = self._server_key = None
        self._beat_at = NEVER
        self._runs.clear()
        self.replies.clear()
        return [events.ServerCrashed(now, self.name)]

    def _pause(self, now: int) -> list[Event]:
        self._paused_until = now + self._scope.pause
        return [events.FaultBegan(now, "pause", self.name)]

    def _resume(self, now: int) -> list[Event]:
        self._paused_until = 0
        return [events.FaultEnded(now, "pause", self.name)]

    def _lose(self, now: int, sent: Sent) -> list[Event]:
        fault = f"lost {type(sent.reply).__name__}"
        return [events.FaultBegan(now, fault, self.name), events.FaultEnded(now, fault, self.name)]
