"""``gnomon check``: judges a history by every rule."""

from shlex import quote

import msgspec
import typer

from gnomon.reference.schedule.clock import write_instant
from gnomon.specs.cli import console
from gnomon.specs.cli.console import BadInput
from gnomon.specs.cli.options import AllRules, HistoryFile, Json, examples
from gnomon.specs.cli.verdict import exit_if_broken, verdict_parts
from gnomon.specs.render import tables
from gnomon.specs.render.strings import counted
from gnomon.specs.rules import Finding, judge_trace
from gnomon.specs.trace.summary import summarise
from gnomon.specs.trace.trace import Trace


def add_to(app: typer.Typer) -> None:
    """Add the command to `app`."""
    epilog = examples("gnomon check history.jsonl", "gnomon check history.jsonl --rules")
    app.command("check", epilog=epilog)(check)


def check(file: HistoryFile, rules: AllRules = False, json: Json = False) -> None:
    """Judge the history of any scheduler by every rule.

    Exit status 0: every rule that was exercised holds; 1: a rule is broken; 2: bad input.
    """
    history = console.read_history(file)
    try:
        with console.spinner("judging"):
            trace = Trace(history)
            findings = {**judge_trace(trace), "HIST-4": Finding(len(trace.events) + 2)}
            summary = summarise(trace)
    except RecursionError:
        raise BadInput(str(file), ["a definition in it is nested too deeply"]) from None
    if json:
        figures = msgspec.to_builtins(summary)
        console.print_json({**figures, "rules": tables.findings_as_values(findings)})
    else:
        begins, ends = write_instant(trace.start), write_instant(trace.end)
        length = tables.span(trace.end - trace.start)
        events = counted(len(trace.events), "event")
        console.print_parts(f"{file}: {events}, {begins} to {ends} ({length})")
        for table in tables.figures(summary):
            console.print_parts("", table)
        console.print_parts(
            *verdict_parts(findings, rules, f"gnomon check {quote(str(file))} --rules")
        )
    exit_if_broken(findings)
