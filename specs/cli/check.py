"""``gnomon check``, ``rules``, ``next`` and ``import``: what can be asked without a simulation."""

import re
from collections.abc import Sequence
from pathlib import Path
from shutil import get_terminal_size
from textwrap import fill, indent
from typing import Annotated

import msgspec
import typer
from rich.text import Text

from gnomon.reference import jobs
from gnomon.reference.schedule.clock import (
    DAY,
    LAST_INSTANT,
    SECOND,
    read_duration,
    read_instant,
    to_datetime,
    write_instant,
)
from gnomon.reference.schedule.zones import load_zone
from gnomon.specs.cli import console
from gnomon.specs.cli.console import BadInput
from gnomon.specs.cli.next import next_instants, read_when
from gnomon.specs.cli.show import show
from gnomon.specs.importers.crontab import Problem, UndecidedError, read_crontab
from gnomon.specs.importers.history import reconstruct
from gnomon.specs.importers.schedule_json import ScheduleError, read_schedule
from gnomon.specs.importers.to_recording import expressible, from_crontab, from_schedule
from gnomon.specs.recording import files
from gnomon.specs.recording.model import Recording
from gnomon.specs.recording.reader import RecordingError
from gnomon.specs.render import tables
from gnomon.specs.render.text import in_words
from gnomon.specs.rules import RULES, Finding, judge_trace
from gnomon.specs.spec_text import Section, sections
from gnomon.specs.trace.summary import summarise
from gnomon.specs.trace.trace import Trace

LARGEST_SCHEDULE = 4 * 2**20
"""Bytes of a file to import; whole distributions are scheduled in a hundredth of it."""
WIDTH_OF_PROSE = 88
_HARD_BLANK = "\N{NO-BREAK SPACE}"

Json = Annotated[bool, typer.Option("--json", help="Answer in JSON, for machines.")]
Zone = Annotated[str, typer.Option(metavar="ZONE", help="IANA time zone, such as Europe/Warsaw.")]
From = Annotated[
    str | None,
    typer.Option("--from", metavar="T", help="Start of the recording.  [default: next midnight]"),
]
Until = Annotated[
    str | None, typer.Option(metavar="T", help="End of the recording.  [default: a day later]")
]
Out = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Write the recording to FILE, do not print it.")
]
Takes = Annotated[
    str, typer.Option("--duration", metavar="D", help="How long every run takes, such as 250ms.")
]


def add_to(app: typer.Typer) -> None:
    """Add these commands to `app`."""
    app.command("check")(check)
    app.command("show")(show)
    app.command("rules")(rules)
    app.command("next")(preview)
    imports = typer.Typer(no_args_is_help=True, help="Make a recording of a schedule.")
    imports.command("crontab")(import_crontab)
    imports.command("schedule")(import_schedule)
    imports.command("history")(import_history)
    app.add_typer(imports, name="import")


# --- check


def check(
    file: Annotated[
        Path, typer.Argument(metavar="HISTORY", help="A file of JSON lines, gnomon-history/1.")
    ],
    json: Json = False,
) -> None:
    """Judge a history, whoever made it, by every rule.

    Exit status 0: every rule that was exercised holds; 1: one is broken; 2: bad input.
    """
    read = console.read_history(file)
    try:
        with console.working("judging"):
            trace = Trace(read)
            findings = {**judge_trace(trace), "HIST-4": Finding(len(trace.events) + 2)}
            summary = summarise(trace)
    except RecursionError:
        raise BadInput(str(file), ["a definition in it is nested too deep to be told of"]) from None
    if json:
        figures = msgspec.to_builtins(summary)
        console.say_json({**figures, "rules": tables.findings_as_values(findings)})
    else:
        begins, ends = write_instant(trace.start), write_instant(trace.end)
        length = tables.span(trace.end - trace.start)
        events = console.counted(len(trace.events), "event")
        console.say(f"{file}: {events}, {begins} to {ends} ({length})")
        for part in tables.figures(summary):
            console.say("", part)
        console.say("", *tables.verdicts(findings))
    if any(finding.violations for finding in findings.values()):
        raise typer.Exit(1)


# --- rules


