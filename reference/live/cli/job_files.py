"""``gnomon jobs export`` and ``apply``: the jobs of a running server as a file.

The one idea: the file is compared with the server's jobs first, and the plan is printed; then it is
carried out, and every change that was not made is reported with the reason.

A file is one of ours or one of Zato's enmasse; the module that reads the latter is imported only
for such a file.
"""

import json as json_text
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from gnomon.reference.jobs import LARGEST_EXTRA
from gnomon.reference.jobs import read as read_definition
from gnomon.reference.live.api.schemas import JobView
from gnomon.reference.live.cli.connected import Login, Server, connected
from gnomon.reference.live.cli.job_plan import (
    CannotPlan,
    Edit,
    Fields,
    Plan,
    in_batches,
    plan,
    table_of,
)
from gnomon.reference.live.cli.options import DEFAULT_SERVER
from gnomon.reference.live.cli.tables import EXTRA_SHOWN
from gnomon.reference.schedule.clock import read_instant
from gnomon.specs.cli import console
from gnomon.specs.cli.console import BadInput
from gnomon.specs.cli.options import Json
from gnomon.specs.recording.files import LARGEST_FILE
from gnomon.specs.recording.jobs_file import read_jobs, write_jobs
from gnomon.specs.recording.reader import RecordingError
from gnomon.specs.render.strings import counted, printable

if TYPE_CHECKING:
    from gnomon.reference.live.cli.client import Client

Format = Literal["toml", "enmasse"]
CREATED_AT_ONCE = 1_000
"""Definitions in one request."""
PAYLOAD_AT_ONCE = LARGEST_EXTRA
"""Bytes of payload in one request, about: in JSON a byte may take six."""


def export(
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Output file.  [default: standard output]")
    ] = None,
    format: Annotated[
        Format, typer.Option(help="Format of the file; enmasse is YAML for Zato.")
    ] = "toml",
    server: Server = DEFAULT_SERVER,
    login: Login = None,
) -> None:
    """Write the jobs to a file that gnomon jobs apply reads.

    It has their definitions: not their ids, and not what they have run. Payloads are in it. Fields
    that Zato does not have are left out of its format, and listed.

    Exit status 0: done; 1: something was left out, and is listed; 2: bad input.
    """
    with connected(server, login) as client:
        jobs, unreadable = client.jobs(), client.unreadable_jobs()
    if format == "enmasse":
        text, left_out = _enmasse(jobs)
    else:
        text, left_out = write_jobs(table_of(job) for job in jobs), []
    if out is None:
        console.print_text(text)
    else:
        with console.open_output(out) as file:
            file.write(text.encode())
    left_out += [f"job {each.id}: {each.why}" for each in unreadable]
    console.print_notes(f"left out: {each}" for each in left_out)
    if left_out:
        raise typer.Exit(1)


def _enmasse(jobs: Sequence[JobView]) -> tuple[str, list[str]]:
    """The file for Zato, and what it leaves out."""
    from gnomon.reference.live.api.zato.enmasse import write_enmasse  # noqa: PLC0415

    return write_enmasse(read_definition(table_of(job)) for job in jobs)


def apply(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="File of jobs, see jobs export; or Zato's enmasse."),
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="The plan only; nothing is changed.")
    ] = False,
    prune: Annotated[
        bool, typer.Option("--prune", help="Jobs that the file does not have are deleted.")
    ] = False,
    server: Server = DEFAULT_SERVER,
    login: Login = None,
    json: Json = False,
) -> None:
    """Give the server the jobs of a file: create, edit and delete.

    The plan is printed first. A job is known by its name. A start_date or is_active that the file
    does not give stays as it is; a new job starts now. A job that somebody else changes meanwhile
    is left as it is.

    A file of Zato's enmasse, YAML, is read in the same way; what cannot be expressed is listed by
    line. A new job that has no is_active there is inactive, and fields that Zato does not have stay
    as they are.

    Exit status 0: done; 1: something was not done, and is listed; 2: bad input.
    """
    data = console.read_file(file, LARGEST_FILE)
    with connected(server, login) as client:
        current = client.jobs()
        wanted, left_out = _plan(file, data, current, prune)
        if not json:
            console.print_text("".join(f"{line}\n" for line in _lines(wanted)))
        failures = [] if dry_run else list(_carry_out(client, wanted))
    if json:
        console.print_json(_as_json(wanted, failures, dry_run) | {"left_out": left_out})
    elif dry_run and not wanted.is_empty:
        console.print_text("dry run: nothing was changed\n")
    elif not wanted.is_empty:
        changes = len(wanted.creations) + len(wanted.edits) + len(wanted.deletions)
        console.print_text(f"done: {changes - len(failures)} of {counted(changes, 'change')}\n")
    if failures or left_out:
        console.print_notes(left_out)
        console.print_notes(f"not done: {what}: {why}" for what, why in failures)
        raise typer.Exit(1)


