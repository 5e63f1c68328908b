"""Every step that a small world can take, each computed once by the real code and then remembered.

The one idea: a world is a tuple of numbers, and each number stands for a part of it that has been
reached: an instant, a store, a server with its surroundings. The store and the servers are
deterministic. So what a part does with an input is found out once, by copying it and trying. There
are far fewer parts than worlds, and nearly all steps are looked up.

    world = (moment, store, server, server, …)   moment = instant and number of faults left

This relies on the keys of the parts: parts with equal keys must behave alike. A test compares every
part that is reached again with the one that was reached first.
"""

from collections.abc import Callable, Hashable
from typing import Generic, NamedTuple, TypeVar

from gnomon.reference import events
from gnomon.reference.events import Event
from gnomon.reference.schedule.clock import write_duration
from gnomon.reference.store.memory import LEAP, MemoryStore
from gnomon.reference.store.operations import OPERATOR, Delivery, Operation, PutJob
from gnomon.simulator.explore.scopes import START, Scope
from gnomon.simulator.explore.server_model import NEVER, Move, Response, ServerModel, describe
from gnomon.simulator.explore.store_model import Breach, StoreModel
from gnomon.simulator.world.write_log import READS

World = tuple[int, ...]
"""A moment, a store, and each server with its surroundings, in numbers."""

T = TypeVar("T")


class Interned(Generic[T]):
    """Parts by number; parts with equal keys have the same number, and only the first is kept."""

    def __init__(self) -> None:
        self._numbers: dict[Hashable, int] = {}
        self._parts: dict[int, T] = {}
        self.keys: list[Hashable] = []

    def __len__(self) -> int:
        return len(self._parts)

    def __getitem__(self, number: int) -> T:
        return self._parts[number]

    def number(self, key: Hashable) -> int:
        """The number of a key, whether there is a part that has it or not."""
        number = self._numbers.setdefault(key, len(self.keys))
        if number == len(self.keys):
            self.keys.append(key)
        return number

    def put(self, key: Hashable, part: T) -> int:
        """The number of `part`, which has that key."""
        number = self.number(key)
        self._parts.setdefault(number, part)
        return number


class Watched(NamedTuple):
    """A store, and the model that checks it from outside.

    `before` is the number of both before the last write, as long as that may still be lost.
    """

    store: MemoryStore
    model: StoreModel
    before: int | None = None


class Answer(NamedTuple):
    """The result of a request: the store after it, and the replies to its sender and to others."""

    store: int
    own: int
    others: tuple[tuple[int, int], ...]


class Local(NamedTuple):
    """What can happen to a server: until when time may pass, and the server after each move."""

    next_at: int
    moves: dict[Move, int]
    faults: dict[Move, int]
    requests: tuple[tuple[int, int], ...]  # its number there, the number of what it asks


class Taken(NamedTuple):
    """A step: its instant, what it is in words, the events recorded, and the world after it.

    `is_write` holds for a step that lost writes may undo.
    """

    at: int
    what: str
    recorded: list[Event]
    world: World
    is_write: bool = False


class WrongStep(Exception):
    """A step that must not happen: its instant, what it is in words, and the reason."""

    def __init__(self, at: int, what: str, why: str) -> None:
        super().__init__(f"{what}: {why}")
        self.at = at
        self.what = what
        self.why = why


class Instant:
    """The steps that are remembered for an instant."""

    def __init__(self, now: int) -> None:
        self.now = now
        self.local: dict[int, Local] = {}
        self.answers: dict[tuple[int, int], Answer] = {}
        self.served: dict[tuple[int, int, int], int] = {}
        self.replied: dict[tuple[int, int], int] = {}


