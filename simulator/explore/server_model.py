"""A server with its surroundings, as a value: its links, its timers, the services it is running.

The one idea: ``world.cluster`` does everything in one order, this does it in every order. Requests
and replies in transit are unordered collections, and any of them may arrive next. ``moves`` gives
what can happen here, ``do`` does it. Both are cheap: ``server_steps`` runs the server's own code.

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

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from gnomon.reference import events
from gnomon.reference.cluster.server import Server
from gnomon.reference.events import Event
from gnomon.reference.store.operations import Join, Operation, Reply
from gnomon.simulator.explore.scopes import FaultKind, Scope
from gnomon.simulator.explore.server_steps import InTransit, ServerStep, ServerSteps
from gnomon.simulator.explore.store_model import holds

AT_ONCE, NEVER = 0, 1 << 62
"""Earlier and later than any instant."""

DOWN = -1
"""In place of the number of a server's state: it has crashed, or was not started yet."""


class Move(NamedTuple):
    """Something that can happen to a server: what, and to which worker or which reply."""

    kind: str
    number: int = 0


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


Response = tuple[Operation | None, Reply]
"""A reply of the store and the operation that it answers; None: the one being carried out."""


class State(NamedTuple):
    """Everything that can influence what happens to a server, in numbers of ``server_steps``.

    `server` is the state of the server itself, `process` counts its starts, and `runs` has the
    worker of each run, when that returns (µs) and what it is. What is in transit is in order of
    the numbers, since it may arrive in any order.
    """

    server: int = DOWN
    process: int = 0
    paused_until: int = 0
    runs: tuple[tuple[int, int, int], ...] = ()
    requests: tuple[int, ...] = ()
    replies: tuple[int, ...] = ()

    def renamed(
        self, servers: Mapping[int, int], messages: Mapping[int, int], runs: Mapping[int, int]
    ) -> "State":
        """The same state after a renaming of all servers, given as number -> number."""
        return State(
            servers[self.server],
            self.process,
            self.paused_until,
            tuple([(worker, ends, runs[run]) for worker, ends, run in self.runs]),
            tuple(sorted([messages[number] for number in self.requests])),
            tuple(sorted([messages[number] for number in self.replies])),
        )