def _plan(
    file: Path, data: bytes, current: Sequence[JobView], prune: bool
) -> tuple[Plan, list[str]]:
    """The plan of a file, and the lines that report what it leaves out. Raises BadInput."""
    now = console.next_second()
    starts = {job.name: read_instant(job.start_date) for job in current}

    def start_of(name: str) -> int:
        return starts.get(name, now)

    if _is_enmasse(file, data):
        return _plan_of_enmasse(file, data, start_of, current, prune)
    try:
        return plan(read_jobs(data, start_of), current, prune), []
    except (RecordingError, CannotPlan) as error:
        raise BadInput(str(file), error.faults) from None


def _is_enmasse(file: Path, data: bytes) -> bool:
    """Whether a file is one of Zato's: YAML by its name, or JSON with their section."""
    if file.suffix in (".yaml", ".yml"):
        return True
    if not data.lstrip().startswith(b"{"):
        return False
    try:
        tables = json_text.loads(data)
    except (ValueError, RecursionError):
        return False
    return "scheduler" in tables and "format" not in tables


def _plan_of_enmasse(
    file: Path,
    data: bytes,
    start_of: Callable[[str], int],
    current: Sequence[JobView],
    prune: bool,
) -> tuple[Plan, list[str]]:
    from gnomon.reference.live.api.zato.enmasse import (  # noqa: PLC0415
        MAY_BE_MISSING,
        EnmasseError,
        read_enmasse,
    )

    try:
        found = read_enmasse(data, start_of)
        return plan(found.jobs, current, prune, MAY_BE_MISSING), found.left_out
    except (EnmasseError, CannotPlan) as error:
        raise BadInput(str(file), error.faults) from None


# --- printing


def _lines(wanted: Plan) -> Iterator[str]:
    for fields in wanted.creations:
        yield f"+ create {_quoted(fields['name'])}"
        others = (field for field in fields if field != "name")
        yield from (f"    {field}: {_shown(fields[field])}" for field in others)
    for edit in wanted.edits:
        yield f"~ edit {_quoted(edit.job.name)}"
        for field, value in edit.after.items():
            yield f"    {field}: {_shown(edit.before[field])} -> {_shown(value)}"
    for job in wanted.deletions:
        yield f"- delete {_quoted(job.name)}"
    yield (
        f"{len(wanted.creations)} to create, {len(wanted.edits)} to edit, "
        f"{len(wanted.deletions)} to delete, {wanted.unchanged} unchanged"
    )
    if wanted.kept:
        some = ", ".join(map(_quoted, wanted.kept[:3])) + (", …" if len(wanted.kept) > 3 else "")
        yield f"{counted(len(wanted.kept), 'job')} not in the file: {some}; --prune deletes such"


def _quoted(name: object) -> str:
    return printable(str(name))


def _shown(value: object) -> str:
    """A value of a field; of a long text its beginning and its length."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str):
        return str(value)
    if len(value) <= EXTRA_SHOWN:
        return repr(value)
    return f"{value[:EXTRA_SHOWN]!r}… ({len(value)} characters)"


def _as_json(wanted: Plan, failures: Sequence[tuple[str, str]], dry_run: bool) -> Fields:
    return {
        "create": wanted.creations,
        "edit": [
            {
                "name": edit.job.name,
                "changes": {
                    field: {"from": edit.before[field], "to": value}
                    for field, value in edit.after.items()
                },
            }
            for edit in wanted.edits
        ],
        "delete": [job.name for job in wanted.deletions],
        "unchanged": wanted.unchanged,
        "not_in_file": wanted.kept,
        "dry_run": dry_run,
        "not_done": [{"change": what, "why": why} for what, why in failures],
    }


# --- carrying out


def _carry_out(client: "Client", wanted: Plan) -> Iterator[tuple[str, str]]:
    """Make the changes; those that were not made, each with the reason.

    After a request without an answer nothing else is tried.
    """
    from gnomon.reference.live.cli.client import Failed  # noqa: PLC0415

    broken: Failed | None = None
    for batch in in_batches(wanted.creations, CREATED_AT_ONCE, PAYLOAD_AT_ONCE):
        if broken is None:
            try:
                problems = client.create_all(batch)
            except Failed as error:
                broken = error if error.status is None else None
                problems = [str(error)] * len(batch)
        else:
            problems = [_AFTER_THAT] * len(batch)
        for fields, problem in zip(batch, problems, strict=True):
            if problem is not None:
                yield f"create {_quoted(fields['name'])}", problem
    changes: list[Edit | JobView] = [*wanted.edits, *wanted.deletions]
    for change in changes:
        problem = _AFTER_THAT
        if broken is None:
            try:
                _change(client, change)
            except Failed as error:
                broken = error if error.status is None else None
                problem = str(error)
            else:
                continue
        is_edit = isinstance(change, Edit)
        name = change.job.name if isinstance(change, Edit) else change.name
        yield f"{'edit' if is_edit else 'delete'} {_quoted(name)}", problem


_AFTER_THAT = "not tried, as the request before it had no answer"


def _change(client: "Client", change: Edit | JobView) -> None:
    if isinstance(change, Edit):
        client.edit(change.job.id, change.after, change.job.revision)
    else:
        client.delete(change.id, change.revision)
