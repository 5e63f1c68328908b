"""Exploration: a small world taken through everything that can happen in it, to the end.

The one idea: breadth first. Every world that is n steps from the beginning is looked at before any
that is n + 1 away, and one that was met is not looked at again, so what goes wrong is found by the
shortest way that leads there.

Each step is held against the `StoreModel` and the store's own invariants, wherever it leads. Where
a world ends everything must have had its outcome, and the history of a shortest way there is judged
by the rules in ``gnomon.specs.rules``, like any other history.

    covered      every order in which what is on its way at an instant can arrive, in which timers
                 fire among that, and every point of it at which the fault can strike; a crashed
                 server stays down, or starts again at any later such point while faults last
    not covered  messages that are slower than the clock: what is on its way arrives before time
                 moves on, unless the server stands still; clocks that are wrong; a server that
                 crashes in the middle of sending; instants between those that matter

What limits it is what Python takes to form a world, find out which of those that are alike stands
for it, and look it up: two thirds of the time, as each world is come to five times over. Copying
parts and running the scheduler's own code on them is a quarter, renaming the rest.
"""

from array import array
from collections.abc import Callable
from typing import NamedTuple

from msgspec.structs import replace

from gnomon.reference.events import Event, Published
from gnomon.reference.history import Header, History
from gnomon.simulator.explore.scopes import START, Scope
from gnomon.simulator.explore.symmetry import Folding
from gnomon.simulator.explore.transitions import Steps, Taken, World, Wrong
from gnomon.specs.rules import judge


class Step(NamedTuple):
    """Something that happens, so long after the beginning (µs)."""

    after: int
    what: str


class Counterexample(NamedTuple):
    """A shortest way to something that must not be, and what is wrong."""

    steps: list[Step]
    why: str


class Found(NamedTuple):
    """What came of exploring a `scope`.

    `states` are distinct, those that differ in the names of servers counted once; `ends` are those
    that nothing follows. `by_store` and `by_servers`: steps taken by the real code.
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
"""Told after each depth: the depth, the states so far, and those to go on from."""


class Search:
    """A search through a `scope`."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._steps = Steps(scope)
        self._fold = Folding(self._steps)
        self._seen = {self._fold(self._steps.root)}
        self._from = array("L", [0])  # of each state, the one before it
        self._by = array("H", [0])  # and the number of the step from there
        self._ends: list[int] = []
        self._transitions = self._depth = self._judged = 0

    def run(self, progress: Progress = lambda *_: None) -> Found:
        """Explore it to the end, or to what is wrong."""
        edge = [(0, self._steps.root)]
        counterexample = None
        while edge and counterexample is None:
            progress(self._depth, len(self._seen), len(edge))
            edge, counterexample = self._go_on(edge)
            self._depth += bool(edge)
        if counterexample is None:
            counterexample = self._judge_ends()
        return Found(
            self._scope,
            len(self._seen),
            self._transitions,
            self._depth,
            len(self._ends),
            self._judged,
            self._steps.by_store,
            self._steps.by_servers,
            counterexample,
        )

    def _go_on(
        self, edge: list[tuple[int, World]]
    ) -> tuple[list[tuple[int, World]], Counterexample | None]:
        """The states a step further on that had not been met, or what is wrong with a step."""
        seen, fold, after = self._seen, self._fold, self._steps.after
        further: list[tuple[int, World]] = []
        for number, world in edge:
            try:
                worlds = after(world)
            except Wrong as wrong:
                last = Step(wrong.at - START, wrong.what)
                return [], Counterexample([*self._tell(number), last], wrong.why)
            self._transitions += len(worlds)
            if not worlds:
                self._ends.append(number)
                amiss = self._steps.amiss(world)
                if amiss is not None:
                    return [], Counterexample(self._tell(number), f"at the end {amiss}")
            for step, following in enumerate(worlds):
                name = fold(following)
                if name not in seen:
                    seen.add(name)
                    further.append((len(self._from), following))
                    self._from.append(number)
                    self._by.append(step)
        return further, None

    def _judge_ends(self) -> Counterexample | None:
        """Judge the histories that lead to the ends."""
        scope = self._scope
        header = Header(start=START, end=scope.until + 1, lease=scope.lease, travel=0)
        for number in self._ends:
            self._judged += 1
            findings = judge(History(header, self._happened(number)))
            broken = [(id, f.violations[0]) for id, f in findings.items() if f.violations]
            if broken:
                why = "; ".join(f"{id}: {violation}" for id, violation in broken)
                return Counterexample(self._tell(number), why)
        return None

    def _happened(self, number: int) -> list[Event]:
        """The events of a shortest way to a state; each message has a cid of its own there."""
        way = [event for taken in self._way_to(number) for event in taken.happened]
        return [
            replace(event, cid=f"K{event.message}") if type(event) is Published else event
            for event in (*self._steps.begun, *way)
        ]

    def _way_to(self, number: int) -> list[Taken]:
        """The steps of a shortest way to a state."""
        steps: list[int] = []
        while number:
            steps.append(self._by[number])
            number = self._from[number]
        way: list[Taken] = []
        world = self._steps.root
        for step in reversed(steps):
            way.append(self._steps.take(world, step))
            world = way[-1].world
        return way

    def _tell(self, number: int) -> list[Step]:
        """The steps of a shortest way to a state, in words."""
        return [Step(taken.at - START, taken.what) for taken in self._way_to(number)]
