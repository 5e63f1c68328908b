"""Every step that a small world can take, each computed once by the real code and then remembered.

The one idea: a world is one integer, made of numbers that stand for its parts: an instant, a store,
a server with its surroundings. The store and the servers are deterministic. So what a part does
with an input is found out once, by copying it and trying. There are far fewer parts than worlds,
and nearly all steps are looked up.

    world = … server, server, store, moment      moment = instant and set of faults left

A step is a difference that is added to a world. It is the same in all worlds that have the parts
that take it. Most steps need a server and the store, or less, and are looked up together for both.

This relies on the keys of the parts: parts with equal keys must behave alike. A test compares every
part that is reached again with the one that was reached first.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from gnomon.reference.events import Event
from gnomon.reference.schedule.clock import write_duration
from gnomon.reference.store.operations import Operation
from gnomon.simulator.explore.layout import Layout, World
from gnomon.simulator.explore.numbers import Numbered
from gnomon.simulator.explore.scopes import START, Scope
from gnomon.simulator.explore.server_model import NEVER, Move, Response, ServerModel, State
from gnomon.simulator.explore.server_steps import ServerSteps
from gnomon.simulator.explore.store_steps import (
    StoreSteps,
    attempt,
    describe_request,
    is_write,
)

_NO_REQUEST = -1


class Answer(NamedTuple):
    """The change of the store by a request, and the replies to its sender and to others."""

    change: int
    own: int
    others: tuple[tuple[int, int], ...]  # a place, and replies to the server there


class Local(NamedTuple):
    """What can happen to a server at a moment: until when time may pass, and its moves.

    `changes` has what each move changes in the world. `requests` has the message of each request
    that may arrive, and the number of what it asks.
    """

    next_at: int
    changes: tuple[int, ...]
    requests: tuple[tuple[int, int], ...]


class Steps(NamedTuple):
    """The steps of a server and the store at a moment, by what they change in the world.

    If the store answers other servers too, that is not in `changes`: `others` has the place there
    and the answer.
    """

    next_at: int
    changes: tuple[int, ...]
    others: tuple[tuple[int, Answer], ...]


class Remembered:
    """What the steps at an instant are, as far as known, for each of the places of servers."""

    def __init__(self, places: range) -> None:
        self.steps: list[dict[int, Steps]] = [{} for _ in places]
        self.local: list[dict[int, Local]] = [{} for _ in places]
        self.served: list[dict[tuple[int, int, int], int]] = [{} for _ in places]
        self.answers: dict[tuple[int, int], Answer] = {}  # by store and what is asked


class Taken(NamedTuple):
    """A step: its instant, what it is in words, the events recorded, and the world after it.

    `is_write` holds for a step that lost writes may undo.
    """

    at: int
    what: str
    recorded: list[Event]
    world: World
    is_write: bool = False


class Transitions:
    """The steps of the worlds of a `scope`.

    `by_store` counts the steps that the store's real code computed, `by_servers` those of servers.
    `begun` are the events recorded before the first step; `root` is the world at the start.
    """

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self.names = scope.server_names
        self.layout = layout = Layout(scope)
        self.store_steps = StoreSteps(scope, layout.most[1])
        self.server_steps = ServerSteps()
        self.models = [ServerModel(scope, name, self.server_steps) for name in self.names]
        self.states: list[Numbered[State]] = [Numbered(most) for most in layout.most[2:]]
        self._places = range(2, len(self.names) + 2)
        self._instants: Numbered[int] = Numbered(layout.most[0] >> len(scope.faults))
        self._asked: Numbered[tuple[int, Operation]] = Numbered()
        self._responses: Numbered[tuple[Response, ...]] = Numbered()
        self._loses_writes = "lose write" in scope.faults
        self._masks = [(layout.mask(0, 1, place), layout.mask(0, place)) for place in self._places]
        self._remembered: dict[int, Remembered] = {}
        self.enter(START)
        self.begun: list[Event] = []
        self.root = self._begin()

    @property
    def by_store(self) -> int:
        """The steps of the store that the real code computed."""
        return self.store_steps.computed

    @property
    def by_servers(self) -> int:
        """The steps of servers that the real code computed."""
        return self.server_steps.computed

    def _begin(self) -> World:
        scope = self._scope
        store, self.begun = self.store_steps.begin()
        numbers = []
        for model, states in zip(self.models, self.states, strict=True):
            state, recorded_there = model.start(State(), START)
            self.begun += recorded_there
            numbers.append(states.number(state))
        moment = self._moment(START) + (1 << len(scope.faults)) - 1
        return self.layout.pack(moment, store, *numbers)

    def _moment(self, now: int) -> int:
        """The moment at which no fault is left; each bit below it is a fault that is."""
        return self._instants.number(now) << len(self._scope.faults)

    def now(self, world: World) -> int:
        """The instant of a world (µs, UTC)."""
        return self._instants.keys[self.layout.part(world, 0) >> len(self._scope.faults)]

    def state(self, world: World, place: int) -> State:
        """The server at a place, 2 is the first."""
        return self.states[place - 2].keys[self.layout.part(world, place)]

    def next_at(self, world: World) -> int:
        """The next instant at which something happens by itself (µs); time may pass till then."""
        return min(self.models[p - 2].next_at(self.state(world, p)) for p in self._places)

    def defect_at_end(self, world: World) -> str | None:
        """What is wrong with a world that has no next step, in words; None if nothing is."""
        if self.next_at(world) <= self._scope.until:
            return "nothing can happen any more, not even time"
        return self.store_steps.stores[self.layout.part(world, 1)].model.missing

    # --- by looking up

    def after(self, world: World) -> tuple[list[World], World | None]:
        """Every world of this instant that is one step away, and the one as time passes, if it may.

        The instant is the one that was entered. Raises WrongStep.
        """
        worlds: list[World] = []
        next_at = NEVER
        for place, mask, known in self._looked_up:
            steps = known.get(world & mask)
            if steps is None:
                _make_room(known)
                steps = known[world & mask] = self._find_steps(world, place)
            if steps.others:
                worlds += self._answered(world, steps)
            else:
                worlds += [world + change for change in steps.changes]
            next_at = min(next_at, steps.next_at)
        if self._loses_writes:
            worlds += self._after_fault_of_store(world)
        if self._now < next_at <= self._scope.until:
            return worlds, world + self._moment(next_at) - self._moment(self._now)
        return worlds, None

    def enter(self, now: int) -> None:
        """Take steps at the instant `now` (µs, UTC) from here on."""
        if now not in self._remembered:
            self._remembered[now] = Remembered(self._places)
        self._now, self._known = now, self._remembered[now]
        self._looked_up = [
            (place, mask, steps)
            for place, (mask, _), steps in zip(
                self._places, self._masks, self._known.steps, strict=True
            )
        ]

    def forget(self, now: int) -> None:
        """Forget the steps at an instant."""
        self._remembered.pop(now, None)

    def _answered(self, world: World, steps: Steps) -> list[World]:
        """The worlds after steps, some of which let the store answer other servers too."""
        worlds = [world + change for change in steps.changes]
        for number, answer in steps.others:
            for place, responses in answer.others:
                server = self.layout.part(world, place)
                worlds[number] += self._serve(server, place, _NO_REQUEST, responses)
        return worlds

    def _serve(self, number: int, place: int, request: int, responses: int) -> int:
        """What changes when the store answers a server, and which request arrived for that."""
        served = (number, request, responses)
        known = self._known.served[place - 2]
        change = known.get(served)
        if change is None:
            model, state = self.models[place - 2], self.states[place - 2].keys[number]
            sent = self._responses.keys[responses]
            if request == _NO_REQUEST:
                after = model.send_replies(state, self._now, sent)
            else:
                after = model.serve(state, self._now, request, sent)
            _make_room(known)
            change = known[served] = self._change(number, place, after)
        return change

    # --- by the real code

    def _change(self, number: int, place: int, state: State) -> int:
        """What changes in the world when the server of that number gets into that state."""
        return self.states[place - 2].number(state) - number << self.layout.shifts[place]

    def _find_steps(self, world: World, place: int) -> Steps:
        """Find out what can happen to a server, and what the store does with its requests."""
        local, store = self._find_local(world, place), self.layout.part(world, 1)
        number = self.layout.part(world, place)
        answers = self._known.answers
        changes, others = [*local.changes], []
        for request, asked in local.requests:
            answer = answers.get((store, asked)) or self._ask(store, asked)
            if answer.others:
                others.append((len(changes), answer))
            changes.append(answer.change + self._serve(number, place, request, answer.own))
        return Steps(local.next_at, tuple(changes), tuple(others))

    def _find_local(self, world: World, place: int) -> Local:
        """Find out what can happen to a server at a moment."""
        known, key = self._known.local[place - 2], world & self._masks[place - 2][1]
        local = known.get(key)
        if local is None:
            model, state = self.models[place - 2], self.state(world, place)
            number = self.layout.part(world, place)
            changes = [
                self._change(number, place, after) - used
                for _, used, after in self._moves(world, place)
            ]
            requests = [(request, self._asks(place, request)) for request in model.arriving(state)]
            _make_room(known)
            local = known[key] = Local(model.next_at(state), tuple(changes), tuple(requests))
        return local

    def _moves(self, world: World, place: int) -> Iterator[tuple[Move, int, State]]:
        """The moves of a server: each with the fault that it uses up and the state after it."""
        now, model, state = self.now(world), self.models[place - 2], self.state(world, place)
        for move in model.moves(state, now):
            after, _ = self._move(now, place, state, move)
            if after != state:
                yield move, 0, after
        for number, fault in enumerate(self._scope.faults):
            if world >> number & 1:
                for move in model.faults(state, now, fault):
                    yield move, 1 << number, self._move(now, place, state, move)[0]

    def _asks(self, place: int, request: int) -> int:
        operation = self.server_steps.messages.keys[request].operation
        return self._asked.number((place, operation))

    def _move(self, now: int, place: int, state: State, move: Move) -> tuple[State, list[Event]]:
        """Make a move of a server; the server after it, and the events recorded."""
        model = self.models[place - 2]
        return attempt(now, lambda: model.describe(move), lambda: model.do(state, now, move))

    def _ask(self, store: int, asked: int) -> Answer:
        """Find out what the store answers to a request."""
        place, operation = self._asked.keys[asked]
        sender = self.names[place - 2]
        after, deliveries, _ = self.store_steps.take(self._now, store, sender, operation)
        responses: dict[str, list[Response]] = {name: [] for name in self.names}
        for to, answered, reply in deliveries:
            responses[to].append((None if answered is operation else answered, reply))
        numbers = {name: self._responses.number(tuple(r)) for name, r in responses.items()}
        own = numbers.pop(sender)
        others = [(self.names.index(n) + 2, r) for n, r in numbers.items() if responses[n]]
        change = after - store << self.layout.shifts[1]
        answer = self._known.answers[store, asked] = Answer(change, own, tuple(others))
        return answer

    def _after_fault_of_store(self, world: World) -> list[World]:
        """The world after the store has lost its last write, if it may."""
        fault, store = self._scope.faults.index("lose write"), self.layout.part(world, 1)
        if not world >> fault & 1 or not self.store_steps.may_lose(self._now, store):
            return []
        change = self.store_steps.lose(store) - store << self.layout.shifts[1]
        return [world + change - (1 << fault)]

    # --- in words

    def take(self, world: World, ordinal: int) -> Taken:
        """The step of that number: in the order of ``after``, time passes last."""
        now = self.now(world)
        self.enter(now)
        worlds, later = self.after(world)
        if ordinal == len(worlds) and later is not None:
            what = f"{write_duration(self.now(later) - now)} pass"
            return Taken(now, what, [], later)
        afterwards = worlds[ordinal]
        for place in self._places:
            model, state = self.models[place - 2], self.state(world, place)
            moves = [move for move, _, _ in self._moves(world, place)]
            if ordinal < len(moves):
                move = moves[ordinal]
                _, recorded = self._move(now, place, state, move)
                return Taken(now, model.describe(move), recorded, afterwards)
            ordinal -= len(moves)
            requests = [*model.arriving(state)]
            if ordinal < len(requests):
                return self._take_request(world, model.name, requests[ordinal], afterwards)
            ordinal -= len(requests)
        lost = self.store_steps.events_of_loss(now, self.layout.part(world, 1))
        return Taken(now, "the store loses its last write", lost, afterwards)

    def _take_request(self, world: World, name: str, request: int, afterwards: World) -> Taken:
        now, store = self.now(world), self.layout.part(world, 1)
        operation = self.server_steps.messages.keys[request].operation
        _, _, recorded = self.store_steps.take(now, store, name, operation)
        what = describe_request(operation, name)
        return Taken(now, what, recorded, afterwards, is_write(operation))


MOST_REMEMBERED = 50_000
"""Steps of a kind at a place that are remembered. Worlds that are close together need the same."""


def _make_room(known: dict[Any, Any]) -> None:
    if len(known) >= MOST_REMEMBERED:
        known.clear()
