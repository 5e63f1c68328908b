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
                 may still strike; the loss of a write leads back to the store before it
    not covered  messages slower than the clock: those in transit arrive before time moves on,
                 unless the server is paused; wrong clocks; a server that crashes in the middle of
                 sending; the loss of several writes, or of the store's identity; instants between
                 those that matter

Two thirds of the time go into forming worlds, finding their representatives and looking them up,
since each world is reached five times over. A quarter goes into copying parts and running the
scheduler's own code on them, the rest into renaming.
"""

from array import array
from collections.abc import Callable
from typing import NamedTuple

from msgspec.structs import replace

from gnomon.reference.events import Event, Published, WritesLost
from gnomon.reference.history import Header, History
from gnomon.simulator.explore.scopes import START, Scope
from gnomon.simulator.explore.symmetry import Symmetry
from gnomon.simulator.explore.transitions import Taken, Transitions, World, WrongStep
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


class Search:
    """An exhaustive search through a `scope`."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._steps = Transitions(scope)
        self._representative = Symmetry(self._steps)
        self._seen = {self._representative(self._steps.root)}
        self._from = array("L", [0])  # for each state, the number of the state before it
        self._by = array("H", [0])  # and the number of the step from there
        self._ends: list[int] = []
        self._transitions = self._depth = self._judged = 0

    def run(self, progress: Progress = lambda *_: None) -> Found:
        """Explore it to the end, or to the first defect."""
        frontier = [(0, self._steps.root)]
        counterexample = None
        while frontier and counterexample is None:
            progress(self._depth, len(self._seen), len(frontier))
            frontier, counterexample = self._advance(frontier)
            self._depth += bool(frontier)
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

    def _advance(
        self, frontier: list[tuple[int, World]]
    ) -> tuple[list[tuple[int, World]], Counterexample | None]:
        """The new states one step beyond the frontier, or a defect."""
        seen, representative, after = self._seen, self._representative, self._steps.after
        further: list[tuple[int, World]] = []
        for number, world in frontier:
            try:
                worlds = after(world)
            except WrongStep as wrong:
                last = Step(wrong.at - START, wrong.what)
                return [], Counterexample([*self._steps_to(number), last], wrong.why)
            self._transitions += len(worlds)
            if not worlds:
                self._ends.append(number)
                defect = self._steps.defect_at_end(world)
                if defect is not None:
                    return [], Counterexample(self._steps_to(number), f"at the end {defect}")
            for step, following in enumerate(worlds):
                name = representative(following)
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
        while number:
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
