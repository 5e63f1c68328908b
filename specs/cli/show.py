"""``gnomon show``: a history as text, one line for each event, or as a picture.

The one idea: a filter must name something that is in the history. A misspelt job is an error, not
an empty result.
"""

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated

import typer

from gnomon.reference import jobs
from gnomon.reference.events import Event, JobCreated, JobEdited, Published
from gnomon.reference.history import History
from gnomon.reference.schedule.clock import FIRST_INSTANT, LAST_INSTANT, write_instant
from gnomon.specs.cli import console
from gnomon.specs.cli.console import BadInput, examples
from gnomon.specs.cli.options import HistoryFile
from gnomon.specs.notation.grammar import KINDS, read_time
from gnomon.specs.notation.renderer import View, render_history

LARGE_PAGE = 64 * 2**20
"""Bytes of a page that a browser opens slowly: a million runs."""


def add_to(app: typer.Typer) -> None:
    """Add the command to `app`."""
    epilog = examples(
        "gnomon show history.jsonl --job job-1 --from 20m --until 30m",
        "gnomon show history.jsonl --kind published --kind skipped",
        "gnomon show history.jsonl --html picture.html",
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
    html: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Output file for a time line as a page, to zoom."),
    ] = None,
    svg: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Output file for a time line as SVG, for documents."),
    ] = None,
    perfetto: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Output file for ui.perfetto.dev (trace events, JSON)."),
    ] = None,
) -> None:
    """Print a history as text, one line for each event.

    With --html, --svg or --perfetto it is written as a picture instead. The violations of all rules
    are marked in it. The picture needs nothing from the network.

    specs/scheduler.md explains the lines under "How a picture is read".
    """
    outputs = {"html": html, "svg": svg, "perfetto": perfetto}
    pictures = {form: path for form, path in outputs.items() if path is not None}
    if pictures and kind:
        raise BadInput("--kind", ["it selects lines of text; a picture has every kind of event"])
    if len(set(map(os.path.realpath, pictures.values()))) < len(pictures):
        raise BadInput(", ".join(f"--{form}" for form in pictures), ["give each a file of its own"])
    for path in pictures.values():
        console.require_output(path, file)
    kinds = [_known("--kind", "kind of event", one, KINDS) for one in kind or ()]
    history = console.read_history(file)
    begins = FIRST_INSTANT if start is None else _time("--from", start, history)
    ends = LAST_INSTANT + 1 if until is None else _time("--until", until, history)
    if ends <= begins:
        raise BadInput("--until", ["it must be later than --from"])
    job_id = None if job is None else _job_id(history, job)
    if server is not None:
        _known("--server", "server", server, _values(history.events, "server"))
    if pictures:
        _draw(file, history, pictures, (begins, ends, job_id, server))
        return
    view = View(job_id, server, begins, ends, frozenset(kinds))
    try:
        with console.spinner("rendering"):
            text = console.collected(render_history(history, view))
    except RecursionError:
        raise BadInput(str(file), ["a definition in it is nested too deeply"]) from None
    console.print_collected(text)


def _draw(
    file: Path,
    history: History,
    pictures: dict[str, Path],
    selection: tuple[int, int, str | None, str | None],
) -> None:
    """Judge a history, and write a picture of what is selected of it to each file."""
    from gnomon.specs.render.documents.page import show_page  # noqa: PLC0415
    from gnomon.specs.render.documents.perfetto import trace_events  # noqa: PLC0415
    from gnomon.specs.render.documents.svg import svg  # noqa: PLC0415
    from gnomon.specs.render.timeline.part import part_of  # noqa: PLC0415
    from gnomon.specs.render.timeline.picture import Picture, picture_of  # noqa: PLC0415
    from gnomon.specs.rules import judge_trace  # noqa: PLC0415
    from gnomon.specs.trace.trace import Trace  # noqa: PLC0415

    drawn: dict[str, Callable[[Picture, str], Iterable[str]]] = {
        "html": show_page,
        "svg": lambda *drawing: [svg(*drawing)],
        "perfetto": trace_events,
    }
    try:
        with console.spinner("drawing"):
            trace = Trace(history)
            picture = picture_of(trace, judge_trace(trace))
            if not selection[0] < trace.end >= trace.start < selection[1]:
                span = f"{write_instant(trace.start)} to {write_instant(trace.end)}"
                raise BadInput("--from, --until", [f"the history lies beside; it is from {span}"])
            if selection != (FIRST_INSTANT, LAST_INSTANT + 1, None, None):
                picture = part_of(picture, *selection)
    except RecursionError:
        raise BadInput(str(file), ["a definition in it is nested too deeply"]) from None
    for form, path in pictures.items():
        with console.spinner("drawing"), console.open_output(path, file) as written:
            pieces = drawn[form](picture, file.name)
            size = sum(map(written.write, map(str.encode, pieces)))
        if form == "html":
            _note_size(size)
        console.print_parts(f"picture written to {path}")


def _note_size(size: int) -> None:
    """State that a page of `size` bytes is large for a browser, and what makes it smaller."""
    if size > LARGE_PAGE:
        words = f"the page has {size >> 20} MiB, and a browser takes long to open it"
        console.print_notes([f"{words}: --from, --until, --job and --server select a part"])


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
