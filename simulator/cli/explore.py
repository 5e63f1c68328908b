"""``gnomon explore``: small worlds, taken through everything that can happen in them.

The one idea: what a scope covers is small and written down, and within it nothing is left out.
"""

from typing import Annotated, Any, NamedTuple

import typer
from rich.text import Text

from gnomon.reference.schedule.clock import SECOND
from gnomon.simulator.explore.explorer import Counterexample, Found, Search
from gnomon.simulator.explore.scopes import SCOPES, Scope
from gnomon.specs.cli import console
from gnomon.specs.cli.console import BadInput
from gnomon.specs.render import tables


class Explored(NamedTuple):
    """What came of a scope, and how long it took (µs)."""

    found: Found
    took: int

    @property
    def speed(self) -> int:
        """Distinct states a second."""
        return self.found.states * SECOND // max(self.took, 1)


def explore(
    scope: Annotated[
        str | None,
        typer.Option(metavar="NAME", help=f"Only {', '.join(SCOPES)}.  [default: all, in turn]"),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Answer in JSON, for machines.")] = False,
) -> None:
    """Take small worlds through everything that can happen in them.

    Breadth first, over every order in which messages can arrive, timers fire and a fault strike.
    Each step of the scheduler's own code is held against what must hold; where a world ends all
    must have had its outcome, and its history is judged by the rules. What goes wrong is told by
    the shortest way that leads there. A scope takes less than two minutes on one core.

    Exit status 0: nothing goes wrong; 1: something does; 2: bad input.
    """
    explored = [_explore(each) for each in _scopes(scope)]
    if json:
        console.say_json([_as_values(each) for each in explored])
    else:
        _say(explored)
    if any(each.found.counterexample for each in explored):
        raise typer.Exit(1)


def _scopes(name: str | None) -> list[Scope]:
    if name is None:
        return list(SCOPES.values())
    if name not in SCOPES:
        raise BadInput("--scope", [f"there is no scope {name!r}; there are {', '.join(SCOPES)}"])
    return [SCOPES[name]]


def _explore(scope: Scope) -> Explored:
    began = console.now()
    with console.watching(f"exploring {scope.name}") as say:

        def progress(depth: int, states: int, edge: int) -> None:
            told = f"{tables.count(states)} states, {tables.count(edge)} of them at the edge"
            say(f"exploring {scope.name}: {depth} steps deep, {told}")

        found = Search(scope).run(progress)
    explored = Explored(found, console.now() - began)
    states = f"{tables.count(found.states)} states, {tables.count(explored.speed)} a second"
    console.say_aside([f"explored {scope.name} in {tables.span(explored.took)}: {states}"])
    return explored


def _say(explored: list[Explored]) -> None:
    columns = ("states", "transitions", "depth", "ends", "states/s")
    made = tables.table("scope", *columns, right=columns)
    for each in explored:
        found = each.found
        figures = (found.states, found.transitions, found.depth, found.ends, each.speed)
        made.add_row(found.scope.name, *map(tables.count, figures))
    console.say(made, "")
    for each in explored:
        scope, found = each.found.scope, each.found
        console.say(
            f"{scope.name}: {scope.title}",
            f"  {_shape(scope)}",
            f"  {tables.count(found.by_store)} steps of stores and {tables.count(found.by_servers)}"
            " of servers were taken by the scheduler's own code, all others looked up",
        )
        if found.counterexample is None:
            console.say(f"  nothing goes wrong; histories judged: {tables.count(found.judged)}", "")
        else:
            console.say(*_told(found.counterexample), "")


def _shape(scope: Scope) -> str:
    servers, jobs = console.counted(scope.servers, "server"), "1 job"
    workers = console.counted(scope.workers, "worker")
    occurrences = console.counted(scope.occurrences, "occurrence")
    return f"{servers} × {workers} × {jobs} × {occurrences}"


def _told(counterexample: Counterexample) -> list[str | Text]:
    numbered = [
        f"  {number:3}. {tables.span(step.after):>6}  {step.what}"
        for number, step in enumerate(counterexample.steps, 1)
    ]
    return ["  a shortest way to what must not be:", *numbered, Text(f"  {counterexample.why}")]


def _as_values(explored: Explored) -> dict[str, Any]:
    found, counterexample = explored.found, explored.found.counterexample
    return {
        "scope": found.scope.name,
        "states": found.states,
        "transitions": found.transitions,
        "depth": found.depth,
        "ends": found.ends,
        "histories_judged": found.judged,
        "steps_of_stores": found.by_store,
        "steps_of_servers": found.by_servers,
        "took_us": explored.took,
        "states_per_second": explored.speed,
        "counterexample": counterexample
        and {
            "steps": [{"after": step.after, "what": step.what} for step in counterexample.steps],
            "why": counterexample.why,
        },
    }