def rules(
    id: Annotated[
        str | None, typer.Argument(metavar="ID", help="A rule's id, such as FIRE-5.")
    ] = None,
    json: Json = False,
) -> None:
    """Say what must hold: every rule, or one in full.

    In full: its text, its reason, its source, and histories that keep it and that break it.
    """
    texts = sections()
    if id is not None and id.upper() not in texts:
        raise BadInput("ID", [jobs.no_such("rule", id, texts)])
    chosen = list(texts.values()) if id is None else [texts[id.upper()]]
    if json:
        told = [_rule_as_values(section) for section in chosen]
        console.say_json(told if id is None else told[0])
    elif id is None:
        listing = tables.table("rule", "level", "state", "what must hold")
        for section in chosen:
            listing.add_row(section.id, section.level, section.state, section.title)
        console.say(listing, "\nOne of them in full: gnomon rules FIRE-5")
    else:
        _say_rule(chosen[0])


def _where_checked(section: Section) -> str:
    known = RULES.get(section.id)
    if known is None:
        return f"by tests/live, where they name {section.id}"
    return f"{known.check.__module__}.{known.check.__name__}"


def _rule_as_values(section: Section) -> dict[str, object]:
    return {
        "id": section.id,
        "title": section.title,
        "level": section.level,
        "source": section.source,
        "state": section.state,
        "text": section.text,
        "why": section.why,
        "checked_by": _where_checked(section),
        "examples": [{"effect": e.effect, "text": e.text} for e in section.examples],
    }


def _say_rule(section: Section) -> None:
    console.say(
        Text(f"{section.id} {section.title}", "bold"),
        f"\n{_prose(section.text)}",
        f"\n{_prose(f'Why. {section.why}')}",
        f"\nLevel:   {section.level}",
        f"Source:  {section.source}",
        f"Checked: {_where_checked(section)}",
    )
    for example in section.examples:
        options = f" ({', '.join(example.options)})" if example.options else ""
        keeps = "keeps" if example.effect == "holds" else "breaks"
        console.say(
            f"\nA history that {keeps} it{options}:\n", indent(example.text.rstrip(), "    ")
        )


def _prose(text: str) -> str:
    """Paragraphs and lists, wrapped anew for the terminal; what is `quoted` stays in one line."""
    width = min(get_terminal_size().columns, WIDTH_OF_PROSE)
    return "\n".join(
        fill(
            re.sub(
                "`.*?`", lambda quoted: quoted[0].replace(" ", _HARD_BLANK), " ".join(part.split())
            ),
            width,
            initial_indent="\n" if part.startswith("\n") else "",
            subsequent_indent="  " if part.lstrip().startswith("* ") else "",
            break_on_hyphens=False,
            break_long_words=False,
        ).replace(_HARD_BLANK, " ")
        for part in re.split(r"\n(?=\n|\* )", text)
    )


# --- next


def preview(
    definition: Annotated[
        str,
        typer.Argument(
            metavar="DEFINITION",
            help="A cron definition, in quotes, or an interval such as 'every 90m'.",
        ),
    ],
    timezone: Zone = "UTC",
    start: Annotated[
        str | None,
        typer.Option(metavar="T", help="start_date; an interval counts from it.  [default: now]"),
    ] = None,
    after: Annotated[
        str | None,
        typer.Option(metavar="T", help="Only what is later than T.  [default: from --start on]"),
    ] = None,
    count: Annotated[
        int, typer.Option(metavar="N", help="How many instants.", min=1, max=100_000)
    ] = 10,
    json: Json = False,
) -> None:
    """Say when a definition is due next, and what it means in words."""
    try:
        fields = read_when(definition)
    except ValueError as error:
        raise BadInput("DEFINITION", getattr(error, "faults", [str(error)])) from None
    if fields["job_type"] == "cron_style":
        fields["timezone"] = _zone(timezone)
    elif timezone != "UTC":
        raise BadInput("--timezone", ["an interval has none: it counts real time"])
    later_than = None if after is None else _instant("--after", after)
    if start is not None:
        begins = _instant("--start", start)
    else:
        begins = _next_second() if later_than is None else later_than
    fields |= {"name": "next", "service": "next", "start_date": write_instant(begins)}
    job = jobs.read(fields)
    instants = next_instants(job, begins - 1 if later_than is None else later_than, count)
    if json:
        console.say_json([write_instant(instant) for instant in instants])
    else:
        console.say(in_words(job), *(_moment(instant, timezone) for instant in instants))