class Transitions:
    """The steps of the worlds of a `scope`.

    `by_store` and `by_servers` count the steps that the real code computed. `begun` are the events
    that are recorded before the first step; `root` is the world at the start.
    """

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self.names = scope.server_names
        self.stores: Interned[Watched] = Interned()
        self.servers: Interned[ServerModel] = Interned()
        self._asked: Interned[tuple[int, Operation]] = Interned()
        self._responses: Interned[tuple[Response, ...]] = Interned()
        self._instants: Interned[Instant] = Interned()
        self._many = scope.faults + 1
        self._loses_writes = scope.fault == "lose write"
        self._after_loss: dict[int, int] = {}  # store before the lost write -> store after the loss
        self.by_store = self.by_servers = 0
        self.begun: list[Event] = []
        self.root = self._begin()

    def _begin(self) -> World:
        scope = self._scope
        store = MemoryStore(self.begun.append)
        create = PutJob("job", scope.definition)
        store.apply(START, OPERATOR, create)
        watched = Watched(store, StoreModel())
        watched.model.observe(START, OPERATOR, create, self.begun)
        models = [ServerModel(scope, name) for name in self.names]
        for model in models:
            self.begun += model.start(START)
        moment = self._moment(START) + scope.faults
        numbers = [self.servers.put(model.key(), model) for model in models]
        return (moment, self._put_store(watched), *numbers)

    def _moment(self, now: int) -> int:
        return self._instants.put(now, Instant(now)) * self._many

    def _put_store(self, watched: Watched) -> int:
        before = None if watched.before is None else self.stores.keys[watched.before]
        return self.stores.put((watched.store.key(), watched.model.key(), before), watched)

    def now(self, world: World) -> int:
        """The instant of a world (µs, UTC)."""
        return self._instants[world[0] // self._many].now

    def defect_at_end(self, world: World) -> str | None:
        """What is wrong with a world that has no next step, in words; None if nothing is."""
        instant = self._instants[world[0] // self._many]
        if any(instant.local[server].next_at <= self._scope.until for server in world[2:]):
            return "nothing can happen any more, not even time"
        return self.stores[world[1]].model.missing

    # --- by looking up

    def after(self, world: World) -> list[World]:
        """Every world that is one step away. Raises WrongStep."""
        moment, store, *servers = world
        left = moment % self._many
        instant = self._instants[moment // self._many]
        worlds: list[World] = []
        next_at = NEVER
        for place, server in enumerate(servers, 2):
            local = instant.local.get(server) or self._find_local(instant, server)
            before, behind = world[:place], world[place + 1 :]
            worlds += [(*before, moved, *behind) for moved in local.moves.values()]
            if left:
                begun = (moment - 1, *before[1:])
                worlds += [(*begun, moved, *behind) for moved in local.faults.values()]
            for request, asked in local.requests:
                answer = instant.answers.get((store, asked)) or self._ask(instant, store, asked)
                changed = [moment, answer.store, *servers]
                served = (server, request, answer.own)
                changed[place] = instant.served.get(served) or self._serve(instant, *served)
                for other, responses in answer.others:
                    replied = (changed[other], responses)
                    changed[other] = instant.replied.get(replied) or self._reply(instant, *replied)
                worlds.append(tuple(changed))
            next_at = min(next_at, local.next_at)
        if left and self._may_lose(instant.now, store):
            worlds.append((moment - 1, self._lose_write(store), *servers))
        if instant.now < next_at <= self._scope.until:
            worlds.append((self._moment(next_at) + left, *world[1:]))
        return worlds

    # --- by the real code

    def _find_local(self, instant: Instant, number: int) -> Local:
        """Find out what can happen to a server."""
        model, now = self.servers[number], instant.now
        requests = tuple(
            (request, self._asked.put(self._asks(model, request), self._asks(model, request)))
            for request in model.arriving()
        )
        local = instant.local[number] = Local(
            model.next_at,
            {move: self._move(now, number, move)[0] for move in model.moves(now)},
            {move: self._move(now, number, move)[0] for move in model.faults(now)},
            requests,
        )
        self.by_servers += len(local.moves) + len(local.faults)
        for move in [move for move, after in local.moves.items() if after == number]:
            del local.moves[move]
        return local

    def _asks(self, model: ServerModel, request: int) -> tuple[int, Operation]:
        return self.names.index(model.name), model.requests[request].operation

    def _move(self, now: int, number: int, move: Move) -> tuple[int, list[Event]]:
        """Make a move of a server; the server after it, and the events recorded."""
        before = self.servers[number]
        after = before.copy()
        recorded = _attempt(now, lambda: move.describe(before), lambda: after.do(now, move))
        return self.servers.put(after.key(), after), recorded

    def _ask(self, instant: Instant, store: int, asked: int) -> Answer:
        """Find out what the store answers to a request."""
        place, operation = self._asked[asked]
        self.by_store += 1
        after, deliveries, _ = self._apply(instant.now, store, self.names[place], operation)
        responses: dict[str, list[Response]] = {name: [] for name in self.names}
        for to, answered, reply in deliveries:
            responses[to].append((None if answered is operation else answered, reply))
        numbers = {
            name: self._responses.put(tuple(some), tuple(some)) for name, some in responses.items()
        }
        own = numbers.pop(self.names[place])
        others = tuple((self.names.index(n) + 2, i) for n, i in numbers.items() if responses[n])
        answer = instant.answers[store, asked] = Answer(after, own, others)
        return answer

    def _apply(
        self, now: int, number: int, server: str, operation: Operation
    ) -> tuple[int, list[Delivery], list[Event]]:
        """Let a store carry out an operation; the store after it, its replies, and the events."""
        recorded: list[Event] = []
        before = self.stores[number]
        store = before.store.copy(recorded.append)
        watched = Watched(store, before.model.copy(), self._kept(now, number, operation))

        def step() -> list[Delivery]:
            deliveries = watched.store.apply(now, server, operation)
            watched.model.observe(now, server, operation, recorded)
            watched.store.check()
            return deliveries

        deliveries = _attempt(now, lambda: _describe_request(operation, server), step)
        return self._put_store(watched), deliveries, recorded

    def _kept(self, now: int, number: int, operation: Operation) -> int | None:
        """The number of the store to which the loss of the last write would lead back."""
        store, model, before = self.stores[number]
        is_over = now > self._scope.faults_until or model.epoch >= LEAP
        # A store that has lost its first Campaign is another store.
        if not self._loses_writes or is_over or not store.identity:
            return None
        if not _is_write(operation):
            return before
        return self._put_store(Watched(store, model))

    def _may_lose(self, now: int, number: int) -> bool:
        return now <= self._scope.faults_until and self.stores[number].before is not None

    def _lose_write(self, number: int) -> int:
        """The store that continues without the last write of this one."""
        before = self.stores[number].before
        assert before is not None
        if before not in self._after_loss:
            kept = self.stores[before]
            store, model = kept.store.copy(list[Event]().append), kept.model.copy()
            store.begin_anew(1)
            model.begin_anew(LEAP)
            self._after_loss[before] = self._put_store(Watched(store, model))
            self.by_store += 1
        return self._after_loss[before]

    def _serve(self, instant: Instant, number: int, request: int, responses: int) -> int:
        """The server after the store has answered its request."""
        model = self.servers[number].copy()
        served = model.take_request(request)
        model.send_replies(self._responses[responses], served)
        after = self.servers.put(model.key(), model)
        instant.served[number, request, responses] = after
        return after

    def _reply(self, instant: Instant, number: int, responses: int) -> int:
        """The server after replies to its earlier requests were sent."""
        model = self.servers[number].copy()
        model.send_replies(self._responses[responses], None)
        after = instant.replied[number, responses] = self.servers.put(model.key(), model)
        return after

    # --- in words

    def take(self, world: World, ordinal: int) -> Taken:
        """The step that leads to ``after(world)[ordinal]``."""
        now, places = self.now(world), range(2, len(world))
        afterwards = self.after(world)[ordinal]
        instant, left = self._instants[world[0] // self._many], world[0] % self._many
        for place in places:
            model, local = self.servers[world[place]], instant.local[world[place]]
            moves = [*local.moves, *(local.faults if left else ())]
            if ordinal < len(moves):
                move = moves[ordinal]
                _, recorded = self._move(now, world[place], move)
                return Taken(now, move.describe(model), recorded, afterwards)
            ordinal -= len(moves)
            if ordinal < len(local.requests):
                _, operation = self._asked[local.requests[ordinal][1]]
                _, _, recorded = self._apply(now, world[1], model.name, operation)
                what, is_write = _describe_request(operation, model.name), _is_write(operation)
                return Taken(now, what, recorded, afterwards, is_write)
            ordinal -= len(local.requests)
        if left and self._may_lose(now, world[1]) and not ordinal:
            return Taken(now, "the store loses its last write", self._lost(now, world), afterwards)
        later = write_duration(self.now(afterwards) - now)
        return Taken(now, f"{later} pass", [], afterwards)

    def _lost(self, now: int, world: World) -> list[Event]:
        """The events of a loss; the explorer adds which events it has undone."""
        was_open = self.stores[world[1]].store.open
        still_open = self.stores[self._lose_write(world[1])].store.open
        reopened = tuple(sorted(still_open - was_open))
        return [
            events.FaultBegan(now, "lose_writes", "store"),
            events.WritesLost(now, 1, now, (), reopened),
            events.FaultEnded(now, "lose_writes", "store"),
        ]


def _is_write(operation: Operation) -> bool:
    return not isinstance(operation, READS)


def _describe_request(operation: Operation, server: str) -> str:
    return f"the store takes {describe(operation)} of {server}"


R = TypeVar("R")


def _attempt(now: int, what: Callable[[], str], step: Callable[[], R]) -> R:
    """Take a step of the code under test; any exception that it raises is a finding."""
    try:
        return step()
    except Breach as broken:
        raise WrongStep(now, what(), str(broken)) from broken
    except Exception as error:
        raise WrongStep(now, what(), f"{type(error).__name__}: {error}") from error
