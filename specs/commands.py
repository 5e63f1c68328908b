"""``gnomon check``, ``rules``, ``next`` and ``import``: what can be asked without a simulation."""

from collections.abc import Iterable
from pathlib import Path
from typing import IO, Annotated
from zoneinfo import ZoneInfo

import msgspec
import typer

from reference import history, jobs
from reference.clock import DAY, read_duration, read_instant, to_datetime, write_instant
from specs import console, shelf
from specs.crontab import UndecidedError, read_crontab
from specs.document import Section, sections
from specs.importing import from_crontab, from_schedule
from specs.preview import next_instants, read_when
from specs.recording import Recording
from specs.rules import RULES, Finding, judge_trace
from specs.schedules import ScheduleError, read_schedule
from specs.summary import summarise
from specs.trace import Trace
from specs.words import in_words

Json = Annotated[bool, typer.Option("--json", help="For machines.")]
Zone = Annotated[str, typer.Option(help="IANA time zone, as in Europe/Warsaw.")]
From = Annotated[
    str | None, typer.Option("--from", help="Where the recording starts; default: next midnight.")
]
Until = Annotated[str | None, typer.Option(help="Where it ends; default: a day after its start.")]
Out = Annotated[Path | None, typer.Option(help="Write the recording here instead of printing it.")]
Takes = Annotated[str, typer.Option("--duration", help="How long every run is to take.")]


def add_to(app: typer.Typer) -> None:
    """Add these commands to `app`."""
    app.command("check")(check)
    app.command("rules")(rules)
    app.command("next")(preview)
    imports = typer.Typer(no_args_is_help=True, help="Make a recording of a schedule.")
    imports.command("crontab")(import_crontab)
    imports.command("schedule")(import_schedule)
    app.add_typer(imports, name="import")


def check(
    file: Annotated[Path, typer.Argument(help="A history, JSON lines (gnomon-history/1).")],
    json: Json = False,
) -> None:
    """Judge a history that somebody made, by every rule.

    Exit 0 if every rule that was exercised holds, 1 if one is broken, 2 if the input is bad.
    """
    read = _read_history(file)
    trace = Trace(read)
    findings = {**judge_trace(trace), "HIST-4": Finding(len(read.events) + 2)}
    summary = summarise(trace)
    if json:
        figures = msgspec.to_builtins(summary)
        console.say_json({**figures, "rules": console.findings_as_values(findings)})
    else:
        out = console.console()
        begins, ends = write_instant(trace.start), write_instant(trace.end)
        out.print(f"{file}: {console.count(len(read.events))} events, {begins} to {ends}")
        for part in console.figures(summary):
            out.print()
            out.print(part)
        out.print()
        for verdict in console.verdicts(findings):
            out.print(verdict)
    if any(finding.violations for finding in findings.values()):
        raise typer.Exit(1)


def _read_history(path: Path) -> history.History:
    try:
        size = path.stat().st_size
        with path.open("rb") as file, console.progress("reading", 0, max(size, 1)) as bar:
            return history.read(_noting(file, bar))
    except OSError as error:
        raise console.BadInput(str(path), [f"cannot be read: {error.strerror}"]) from None
    except history.HistoryError as error:
        raise console.BadInput(str(path), [str(error)]) from None


def _noting(file: IO[bytes], bar: console.Move) -> Iterable[bytes]:
    """The lines of `file`, telling `bar` now and then how many bytes have been read."""
    position = 0
    for number, line in enumerate(file):
        position += len(line)
        if number % 10_000 == 0:
            bar(position)
        yield line


def rules(
    id: Annotated[str | None, typer.Argument(help="A rule's id, as in FIRE-5; none: all.")] = None,
    json: Json = False,
) -> None:
    """Say what must hold: every rule, or one with its reason and an example that breaks it."""
    texts = sections()
    if id is not None and id.upper() not in texts:
        raise console.BadInput("rules", [jobs.no_such("rule", id, texts)])
    chosen = list(texts.values()) if id is None else [texts[id.upper()]]
    if json:
        told = [_rule_as_values(section) for section in chosen]
        console.say_json(told if id is None else told[0])
    elif id is None:
        listing = console.table("rule", "level", "state", "what must hold")
        for section in chosen:
            listing.add_row(section.id, section.level, section.state, section.title)
        out = console.console()
        out.print(listing)
        out.print("\nOne of them in full, with its reason and examples: gnomon rules FIRE-5")
    else:
        _say_rule(chosen[0])


def _where_checked(section: Section) -> str:
    known = RULES.get(section.id)
    if known is None:
        return f"comes {'with the live system' if section.state == 'live' else section.state}"
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
        "checked_by": _where_checked(section) if section.id in RULES else None,
        "examples": [{"effect": e.effect, "text": e.text} for e in section.examples],
    }


def _say_rule(section: Section) -> None:
    out = console.console()
    out.print(f"{section.id} {section.title}\n", style="bold")
    out.print(f"{section.text}\n\nWhy.\n{section.why}\n")
    out.print(f"{section.level}. Source: {section.source}. Checked: {_where_checked(section)}.")
    for example in section.examples:
        options = f" ({', '.join(example.options)})" if example.options else ""
        out.print(f"\nA history that {example.effect} it{options}:\n")
        for line in example.text.splitlines():
            out.print(f"    {line}", soft_wrap=True)