def _next_second() -> int:
    return -(-console.now() // SECOND) * SECOND


def _moment(instant: int, timezone: str) -> str:
    """An instant, and what the clock of `timezone` shows then."""
    local = to_datetime(instant).astimezone(load_zone(timezone))
    shown = f"{local:%a}" if timezone == "UTC" else f"{local:%a %Y-%m-%d %H:%M:%S %Z}"
    return f"{write_instant(instant)}  {shown}"


# --- import


def import_crontab(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A user's crontab, or one like /etc/crontab.")
    ],
    timezone: Zone = "UTC",
    system: Annotated[
        bool | None,
        typer.Option("--system/--user", help="Whether a user stands before each command."),
    ] = None,
    start: From = None,
    until: Until = None,
    duration: Takes = "1s",
    out: Out = None,
    json: Json = False,
) -> None:
    """Make a recording of a crontab.

    What cannot be expressed, such as @reboot, is listed on standard error.
    """
    begins, ends, takes = _span(start, until, duration)
    try:
        text = console.read_file(file, LARGEST_SCHEDULE).decode("utf-8-sig")
        crontab = expressible(read_crontab(text, _zone(timezone), system))
    except UnicodeDecodeError as error:
        problem = f"byte {error.start} is not UTF-8; a crontab is a text in UTF-8"
        raise BadInput(str(file), [problem]) from None
    except UndecidedError as error:
        raise BadInput(str(file), [str(error)]) from None
    if not crontab.lines:
        reasons = [f"line {problem.number}: {problem.reason}" for problem in crontab.problems]
        raise BadInput(str(file), [*reasons, "no line of it is a job that can be imported"])
    recording = from_crontab(crontab, f"Imported from {file.name}", begins, ends, takes)
    _deliver(recording, file, out, json, crontab.problems)


def import_schedule(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="JSON: source, retrieved_version, note, jobs.")
    ],
    start: From = None,
    until: Until = None,
    duration: Takes = "1s",
    out: Out = None,
    json: Json = False,
) -> None:
    """Make a recording of a schedule file.

    Its jobs have a name, and cron, a cron definition, or every_seconds.
    """
    begins, ends, takes = _span(start, until, duration)
    try:
        schedule = read_schedule(console.read_file(file, LARGEST_SCHEDULE))
    except ScheduleError as error:
        raise BadInput(str(file), error.faults) from None
    _deliver(from_schedule(schedule, begins, ends, takes), file, out, json, ())


def import_history(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A history, JSON lines.")],
    out: Out = None,
    json: Json = False,
) -> None:
    """Make a recording of a history.

    Its jobs, what was done to them, and how long its runs took; its faults are left out.
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
    note: str = "How long runs take no schedule says: put the durations of the services right.",
) -> None:
    """Write or print a recording, and say what could not be brought into it, and `note`."""
    text = files.to_toml(recording)
    if out is not None:
        with console.written_file(out, source) as file:
            file.write(text.encode())
    if json:
        missing = [{"line": p.number, "text": p.text, "reason": p.reason} for p in problems]
        console.say_json({"recording": files.tables_of(recording), "not_imported": missing})
    elif out is None:
        console.say_text(text)
    console.say_aside(
        f"not imported: line {p.number}: {' '.join(p.text.split()):.60}: {p.reason}"
        for p in problems
    )
    imported = console.counted(recording.job_count, "job")
    left_out = f", {console.counted(len(problems), 'line')} not" if problems else ""
    console.say_aside(
        [
            f"{imported} imported{left_out}{'' if out is None else f'; written to {out}'}",
            *([note] if note else []),
        ]
    )


# --- options


def _span(start: str | None, until: str | None, duration: str) -> tuple[int, int, int]:
    """Where a recording starts and ends, and how long a run takes (µs)."""
    begins = (console.now() // DAY + 1) * DAY if start is None else _instant("--from", start)
    ends = min(begins + DAY, LAST_INSTANT) if until is None else _instant("--until", until)
    if ends <= begins:
        raise BadInput("--until", [f"it must be later than {write_instant(begins)}"])
    try:
        takes = read_duration(duration)
    except ValueError as error:
        raise BadInput("--duration", [f"{error}; given was {duration!r}"]) from None
    if takes > jobs.LONGEST_DURATION:
        raise BadInput("--duration", [f"it is at most a million days; given was {duration!r}"])
    return begins, ends, takes


def _instant(option: str, text: str) -> int:
    try:
        return read_instant(text)
    except ValueError as error:
        raise BadInput(option, [f"{error}; given was {text!r}"]) from None


def _zone(text: str) -> str:
    try:
        return jobs.read_zone(text)
    except ValueError as error:
        raise BadInput("--timezone", [f"{error}; given was {text!r}"]) from None
