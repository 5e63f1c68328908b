"""Every step that a small world can take, each taken by the real code once and then remembered.

The one idea: a world is a tuple of numbers, and each number stands for a part of it that has been
met: an instant, a store, a server where it stands. The store and the servers are deterministic, so
what a part does when it is asked something need be found out once, by copying it and asking. There
are far fewer parts than worlds, and nearly all steps are looked up.

    world = (moment, store, site, site, …)       moment = instant and faults that are left

What is remembered rests on the keys of the parts: those that are equal must behave alike. A test
holds every part that is met again against the one that was met first.
"""

from collections.abc import Callable, Hashable
from typing import Generic, NamedTuple, TypeVar

from gnomon.reference.events import Event
from gnomon.reference.schedule.clock import write_duration
from gnomon.reference.store.memory import MemoryStore
from gnomon.reference.store.operations import Delivery, Operation, PutJob
from gnomon.simulator.explore.scopes import START, Scope
from gnomon.simulator.explore.server_model import NEVER, Letter, Move, Site, tell
from gnomon.simulator.explore.store_model import Breach, StoreModel

World = tuple[int, ...]
"""A moment, a store, and each server's site, in numbers."""

T = TypeVar("T")


class Interned(Generic[T]):
    """Parts by number; those of equal keys have the same, and only the first is kept."""

    def __init__(self) -> None:
        self._numbers: dict[Hashable, int] = {}
        self._things: dict[int, T] = {}
        self.keys: list[Hashable] = []

    def __len__(self) -> int:
        return len(self._things)

    def __getitem__(self, number: int) -> T:
        return self._things[number]

    def number(self, key: Hashable) -> int:
        """The number of a key, whether there is something that has it or not."""
        number = self._numbers.setdefault(key, len(self.keys))
        if number == len(self.keys):
            self.keys.append(key)
        return number

    def put(self, key: Hashable, thing: T) -> int:
        """The number of `thing`, which has that key."""
        number = self.number(key)
        self._things.setdefault(number, thing)
        return number


class Watched(NamedTuple):
    """A store, and what may be known of it from outside."""

    store: MemoryStore
    model: StoreModel


class Answer(NamedTuple):
    """What came of a request: the store after it, and letters to its sender and to others."""

    store: int
    own: int
    others: tuple[tuple[int, int], ...]


class Local(NamedTuple):
    """What can happen at a site, until when time may pass, and the site after each move."""

    next_at: int
    moves: dict[Move, int]
    faults: dict[Move, int]
    requests: tuple[tuple[int, int], ...]  # which, and what it asks


class Taken(NamedTuple):
    """A step: when, in words, what is recorded of it, and the world after it."""

    at: int
    what: str
    happened: list[Event]
    world: World


class Wrong(Exception):
    """A step that must not be: when, in words, and why."""

    def __init__(self, at: int, what: str, why: str) -> None:
        super().__init__(f"{what}: {why}")
        self.at = at
        self.what = what
        self.why = why


class Instant:
    """What is remembered of an instant."""

    def __init__(self, now: int) -> None:
        self.now = now
        self.local: dict[int, Local] = {}
        self.answers: dict[tuple[int, int], Answer] = {}
        self.served: dict[tuple[int, int, int], int] = {}
        self.told: dict[tuple[int, int], int] = {}


