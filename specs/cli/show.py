"""``gnomon show``: a history as a picture in text.

The one idea: what is asked for must be in the history; who misspells a job is not told that nothing
has become of it.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from gnomon.reference import jobs
from gnomon.reference.history import History
from gnomon.reference.schedule.clock import FIRST_INSTANT, LAST_INSTANT
from gnomon.specs.cli import console
from gnomon.specs.cli.console import BadInput
from gnomon.specs.notation.grammar import KINDS, read_time
from gnomon.specs.notation.renderer import View, render_history


def show(
    file: Annotated[
        Path, typer.Argument(metavar="HISTORY", help="A file of JSON lines, gnomon-history/1.")
    ],
    job: Annotated[
        str | None, typer.Option(metavar="ID", help="Only what is about this job.")
    ] = None,
    server: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only what names this server.")
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="T", help="An instant, or a time since the start, such as 20m."
        ),
    ] = None,
    until: Annotated[
        str | None, typer.Option(metavar="T", help="As --from; T itself is not shown.")
    ] = None,
    kind: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KIND", help="Only events of this kind, such as published; may be repeated."
        ),
    ] = None,
) -> None:
    """Show a history as text, a line an event.

    How a line is read is told in specs/scheduler.md, "How a picture is read".
    """
    kinds = [_known("--kind", "kind of event", one, KINDS) for one in kind or ()]
    told = console.read_history(file)
    begins = FIRST_INSTANT if start is None else _time("--from", start, told)
    ends = LAST_INSTANT + 1 if until is None else _time("--until", until, told)
    if ends <= begins:
        raise BadInput("--until", ["it must be later than --from"])
    view = View(
        None if job is None else _known("--job", "job", job, _all(told.events, "job")),
        None
        if server is None
        else _known("--server", "server", server, _all(told.events, "server")),
        begins,
        ends,
        frozenset(kinds),
    )
    try:
        with console.working("drawing"):
            shown = "".join(f"{line}\n" for line in render_history(told, view))
    except RecursionError:
        raise BadInput(str(file), ["a definition in it is nested too deep to be shown"]) from None
    console.say_text(shown)


def _all(events: Iterable[Any], field: str) -> list[str]:
    """The values that `field` has in `events`, each once, the first first."""
    return list(dict.fromkeys(getattr(event, field) for event in events if hasattr(event, field)))


def _known(option: str, what: str, name: str, known: Iterable[str]) -> str:
    if name not in known:
        raise BadInput(option, [jobs.no_such(what, name, known)])
    return name


def _time(option: str, text: str, told: History) -> int:
    try:
        return read_time(text, told.header.start)
    except ValueError:
        problem = (
            "a time is written as in 20m, which counts from the start, or 2026-01-31T12:00:00Z"
        )
        raise BadInput(option, [f"{problem}; given was {text!r}"]) from None