def preview(
    definition: Annotated[
        str, typer.Argument(help="A cron definition, or an interval such as 'every 90m'.")
    ],
    timezone: Zone = "UTC",
    start: Annotated[
        str | None, typer.Option(help="start_date, where an interval's grid begins.")
    ] = None,
    after: Annotated[
        str | None, typer.Option(help="Later than this; default: --start, else now.")
    ] = None,
    count: Annotated[int, typer.Option(help="How many.", min=1, max=100_000)] = 10,
    json: Json = False,
) -> None:
    """Say when a definition is due next, and what it means in words."""
    if after is not None:
        since = _instant("--after", after)
    else:
        since = console.now() if start is None else _instant("--start", start) - 1
    try:
        fields = read_when(definition)
    except ValueError as error:
        raise console.BadInput("DEFINITION", getattr(error, "faults", [str(error)])) from None
    begins = since + 1 if start is None else _instant("--start", start)
    if fields["job_type"] == "cron_style":
        fields["timezone"] = _zone(timezone)
    elif timezone != "UTC":
        raise console.BadInput("--timezone", ["an interval has none: it counts real time"])
    fields |= {"name": "next", "service": "next", "start_date": write_instant(begins)}
    job = jobs.read(fields)
    instants = next_instants(job, since, count)
    if json:
        console.say_json([write_instant(instant) for instant in instants])
        return
    out = console.console()
    out.print(in_words(job))
    for instant in instants:
        local = to_datetime(instant).astimezone(ZoneInfo(timezone))
        shown = "" if timezone == "UTC" else f"  {local:%Y-%m-%d %H:%M:%S %Z}"
        out.print(f"{write_instant(instant)}  {local:%a}{shown}")


def import_crontab(
    file: Annotated[Path, typer.Argument(help="A crontab; of a user, or like /etc/crontab.")],
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
    """Make a recording of a crontab. What cannot be expressed is listed."""
    begins, ends, takes = _span(start, until, duration)
    try:
        text = _bytes(file).decode("utf-8-sig")
        crontab = read_crontab(text, _zone(timezone), system)
    except UnicodeDecodeError as error:
        raise console.BadInput(str(file), [f"byte {error.start} is not UTF-8"]) from None
    except UndecidedError as error:
        raise console.BadInput(str(file), [str(error)]) from None
    recording = from_crontab(crontab, f"Imported from {file.name}", begins, ends, takes)
    problems = [
        {"line": problem.number, "text": problem.text, "reason": problem.reason}
        for problem in crontab.problems
    ]
    _deliver(recording, out, json, problems)


def import_schedule(
    file: Annotated[Path, typer.Argument(help="A schedule, JSON: source, jobs, …")],
    start: From = None,
    until: Until = None,
    duration: Takes = "1s",
    out: Out = None,
    json: Json = False,
) -> None:
    """Make a recording of a schedule file."""
    begins, ends, takes = _span(start, until, duration)
    try:
        recording = from_schedule(read_schedule(_bytes(file)), begins, ends, takes)
    except ScheduleError as error:
        raise console.BadInput(str(file), error.faults) from None
    _deliver(recording, out, json, [])


def _deliver(
    recording: Recording, out: Path | None, json: bool, problems: list[dict[str, object]]
) -> None:
    """Write or print a recording, and say what could not be brought into it."""
    if out is not None:
        try:
            out.write_text(shelf.to_toml(recording), "utf-8")
        except OSError as error:
            raise console.BadInput(str(out), [f"cannot be written: {error.strerror}"]) from None
    if json:
        console.say_json({"recording": shelf.tables_of(recording), "not_imported": problems})
    elif out is None:
        console.say_text(shelf.to_toml(recording))
    for problem in problems:
        console.say_aside(
            f"not imported: line {problem['line']}: {problem['text']}: {problem['reason']}"
        )
    console.say_aside(
        f"{len(recording.jobs)} jobs imported, {len(problems)} lines not"
        f"{'' if out is None else f'; written to {out}'}. A schedule does not say how long runs "
        "take: put the durations of the services right."
    )


def _span(start: str | None, until: str | None, duration: str) -> tuple[int, int, int]:
    """Where a recording starts and ends, and how long a run takes (µs)."""
    begins = (console.now() // DAY + 1) * DAY if start is None else _instant("--from", start)
    ends = begins + DAY if until is None else _instant("--until", until)
    if ends <= begins:
        raise console.BadInput("--until", [f"it must be later than {write_instant(begins)}"])
    try:
        return begins, ends, read_duration(duration)
    except ValueError as error:
        raise console.BadInput("--duration", [f"{error}; given was {duration!r}"]) from None


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise console.BadInput(str(path), [f"cannot be read: {error.strerror}"]) from None


def _instant(option: str, text: str) -> int:
    try:
        return read_instant(text)
    except ValueError as error:
        raise console.BadInput(option, [f"{error}; given was {text!r}"]) from None


def _zone(text: str) -> str:
    try:
        return jobs.read_zone(text)
    except ValueError as error:
        raise console.BadInput("--timezone", [f"{error}; given was {text!r}"]) from None
