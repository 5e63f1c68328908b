"""``gnomon import``: makes a recording of a crontab, a schedule file or a history."""

import codecs
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from gnomon.reference.schedule.clock import DAY, LAST_INSTANT, write_instant
from gnomon.specs.cli import console
from gnomon.specs.cli.comparisons.crontab_dialect import CrontabDialect, dialect_remarks
from gnomon.specs.cli.comparisons.next_dialects import peer_named
from gnomon.specs.cli.console import BadInput, examples
from gnomon.specs.cli.options import (
    HistoryFile,
    Json,
    RecordingEnd,
    RecordingOut,
    RecordingStart,
    RunDuration,
    Zone,
    parse_duration,
    parse_instant,
    parse_zone,
)
from gnomon.specs.importers.contents import Problem, Remark, UndecidedError
from gnomon.specs.importers.crontab import read_crontab
from gnomon.specs.importers.history import reconstruct
from gnomon.specs.importers.schedule_json import ScheduleError, read_schedule
from gnomon.specs.importers.to_recording import expressible, from_crontab, from_schedule
from gnomon.specs.recording import jobs_file, writer
from gnomon.specs.recording.model import Recording
from gnomon.specs.recording.reader import RecordingError
from gnomon.specs.render.strings import counted

LARGEST_SCHEDULE = 4 * 2**20
"""Bytes of a file to import; a whole distribution's crontabs need a hundredth of it."""
DURATIONS_ARE_GUESSED = (
    "A schedule does not say how long runs take: set the durations of the services."
)
SERVICES_ARE_MISSING = (
    "A crontab has commands, and jobs run services: each job names a service after itself, with "
    "the command as its payload; deploy such services, or change the field service."
)


def add_to(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    group = typer.Typer(no_args_is_help=True, help="Make a recording of a schedule or a history.")
    group.command(
        "crontab",
        epilog=examples(
            "gnomon import crontab /etc/crontab --out crontab.toml",
            "gnomon import crontab crontab.txt --dialect celery",
            "gnomon import crontab /etc/crontab --jobs --out jobs.toml",
        ),
    )(crontab)
    group.command(
        "schedule", epilog=examples("gnomon import schedule schedule.json --duration 3s")
    )(schedule)
    group.command("history", epilog=examples("gnomon import history day.jsonl --out day.toml"))(
        history
    )
    app.add_typer(group, name="import")


def crontab(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="A user's crontab, one like /etc/crontab, or an anacrontab."
        ),
    ],
    timezone: Zone = "UTC",
    system: Annotated[
        bool | None,
        typer.Option("--system/--user", help="Whether each command has a user before it."),
    ] = None,
    start: RecordingStart = None,
    until: RecordingEnd = None,
    duration: RunDuration = "1s",
    dialect: CrontabDialect = None,
    as_jobs: Annotated[
        bool, typer.Option("--jobs", help="A file for gnomon jobs apply, not a recording.")
    ] = False,
    out: RecordingOut = None,
    json: Json = False,
) -> None:
    """Make a recording of a crontab, or a file of jobs.

    Lines that a recording cannot express, such as @reboot, are listed on standard error with the
    nearest equivalent. Arguments of commands are kept in the field extra of the jobs, and are not
    printed elsewhere: look for passwords there before you share a recording.

    With --dialect, each line is listed that means something else here than in the scheduler for
    which the crontab was written, with the first instant at which the two part.
    """
    peer = None if dialect is None else peer_named(dialect)
    begins, ends, takes = _span(start, until, duration)
    try:
        data = console.read_file(file, LARGEST_SCHEDULE)
        if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise BadInput(str(file), ["it is UTF-16; a crontab is text in UTF-8: convert it"])
        read = expressible(read_crontab(data, parse_zone(timezone), system))
    except UndecidedError as error:
        raise BadInput(str(file), [str(error)]) from None
    if not read.lines:
        reasons = [f"line {problem.number}: {problem.reason}" for problem in read.problems]
        raise BadInput(str(file), [*reasons, "it has no job that can be imported"])
    if peer is not None:
        try:
            remarks = sorted((*read.remarks, *dialect_remarks(read, peer, begins - 1)))
        except ValueError as error:
            raise BadInput("--from", [str(error)]) from None
        read = read._replace(remarks=tuple(remarks))
    recording = from_crontab(read, f"Imported from {file.name}", begins, ends, takes)
    if as_jobs:
        _deliver_jobs(recording, file, out, json, read.problems, read.remarks)
        return
    _deliver(recording, file, out, json, read.problems, DURATIONS_ARE_GUESSED, read.remarks)