class Steps:
    """The steps of the worlds of a `scope`.

    `by_store` and `by_servers` count the steps that were taken by the real code.
    """

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self.names = scope.server_names
        self.stores: Interned[Watched] = Interned()
        self.sites: Interned[Site] = Interned()
        self._asked: Interned[tuple[int, Operation]] = Interned()
        self._letters: Interned[tuple[Letter, ...]] = Interned()
        self._instants: Interned[Instant] = Interned()
        self._many = scope.faults + 1
        self.by_store = self.by_servers = 0
        self.begun: list[Event] = []
        self.root = self._begin()

    def _begin(self) -> World:
        scope = self._scope
        store = MemoryStore(self.begun.append)
        create = PutJob("job", scope.definition)
        store.apply(START, "operator", create)
        watched = Watched(store, StoreModel())
        watched.model.observe(START, "operator", create, self.begun)
        sites = [Site(scope, name) for name in self.names]
        for site in sites:
            self.begun += site.start(START)
        moment = self._moment(START) + scope.faults
        numbers = [self.sites.put(site.key(), site) for site in sites]
        return (moment, self._put_store(watched), *numbers)

    def _moment(self, now: int) -> int:
        return self._instants.put(now, Instant(now)) * self._many

    def _put_store(self, watched: Watched) -> int:
        return self.stores.put((watched.store.key(), watched.model.key()), watched)

    def now(self, world: World) -> int:
        """The instant of a world (µs, UTC)."""
        return self._instants[world[0] // self._many].now

    def amiss(self, world: World) -> str | None:
        """What is wrong with a world that nothing follows, in words; None if it is simply over."""
        instant = self._instants[world[0] // self._many]
        if any(instant.local[site].next_at <= self._scope.until for site in world[2:]):
            return "nothing can happen any more, not even time"
        return self.stores[world[1]].model.missing

    # --- quickly

    def after(self, world: World) -> list[World]:
        """Every world that is a step away. Raises Wrong."""
        moment, store, *sites = world
        left = moment % self._many
        instant = self._instants[moment // self._many]
        worlds: list[World] = []
        next_at = NEVER
        for place, site in enumerate(sites, 2):
            local = instant.local.get(site) or self._look_around(instant, site)
            before, behind = world[:place], world[place + 1 :]
            worlds += [(*before, moved, *behind) for moved in local.moves.values()]
            if left:
                begun = (moment - 1, *before[1:])
                worlds += [(*begun, moved, *behind) for moved in local.faults.values()]
            for request, asked in local.requests:
                answer = instant.answers.get((store, asked)) or self._ask(instant, store, asked)
                changed = [moment, answer.store, *sites]
                told = (site, request, answer.own)
                changed[place] = instant.served.get(told) or self._serve(instant, *told)
                for other, letters in answer.others:
                    got = (changed[other], letters)
                    changed[other] = instant.told.get(got) or self._tell(instant, *got)
                worlds.append(tuple(changed))
            next_at = min(next_at, local.next_at)
        if instant.now < next_at <= self._scope.until:
            worlds.append((self._moment(next_at) + left, *world[1:]))
        return worlds

    def _look_around(self, instant: Instant, number: int) -> Local:
        """Find out what can happen at a site."""
        site, now = self.sites[number], instant.now
        requests = tuple(
            (request, self._asked.put(self._asks(site, request), self._asks(site, request)))
            for request in site.arriving()
        )
        local = instant.local[number] = Local(
            site.next_at,
            {move: self._move(now, number, move)[0] for move in site.moves(now)},
            {move: self._move(now, number, move)[0] for move in site.faults(now)},
            requests,
        )
        self.by_servers += len(local.moves) + len(local.faults)
        for move in [move for move, after in local.moves.items() if after == number]:
            del local.moves[move]
        return local

    def _asks(self, site: Site, request: int) -> tuple[int, Operation]:
        return self.names.index(site.name), site.requests[request].operation

    def _move(self, now: int, number: int, move: Move) -> tuple[int, list[Event]]:
        """Let something happen at a site; the site after it, and what is recorded."""
        site = self.sites[number].copy()
        happened = _attempt(now, lambda: move.told(self.sites[number]), lambda: site.do(now, move))
        return self.sites.put(site.key(), site), happened

    def _ask(self, instant: Instant, store: int, asked: int) -> Answer:
        """Find out what the store answers."""
        place, operation = self._asked[asked]
        self.by_store += 1
        after, deliveries, _ = self._apply(instant.now, store, self.names[place], operation)
        letters: dict[str, list[Letter]] = {name: [] for name in self.names}
        for to, answered, reply in deliveries:
            letters[to].append((None if answered is operation else answered, reply))
        numbers = {
            name: self._letters.put(tuple(some), tuple(some)) for name, some in letters.items()
        }
        own = numbers.pop(self.names[place])
        others = tuple((self.names.index(n) + 2, i) for n, i in numbers.items() if letters[n])
        answer = instant.answers[store, asked] = Answer(after, own, others)
        return answer

    def _apply(
        self, now: int, number: int, server: str, operation: Operation
    ) -> tuple[int, list[Delivery], list[Event]]:
        """Let a store answer; the store after it, its replies, and what is recorded."""
        happened: list[Event] = []
        before = self.stores[number]
        watched = Watched(before.store.copy(happened.append), before.model.copy())

        def step() -> list[Delivery]:
            deliveries = watched.store.apply(now, server, operation)
            watched.model.observe(now, server, operation, happened)
            watched.store.check()
            return deliveries

        deliveries = _attempt(now, lambda: f"the store takes {tell(operation)} of {server}", step)
        return self._put_store(watched), deliveries, happened

    def _serve(self, instant: Instant, number: int, request: int, letters: int) -> int:
        """The site after its request was answered."""
        site = self.sites[number].copy()
        served = site.serve(request)
        site.tell(self._letters[letters], served)
        after = instant.served[number, request, letters] = self.sites.put(site.key(), site)
        return after

    def _tell(self, instant: Instant, number: int, letters: int) -> int:
        """The site after letters were sent to it."""
        site = self.sites[number].copy()
        site.tell(self._letters[letters], None)
        after = instant.told[number, letters] = self.sites.put(site.key(), site)
        return after

    # --- slowly

    def take(self, world: World, ordinal: int) -> Taken:
        """The step to the world of that number in ``after``, in words."""
        now, places = self.now(world), range(2, len(world))
        afterwards = self.after(world)[ordinal]
        instant, left = self._instants[world[0] // self._many], world[0] % self._many
        for place in places:
            site, local = self.sites[world[place]], instant.local[world[place]]
            moves = [*local.moves, *(local.faults if left else ())]
            if ordinal < len(moves):
                move = moves[ordinal]
                _, happened = self._move(now, world[place], move)
                return Taken(now, move.told(site), happened, afterwards)
            ordinal -= len(moves)
            if ordinal < len(local.requests):
                _, operation = self._asked[local.requests[ordinal][1]]
                _, _, happened = self._apply(now, world[1], site.name, operation)
                what = f"the store takes {tell(operation)} of {site.name}"
                return Taken(now, what, happened, afterwards)
            ordinal -= len(local.requests)
        later = write_duration(self.now(afterwards) - now)
        return Taken(now, f"{later} pass", [], afterwards)


R = TypeVar("R")


def _attempt(now: int, what: Callable[[], str], step: Callable[[], R]) -> R:
    """Take a step of the code that is looked at; whatever it raises is a finding."""
    try:
        return step()
    except Breach as broken:
        raise Wrong(now, what(), str(broken)) from broken
    except Exception as error:
        raise Wrong(now, what(), f"{type(error).__name__}: {error}") from error
