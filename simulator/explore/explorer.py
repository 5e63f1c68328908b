"""Exploration: takes a small world through everything that can happen in it.

The one idea: breadth first. Every world that is n steps from the start is examined before any that
is n + 1 steps away, and no world is examined twice. So a defect is found by the shortest way that
leads to it.

The `StoreModel` and the store's own invariants check each step, wherever it leads. At the end of a
world everything must have had its outcome, and the rules in ``gnomon.specs.rules`` judge the
history of a shortest way there, like any other history.

    covered      every order in which requests and replies in transit at an instant can arrive, and
                 timers fire among them; every point of these at which the fault can strike; a
                 crashed server stays down, or starts again at any later such point at which faults
                 may still strike; the loss of a write leads back to the store before it.
                 A reply that a server ignores for good is not in transit: ``server_steps`` says why
    not covered  messages slower than the clock: those in transit arrive before time moves on,
                 unless the server is paused; wrong clocks; a server that crashes in the middle of
                 sending; the loss of several writes, or of the store's identity; instants between
                 those that matter

Time never runs back. So the worlds of an instant are forgotten once all have been examined that can
lead there. Of each state there remain the one before it and the number of the step from there,
which suffice to go the way again.
"""

from array import array
from collections.abc import Callable
from typing import NamedTuple

from msgspec.structs import replace

from gnomon.reference.events import Event, Published, WritesLost
from gnomon.reference.history import Header, History
from gnomon.simulator.explore.layout import World
from gnomon.simulator.explore.scopes import START, Scope
from gnomon.simulator.explore.store_steps import WrongStep
from gnomon.simulator.explore.symmetry import Symmetry
from gnomon.simulator.explore.transitions import Taken, Transitions
from gnomon.specs.rules import judge


class Step(NamedTuple):
    """A step in words; `after` is the time since the start (µs)."""

    after: int
    what: str


class Counterexample(NamedTuple):
    """A shortest way to a defect, and what is wrong there."""

    steps: list[Step]
    why: str


class Found(NamedTuple):
    """The result of exploring a `scope`.

    `states` counts distinct worlds, those that differ only in the names of servers once. `ends`
    counts worlds without a next step, `judged` the histories judged by the rules. `by_store` and
    `by_servers` count the steps that the real code computed.
    """

    scope: Scope
    states: int
    transitions: int
    depth: int
    ends: int
    judged: int
    by_store: int
    by_servers: int
    counterexample: Counterexample | None


Progress = Callable[[int, int, int], None]
"""Called at each depth: the depth, the states so far, and the states at the frontier."""


class Instant:
    """The states of an instant so far, each by its representative, and those at the frontier."""

    def __init__(self) -> None:
        self.seen: set[World] = set()
        self.worlds: list[World] = []
        self.numbers = array("I")

    def next_frontier(self) -> "tuple[array[int], list[World]]":
        """The frontier, which is empty afterwards."""
        numbers, worlds = self.numbers, self.worlds
        self.numbers, self.worlds = array("I"), []
        return numbers, worlds


class Defect(NamedTuple):
    """A defect after `length` steps: those to the state of that number, and the `last` one."""

    length: int
    number: int
    why: str
    last: tuple[Step, ...] = ()