class ServerModel:
    """The server `name` of a `scope`: what can happen to it in each state, and what that leads to.

    It has no state of its own.
    """

    def __init__(self, scope: Scope, name: str, steps: ServerSteps) -> None:
        self._scope = scope
        self.name = name
        self._steps = steps

    # --- what can happen

    def next_at(self, state: State) -> int:
        """The next instant at which something happens here by itself (µs); time may pass till then.

        Requests and replies in transit arrive before time passes, except during a pause.
        """
        if state.paused_until:
            return state.paused_until
        if state.requests or state.replies:
            return AT_ONCE
        if state.server == DOWN:
            return NEVER
        wakes = [wake_at for _, wake_at in self._steps.wakes(state.server)]
        return min(*wakes, *[ends for _, ends, _ in state.runs], NEVER)

    def moves(self, state: State, now: int) -> Iterator[Move]:
        """What can happen here at `now` by itself."""
        if state.paused_until:
            if state.paused_until <= now:
                yield Move("resume")
        elif state.server == DOWN:
            if now <= self._scope.faults_until:
                yield Move("restart")
        else:
            for timer, wake_at in self._steps.wakes(state.server):
                if wake_at <= now:
                    yield Move(timer)
            yield from (Move("finish", worker) for worker, ends, _ in state.runs if ends <= now)
            yield from (Move("receive", number) for number in dict.fromkeys(state.replies))

    def faults(self, state: State, now: int, kind: FaultKind) -> Iterator[Move]:
        """The faults of a kind that can strike here at `now`."""
        if state.server == DOWN or state.paused_until or now > self._scope.faults_until:
            return
        if kind == "lose":
            yield from (Move("lose", number) for number in dict.fromkeys(state.replies))
        elif kind != "lose write":  # that is the store's
            yield Move(kind)

    def arriving(self, state: State) -> Iterator[int]:
        """The numbers of the requests that can arrive."""
        return iter(dict.fromkeys(() if state.paused_until else state.requests))

    # --- what happens

    def do(self, state: State, now: int, move: Move) -> tuple[State, list[Event]]:
        """Make a move: the state after it, and the events to record. Raises Breach."""
        after, recorded = self._do(state, now, move)
        return self._without_ignored(after, now), recorded

    def _do(self, state: State, now: int, move: Move) -> tuple[State, list[Event]]:
        steps = self._steps
        match move.kind:
            case "receive":
                step = steps.receive(state.server, now, move.number)
                return self._apply(state, now, step, _without(state.replies, move.number))
            case "finish":
                return self._finish(state, now, move.number)
            case "heartbeat" | "publish":
                return self._apply(state, now, steps.wake(state.server, now, move.kind))
            case "restart":
                return self.start(state, now)
        return self._disturb(state, now, move)

    def start(self, state: State, now: int) -> tuple[State, list[Event]]:
        """Start the server, as a new process."""
        scope = self._scope
        process = state.process + 1
        server = Server(self.name, scope.workers, scope.lease, lambda: "K1", process)
        started = events.ServerStarted(now, self.name, scope.workers, ("work",))
        state, recorded = self._apply(
            state._replace(process=process), now, self._steps.start(now, server)
        )
        return state, [started, *recorded]

    def serve(self, state: State, now: int, request: int, responses: tuple[Response, ...]) -> State:
        """A request leaves for the store, which answers it, and maybe earlier ones, at once."""
        left = _without(state.requests, request)
        server, process, paused_until, runs, _, replies = state
        if server != DOWN and responses:
            replies = self._with_replies(replies, responses, request)
        after = State(server, process, paused_until, runs, left, replies)
        return self._without_ignored(after, now)

    def send_replies(self, state: State, now: int, responses: tuple[Response, ...]) -> State:
        """The store answers earlier requests of this server."""
        if state.server == DOWN:
            return state
        after = state._replace(replies=self._with_replies(state.replies, responses, None))
        return self._without_ignored(after, now)

    def _without_ignored(self, state: State, now: int) -> State:
        """The state without the replies that the server ignores: see ``server_steps``."""
        server, replies, ignores = state.server, state.replies, self._steps.ignores
        if server == DOWN or not replies:
            return state
        return state._replace(replies=tuple([n for n in replies if not ignores(server, now, n)]))

    def _with_replies(
        self, replies: tuple[int, ...], responses: tuple[Response, ...], served: int | None
    ) -> tuple[int, ...]:
        numbers, messages = [*replies], self._steps.messages
        for answered, reply in responses:
            if answered is None:
                assert served is not None
                sent = messages.keys[served]._replace(reply=reply)
            else:
                # The store answers at once what a server awaits; only claims and the like wait.
                sent = InTransit(answered, reply)
            numbers.append(messages.number(sent))
        return tuple(sorted(numbers))

    def _apply(
        self, state: State, now: int, step: ServerStep, replies: tuple[int, ...] | None = None
    ) -> tuple[State, list[Event]]:
        """The server after a step of its own code, and the events of the runs that it begins.

        `replies` are those that are in transit then, if others than before.
        """
        requests, runs = state.requests, state.runs
        if replies is None:
            replies = state.replies
        if step.given_up:
            requests = self._after_giving_up(requests, step.given_up)
            replies = self._after_giving_up(replies, step.given_up)
        if step.requests:
            requests = tuple(sorted(requests + step.requests))
        recorded: list[Event] = []
        for run in step.runs:
            is_idle = all(worker != run.worker for worker, _, _ in runs)
            holds("RUN-1", f"{self.name}/{run.worker} runs two at once", is_idle)
            begun = (run.worker, now + self._scope.run, self._steps.runs.number(run))
            runs = tuple(sorted((*runs, begun)))
            recorded.append(events.Started(now, run.message.id, self.name, run.worker, run.attempt))
        after = State(step.after, state.process, state.paused_until, runs, requests, replies)
        return after, recorded

    def _finish(self, state: State, now: int, worker: int) -> tuple[State, list[Event]]:
        (number,) = [number for who, _, number in state.runs if who == worker]
        run = self._steps.runs.keys[number]
        finished = events.Finished(now, run.message.id, self.name, worker, run.attempt, "ok")
        left = tuple(run for run in state.runs if run[0] != worker)
        step = self._steps.finish(state.server, now, worker)
        state, recorded = self._apply(state._replace(runs=left), now, step)
        return state, [finished, *recorded]

    # --- faults

    def _disturb(self, state: State, now: int, move: Move) -> tuple[State, list[Event]]:
        """A fault begins or ends."""
        name, recorded = self.name, list[Event]()
        match move.kind:
            case "crash":
                requests = tuple(sorted(map(self._without_mark, state.requests)))
                state = State(process=state.process, requests=requests)
                recorded = [events.ServerCrashed(now, name)]
            case "pause":
                state = state._replace(paused_until=now + self._scope.pause)
                recorded = [events.FaultBegan(now, "pause", name)]
            case "resume":
                state = state._replace(paused_until=0)
                recorded = [events.FaultEnded(now, "pause", name)]
            case "lose":
                state = state._replace(replies=_without(state.replies, move.number))
                fault = f"lost {type(self._steps.messages.keys[move.number].reply).__name__}"
                recorded = [
                    events.FaultBegan(now, fault, name),
                    events.FaultEnded(now, fault, name),
                ]
        return state, recorded

    def _without_mark(self, number: int) -> int:
        """The message, now that the server does not await its reply."""
        messages = self._steps.messages
        return messages.number(messages.keys[number]._replace(is_awaited=False))

    def _after_giving_up(
        self, sent: tuple[int, ...], given_up: frozenset[Operation]
    ) -> tuple[int, ...]:
        messages = self._steps.messages.keys
        is_concerned = [messages[n].is_awaited and messages[n].operation in given_up for n in sent]
        return tuple(
            sorted(
                self._without_mark(number) if is_so else number
                for number, is_so in zip(sent, is_concerned, strict=True)
            )
        )

    # --- in words

    def describe(self, move: Move) -> str:
        """A move in words."""
        match move.kind:
            case "finish":
                return f"{self.name}/{move.number} finishes its run"
            case "receive":
                return f"{self.name} receives {self._describe_reply(move)}"
            case "lose":
                return f"{self.name} loses {self._describe_reply(move)}"
        return f"{self.name} {_VERBS[move.kind]}"

    def _describe_reply(self, move: Move) -> str:
        return describe(self._steps.messages.keys[move.number].reply)


def _without(numbers: tuple[int, ...], number: int) -> tuple[int, ...]:
    place = numbers.index(number)
    return numbers[:place] + numbers[place + 1 :]
