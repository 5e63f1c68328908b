"""``gnomon show``: a history as text, one line for each event.

The one idea: a filter must name something that is in the history. A misspelt job is an error, not
an empty result.
"""

from collections.abc import Iterable
from typing import Annotated

import typer

from gnomon.reference import jobs
from gnomon.reference.events import Event, JobCreated, JobEdited, Published
from gnomon.reference.history import History
from gnomon.reference.schedule.clock import FIRST_INSTANT, LAST_INSTANT
from gnomon.specs.cli import console
from gnomon.specs.cli.console import BadInput, examples
from gnomon.specs.cli.options import HistoryFile
from gnomon.specs.notation.grammar import KINDS, read_time
from gnomon.specs.notation.renderer import View, render_history


def add_to(app: typer.Typer) -> None:
    """Add the command to `app`."""
    epilog = examples(
        "gnomon show history.jsonl --job job-1 --from 20m --until 30m",
        "gnomon show history.jsonl --kind published --kind skipped",
    )
    app.command("show", epilog=epilog)(show)


def show(
    file: HistoryFile,
    job: Annotated[
        str | None,
        typer.Option(
            metavar="ID_OR_NAME", help="Only events of this job and its messages; an id goes first."
        ),
    ] = None,
    server: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only events that name this server.")
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="T", help="First instant, or time since the start, as in 20m."
        ),
    ] = None,
    until: Annotated[
        str | None, typer.Option(metavar="T", help="End, written as --from (exclusive).")
    ] = None,
    kind: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KIND", help="Only events of this kind, such as published; repeatable."
        ),
    ] = None,
) -> None:
    """Print a history as text, one line for each event.

    specs/scheduler.md explains the lines under "How a picture is read".
    """
    kinds = [_known("--kind", "kind of event", one, KINDS) for one in kind or ()]
    history = console.read_history(file)
    begins = FIRST_INSTANT if start is None else _time("--from", start, history)
    ends = LAST_INSTANT + 1 if until is None else _time("--until", until, history)
    if ends <= begins:
        raise BadInput("--until", ["it must be later than --from"])
    view = View(
        None if job is None else _job_id(history, job),
        None
        if server is None
        else _known("--server", "server", server, _values(history.events, "server")),
        begins,
        ends,
        frozenset(kinds),
    )
    try:
        with console.spinner("rendering"):
            text = "".join(f"{line}\n" for line in render_history(history, view))
    except RecursionError:
        raise BadInput(str(file), ["a definition in it is nested too deeply"]) from None
    console.print_text(text)


def _job_id(history: History, job: str) -> str:
    """The id of the job of that id, or else of that name at any time. Raises BadInput."""
    ids = _values(history.events, "job")
    if job in ids:
        return job
    named: dict[str, list[str]] = {}
    for event in history.events:
        if isinstance(event, JobCreated | JobEdited | Published):
            found = named.setdefault(event.name, [])
            if event.job not in found:
                found.append(event.job)
    match named.get(job):
        case [id]:
            return id
        case [*several] if several:
            problem = f"jobs {', '.join(several)} have had the name {job!r}: give an id"
            raise BadInput("--job", [problem])
    return _known("--job", "job", job, dict.fromkeys([*ids, *named]))


def _values(events: Iterable[Event], field: str) -> list[str]:
    """The distinct values of `field` in `events`, in order of appearance."""
    return list(dict.fromkeys(getattr(event, field) for event in events if hasattr(event, field)))


def _known(option: str, what: str, name: str, known: Iterable[str]) -> str:
    if name not in known:
        raise BadInput(option, [jobs.no_such(what, name, known)])
    return name


def _time(option: str, text: str, history: History) -> int:
    try:
        return read_time(text, history.header.start)
    except ValueError:
        problem = (
            "a time is written as in 20m, which counts from the start, or 2026-01-31T12:00:00Z"
        )
        raise BadInput(option, [f"{problem}; given was {text!r}"]) from None