class Search:
    """An exhaustive search through a `scope`."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._steps = Transitions(scope)
        self._representative = Symmetry(self._steps)
        self._from = array("I")  # for each state, the number of the state before it
        self._by = array("B")  # and the number of the step from there
        self._instants: dict[int, Instant] = {}
        self._ends: list[int] = []
        self._transitions = self._depth = self._judged = 0
        self._defect: Defect | None = None
        self._add(self._steps.root, 0, 0)

    def run(self, progress: Progress = lambda *_: None) -> Found:
        """Explore it to the end, or to the first defect."""
        while edge := self._edge():
            progress(self._depth, len(self._from), edge)
            frontier = {now: self._instants[now].next_frontier() for now in sorted(self._instants)}
            for now, (numbers, worlds) in frontier.items():
                self._steps.enter(now)
                self._advance(now, numbers, worlds)
            if self._defect is not None:
                break
            self._forget_instants()
            self._depth += self._edge() > 0
        by_store, by_servers = self._steps.by_store, self._steps.by_servers
        counterexample = self._counterexample()
        return Found(
            self._scope,
            len(self._from),
            self._transitions,
            self._depth,
            len(self._ends),
            self._judged,
            by_store,
            by_servers,
            counterexample,
        )

    def _edge(self) -> int:
        """The number of states at the frontier."""
        return sum(len(instant.worlds) for instant in self._instants.values())

    def _forget_instants(self) -> None:
        """Forget the instants that no world at the frontier leads to."""
        for now in sorted(self._instants):
            if self._instants[now].worlds:
                break
            del self._instants[now]
            self._steps.forget(now)

    def _advance(self, now: int, numbers: "array[int]", frontier: list[World]) -> None:
        """Find the new states one step beyond the frontier of an instant."""
        representative, after, instant = (
            self._representative,
            self._steps.after,
            self._instants[now],
        )
        seen = instant.seen
        for number, world in zip(numbers, frontier, strict=True):
            try:
                worlds, later = after(world)
            except WrongStep as wrong:
                last = Step(wrong.at - START, wrong.what)
                self._found(Defect(self._depth + 1, number, wrong.why, (last,)))
                continue
            self._transitions += len(worlds) + (later is not None)
            for step, following in enumerate(worlds):
                if following in seen:  # it represents itself
                    continue
                name = representative(following)
                if name not in seen:
                    seen.add(name)
                    instant.numbers.append(len(self._from))
                    instant.worlds.append(following)
                    self._from.append(number)
                    self._by.append(step)
            if later is not None:
                self._add(later, number, len(worlds))
            elif not worlds:
                self._ends.append(number)
                defect = self._steps.defect_at_end(world)
                if defect is not None:
                    self._found(Defect(self._depth, number, f"at the end {defect}"))

    def _add(self, world: World, number: int, step: int) -> None:
        """Add a world of a later instant to its frontier, if it is new."""
        instant = self._instants.setdefault(self._steps.now(world), Instant())
        name = self._representative(world)
        if name not in instant.seen:
            instant.seen.add(name)
            instant.numbers.append(len(self._from))
            instant.worlds.append(world)
            self._from.append(number)
            self._by.append(step)

    def _found(self, defect: Defect) -> None:
        """Keep a defect, if no other is known that takes fewer steps, or as many."""
        if self._defect is None or defect.length < self._defect.length:
            self._defect = defect

    def _counterexample(self) -> Counterexample | None:
        if self._defect is None:
            return self._judge_ends()
        return Counterexample(
            [*self._steps_to(self._defect.number), *self._defect.last], self._defect.why
        )

    def _judge_ends(self) -> Counterexample | None:
        """Judge the histories that lead to the ends."""
        scope = self._scope
        header = Header(start=START, end=scope.until + 1, lease=scope.lease, travel=0)
        for number in self._ends:
            self._judged += 1
            findings = judge(History(header, self._events_to(number)))
            broken = [(id, f.violations[0]) for id, f in findings.items() if f.violations]
            if broken:
                why = "; ".join(f"{id}: {violation}" for id, violation in broken)
                return Counterexample(self._steps_to(number), why)
        return None

    def _events_to(self, number: int) -> list[Event]:
        """The events of a shortest way to a state, with a cid of its own for each message."""
        events, since, undone = [*self._steps.begun], START, (0, 0)
        for taken in self._way_to(number):
            for event in taken.recorded:
                is_loss = type(event) is WritesLost
                lost = {"since": since, "undone": tuple(range(*undone))} if is_loss else {}
                events.append(replace(event, **lost))
            if taken.is_write:
                since, undone = taken.at, (len(events) - len(taken.recorded) + 1, len(events) + 1)
        return [
            replace(event, cid=f"K{event.message}") if type(event) is Published else event
            for event in events
        ]

    def _way_to(self, number: int) -> list[Taken]:
        """The steps of a shortest way to a state."""
        steps: list[int] = []
        while number:  # the first state is at the start
            steps.append(self._by[number])
            number = self._from[number]
        way: list[Taken] = []
        world = self._steps.root
        for step in reversed(steps):
            way.append(self._steps.take(world, step))
            world = way[-1].world
        return way

    def _steps_to(self, number: int) -> list[Step]:
        """The steps of a shortest way to a state, in words."""
        return [Step(taken.at - START, taken.what) for taken in self._way_to(number)]
