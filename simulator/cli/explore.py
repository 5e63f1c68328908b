"""``gnomon explore``: small worlds, explored exhaustively.

The one idea: a scope is small and written down, and within it every possibility is tried.
"""

import os
from collections.abc import Iterator, Sequence
from typing import Annotated

import typer
from rich.console import RenderableType
from rich.text import Text

from gnomon.reference.jobs import no_such
from gnomon.reference.schedule.clock import SECOND
from gnomon.simulator.cli.side_by_side import (
    Explored,
    ProcessDied,
    Progress,
    Reached,
    explore_side_by_side,
)
from gnomon.simulator.cli.side_by_side import explore as explore_here
from gnomon.simulator.explore.explorer import Counterexample
from gnomon.simulator.explore.scopes import SCOPES, Scope
from gnomon.specs.cli import console
from gnomon.specs.cli.console import BadInput, examples
from gnomon.specs.cli.options import Json
from gnomon.specs.render import tables
from gnomon.specs.render.strings import counted


def add_to(app: typer.Typer) -> None:
    """Add the command to `app`."""
    epilog = examples("gnomon explore", f"gnomon explore --scope {next(iter(SCOPES))} --json")
    app.command("explore", epilog=epilog)(explore)


def explore(
    scope: Annotated[
        str | None,
        typer.Option(metavar="NAME", help=f"One scope: {', '.join(SCOPES)}.  [default: all]"),
    ] = None,
    json: Json = False,
) -> None:
    """Explore everything that can happen in small clusters.

    The search is breadth first, over every order in which messages can arrive, timers can fire and
    faults can occur: a crash, a pause, a lost reply, a lost write of the store, or a crash and a
    pause. Each step of the scheduler's own code is checked. Where a world ends, every occurrence
    must have its outcome, and the rules judge the history. A violation is reported with the
    shortest sequence of steps that leads to it. The scopes are explored side by side, each in a
    process of its own; one takes less than five minutes on a core.

    Exit status 0: no violation; 1: a violation was found; 2: bad input.
    """
    explored = _explore(_scopes(scope))
    if json:
        console.print_json([_values(each) for each in explored])
    else:
        _print(explored)
    if any(each.found.counterexample for each in explored):
        raise typer.Exit(1)


def _scopes(name: str | None) -> list[Scope]:
    if name is None:
        return list(SCOPES.values())
    if name not in SCOPES:
        raise BadInput("--scope", [no_such("scope", name, SCOPES)])
    return [SCOPES[name]]


def _explore(scopes: Sequence[Scope]) -> list[Explored]:
    """Explore the scopes, with notes on standard error. Raises BadInput if a process dies."""
    reached: dict[str, str] = {}
    explored: list[Explored] = []
    names = ", ".join(scope.name for scope in scopes)
    with console.status_line(f"exploring {names}") as update:

        def progress(at: Reached) -> None:
            states = (
                f"{tables.count(at.states)} states, {tables.count(at.edge)} of them at the edge"
            )
            reached[at.scope] = f"{at.scope}: {at.depth} steps deep, {states}"
            update(f"exploring {'; '.join(reached.values())}")

        try:
            for each in _results(scopes, progress):
                reached.pop(each.found.scope.name, None)
                explored.append(each)
        except ProcessDied as death:
            raise BadInput("explore", [str(death)]) from None
    for each in explored:
        states = f"{tables.count(each.found.states)} states, {tables.count(_speed(each))} a second"
        console.print_notes(
            [f"explored {each.found.scope.name} in {tables.span(each.took)}: {states}"]
        )
    return explored


def _results(scopes: Sequence[Scope], progress: Progress) -> Iterator[Explored]:
    if len(scopes) == 1:  # this process has nothing else to do
        return iter([explore_here(scopes[0], progress)])
    return explore_side_by_side(scopes, os.cpu_count() or 1, progress)


def _speed(explored: Explored) -> int:
    """Distinct states a second."""
    return explored.found.states * SECOND // max(explored.took, 1)


def _print(explored: list[Explored]) -> None:
    columns = ("states", "transitions", "depth", "ends", "states/s")
    table = tables.table("scope", *columns, right=columns)
    for each in explored:
        found = each.found
        figures = (found.states, found.transitions, found.depth, found.ends, _speed(each))
        table.add_row(found.scope.name, *map(tables.count, figures))
    console.print_parts(table, "")
    for each in explored:
        scope, found = each.found.scope, each.found
        computed = f"{tables.count(found.by_store)} steps of stores and "
        computed += f"{tables.count(found.by_servers)} of servers"
        console.print_parts(
            f"{scope.name}: {scope.title}",
            f"  {_shape(scope)}",
            f"  {computed} were computed by the scheduler's own code, all others looked up",
        )
        if found.counterexample is None:
            judged = f"histories judged: {tables.count(found.judged)}"
            console.print_parts(f"  no violation; {judged}", "")
        else:
            console.print_parts(*_counterexample(found.counterexample), "")


def _shape(scope: Scope) -> str:
    servers, jobs = counted(scope.servers, "server"), counted(scope.jobs, "job")
    workers = counted(scope.workers, "worker")
    occurrences = counted(scope.occurrences, "occurrence")
    return f"{servers} × {workers} × {jobs} × {occurrences}"


def _counterexample(counterexample: Counterexample) -> list[RenderableType]:
    numbered = [
        f"  {number:3}. {tables.span(step.after):>6}  {step.what}"
        for number, step in enumerate(counterexample.steps, 1)
    ]
    return ["  a shortest way to a violation:", *numbered, Text(f"  {counterexample.why}")]


def _values(explored: Explored) -> dict[str, object]:
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
        "states_per_second": _speed(explored),
        "counterexample": counterexample
        and {
            "steps": [{"after": step.after, "what": step.what} for step in counterexample.steps],
            "why": counterexample.why,
        },
    }
