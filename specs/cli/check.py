"""``gnomon check``: judges a history by every rule."""

from pathlib import Path
from shlex import quote

import msgspec
import typer

from gnomon.reference.live.cli.follow_options import (
    DEFAULT_WINDOW,
    FollowCaFile,
    FollowDuration,
    FollowLogin,
    FollowOptions,
    FollowUrl,
    MetricsPlace,
    Window,
)
from gnomon.reference.schedule.clock import write_instant
from gnomon.reference.schedule.zones import DIRECTORY_VARIABLE, zone_database
from gnomon.specs.cli import console
from gnomon.specs.cli.check_windows import check_in_windows
from gnomon.specs.cli.console import BadInput, examples
from gnomon.specs.cli.options import AllRules, HistoryFileIfGiven, Json, ReportOut
from gnomon.specs.cli.verdict import exit_if_broken, verdict_parts, write_report
from gnomon.specs.render import tables
from gnomon.specs.render.strings import counted
from gnomon.specs.rules import RULES, Finding, judge_trace
from gnomon.specs.trace.plans import has_other_zones, is_unknown_when_due, zone_databases
from gnomon.specs.trace.summary import summarise
from gnomon.specs.trace.trace import Trace


def add_to(app: typer.Typer) -> None:
    """Add the command to `app`."""
    epilog = examples(
        "gnomon check history.jsonl --rules",
        "gnomon check history.jsonl --report report.html",
        "gnomon check year.jsonl.zst --window 1000000",
        "gnomon check --follow http://127.0.0.1:17010 --metrics 127.0.0.1:9100",
    )
    app.command("check", epilog=epilog)(check)


def check(
    file: HistoryFileIfGiven = None,
    rules: AllRules = False,
    report: ReportOut = None,
    json: Json = False,
    follow: FollowUrl = None,
    metrics: MetricsPlace = None,
    duration: FollowDuration = None,
    window: Window = None,
    login: FollowLogin = None,
    ca_file: FollowCaFile = None,
) -> None:
    """Judge the history of any scheduler by every rule.

    A partial history observes only some of what a scheduler does. A rule that needs more is not
    observable.

    If the history was made under another version of the time zone database, it is not judged when
    cron jobs in zones other than UTC were due.

    A history that is too long for the memory is judged in windows of --window events, half of which
    two windows share; a relation between events further apart is not judged.

    With --follow a live cluster is judged as it runs: each violation is printed when it is certain,
    until the command is ended. A cluster with credentials needs a login, as in gnomon jobs.

    Exit status 0: every rule that was exercised holds; 1: a rule is broken; 2: bad input.
    """
    if follow is not None:
        if file is not None or rules or report is not None:
            raise BadInput("--follow", ["it takes no history, no --rules and no --report"])
        # The library of the connection takes as long to import as all rules.
        from gnomon.reference.live.cli.follow import follow as judge_live  # noqa: PLC0415

        latest = window or DEFAULT_WINDOW
        judge_live(FollowOptions(follow, login, ca_file, metrics, duration, latest, json))
        return
    if file is None:
        raise BadInput("HISTORY", ["it is missing: give a file, or --follow URL"])
    if metrics is not None or duration is not None:
        raise BadInput("--metrics, --for", ["they need --follow"])
    if window is None:
        _check_file(file, rules, report, json)
    elif report is not None:
        raise BadInput("--report", ["it shows a whole history: leave --window out"])
    else:
        check_in_windows(file, window, rules, json)


def _check_file(file: Path, rules: bool, report: Path | None, json: bool) -> None:
    """Judge the history in a file, and print the verdict."""
    if report is not None:
        console.require_output(report, file)
    history = console.read_history(file)
    try:
        with console.spinner("putting events in order"):
            trace = Trace(history)
        with console.progress_bar("judging by rule", 0, len(RULES)) as bar:
            findings = {**judge_trace(trace, bar), "HIST-4": Finding(len(trace.events) + 2)}
            summary = summarise(trace)
            zones = _zone_database(trace)
    except RecursionError:
        raise BadInput(str(file), ["a definition in it is nested too deeply"]) from None
    if report is not None:
        write_report(report, file, trace, findings, file.name)
    if json:
        figures = msgspec.to_builtins(summary)
        console.print_json(
            {
                **figures,
                "observes": trace.header.observes,
                "tzdata": zones,
                "rules": tables.findings_as_values(findings),
            }
        )
    else:
        begins, ends = write_instant(trace.start), write_instant(trace.end)
        length = tables.span(trace.end - trace.start)
        events = counted(len(trace.events), "event")
        console.print_parts(f"{file}: {events}, {begins} to {ends} ({length})")
        if trace.cached(has_other_zones):
            console.print_parts(_zones_note(zones))
        if trace.is_partial:
            console.print_parts(_observed_note(trace))
        for table in tables.figures(summary, trace.observes("messages")):
            console.print_parts("", table)
        console.print_parts(
            *verdict_parts(findings, rules, f"gnomon check {quote(str(file))} --rules")
        )
        if report is not None:
            console.print_parts(f"report written to {report}")
    exit_if_broken(findings)


class ZoneDatabase(msgspec.Struct, frozen=True):
    """The versions of the time zone database under which a history was made, and the one `here`.

    `not_judged` are the jobs for which it is not judged when they were due.
    """

    history: tuple[str, ...]
    here: str
    not_judged: tuple[str, ...]


def _zone_database(trace: Trace) -> ZoneDatabase:
    unknown = {stage.job: None for stage in trace.stages if is_unknown_when_due(trace, stage)}
    made_under = tuple(sorted(trace.cached(zone_databases)))
    return ZoneDatabase(made_under, zone_database(), tuple(unknown))


def _observed_note(trace: Trace) -> str:
    observed = ", ".join(trace.header.observes or ())
    return f"a partial history, which observes {observed}; rules that need more are not observable"


def _zones_note(zones: ZoneDatabase) -> str:
    versions = " and ".join(zones.history)
    made = f"made under tzdata {versions}, and this is {zones.here}"
    if not zones.not_judged:
        return f"{made}; no job depends on it"
    jobs = counted(len(zones.not_judged), "cron job")
    return (
        f"{made}: not judged is when {jobs} in a time zone should have been due"
        f" (FIRE-4, FIRE-5, LEAD-4, HIST-1); {DIRECTORY_VARIABLE} names another database"
    )