def schedule(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="JSON with source, retrieved_version, note and jobs."),
    ],
    start: RecordingStart = None,
    until: RecordingEnd = None,
    duration: RunDuration = "1s",
    out: RecordingOut = None,
    json: Json = False,
) -> None:
    """Make a recording of a schedule file.

    Each of its jobs has a name, and either cron, a cron definition, or every_seconds.
    """
    begins, ends, takes = _span(start, until, duration)
    try:
        read = read_schedule(console.read_file(file, LARGEST_SCHEDULE))
    except ScheduleError as error:
        raise BadInput(str(file), error.faults) from None
    recording = from_schedule(read, begins, ends, takes)
    _deliver(recording, file, out, json, (), DURATIONS_ARE_GUESSED)


def history(file: HistoryFile, out: RecordingOut = None, json: Json = False) -> None:
    """Make a recording of a history.

    It holds the jobs, the changes made to them, and the durations of the runs, but no faults.
    """
    try:
        recording = reconstruct(console.read_history(file))
    except RecordingError as error:
        raise BadInput(str(file), error.faults) from None
    _deliver(recording, file, out, json, (), recording.note)


def _deliver(
    recording: Recording,
    source: Path,
    out: Path | None,
    json: bool,
    problems: Sequence[Problem],
    note: str,
    remarks: Sequence[Remark] = (),
) -> None:
    """Write or print the recording; then print the lines left out, the remarks, and `note`."""
    _write(writer.to_toml(recording), source, out, json)
    if json:
        _print_json({"recording": writer.tables_of(recording)}, problems, remarks)
    _print_notes(recording, out, problems, note, remarks)


def _deliver_jobs(
    recording: Recording,
    source: Path,
    out: Path | None,
    json: bool,
    problems: Sequence[Problem],
    remarks: Sequence[Remark],
) -> None:
    """Write or print the jobs of a recording as a file of jobs; then print the notes."""
    tables = [jobs_file.table_of(job.definition) for job in recording.jobs]
    _write(jobs_file.write_jobs(tables), source, out, json)
    if json:
        _print_json({"jobs": tables}, problems, remarks)
    _print_notes(recording, out, problems, SERVICES_ARE_MISSING, remarks)


def _write(text: str, source: Path, out: Path | None, json: bool) -> None:
    """Write the text to `out`, or print it."""
    if out is not None:
        with console.open_output(out, source) as file:
            file.write(text.encode())
    elif not json:
        console.print_text(text)


def _print_json(
    made: dict[str, object], problems: Sequence[Problem], remarks: Sequence[Remark]
) -> None:
    listed = {
        "not_imported": [_as_json(problem) for problem in problems],
        "remarks": [_as_json(remark) for remark in remarks],
    }
    console.print_json(made | listed)


def _print_notes(
    recording: Recording,
    out: Path | None,
    problems: Sequence[Problem],
    note: str,
    remarks: Sequence[Remark],
) -> None:
    """Print the lines left out, the remarks, the total, and `note`."""
    console.print_notes(
        f"not imported: line {p.number}: {' '.join(p.text.split()):.60}: {p.reason}"
        for p in problems
    )
    console.print_notes(_grouped(remarks))
    imported = counted(recording.job_count, "job")
    left_out = f", {counted(len(problems), 'line')} not" if problems else ""
    written = "" if out is None else f"; written to {out}"
    console.print_notes([f"{imported} imported{left_out}{written}", *([note] if note else [])])


def _as_json(listed: Problem | Remark) -> dict[str, str | int]:
    return {"line": listed.number, "text": listed.text, "reason": listed.reason}


def _grouped(remarks: Sequence[Remark]) -> list[str]:
    """One text for each reason, with the lines to which it applies."""
    groups: dict[str, list[Remark]] = {}
    for remark in remarks:
        groups.setdefault(remark.reason, []).append(remark)
    return [
        f"remark: {_lines(group)}: {group[0].text if len(group) == 1 else 'each'}: {reason}"
        for reason, group in groups.items()
    ]


def _lines(remarks: Sequence[Remark]) -> str:
    numbers = [str(remark.number) for remark in remarks[:10]]
    more = f" and {len(remarks) - 10} more" if len(remarks) > 10 else ""
    return f"line{'s' * (len(remarks) > 1)} {', '.join(numbers)}{more}"


def _span(start: str | None, until: str | None, duration: str) -> tuple[int, int, int]:
    """The start and the end of a recording, and the duration of a run (µs)."""
    tomorrow = (console.now() // DAY + 1) * DAY
    begins = tomorrow if start is None else parse_instant("--from", start)
    ends = min(begins + DAY, LAST_INSTANT) if until is None else parse_instant("--until", until)
    if ends <= begins:
        raise BadInput("--until", [f"it must be later than {write_instant(begins)}"])
    return begins, ends, parse_duration("--duration", duration)
