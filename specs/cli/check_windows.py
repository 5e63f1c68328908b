"""``gnomon check --window``: judges a history that memory cannot hold, window by window."""

from pathlib import Path
from shlex import quote

from gnomon.reference.events import Event
from gnomon.reference.history import Header, stream
from gnomon.reference.schedule.clock import write_instant
from gnomon.specs.cli import console
from gnomon.specs.cli.console import BadInput
from gnomon.specs.cli.verdict import exit_if_broken, verdict_parts
from gnomon.specs.monitor.monitor import Monitor, UndoneWritesError
from gnomon.specs.render import tables
from gnomon.specs.rules import RULES, Finding, Violation

MOST_KEPT = 1_000
"""Violations of a rule that are kept to be printed; the others are counted."""


def check_in_windows(file: Path, window: int, rules: bool, json: bool) -> None:
    """Judge the history in a file and print the verdict. Raises BadInput."""
    judged = _Judged(window)
    try:
        with console.history_lines(file) as lines:
            header, happened = stream(lines)
            if header.observes is not None:
                raise BadInput("--window", [f"{file} is a partial history: judge it whole"])
            judged.begin(header)
            for event in happened:
                judged.add(event)
            judged.end()
    except UndoneWritesError as error:
        raise BadInput("--window", [f"{file}: {error}"]) from None
    except RecursionError:
        raise BadInput(str(file), ["a definition in it is nested too deeply"]) from None
    findings = judged.findings()
    events = judged.monitor.events
    if json:
        console.print_json(
            {
                "events": events,
                "windows": judged.windows,
                "rules": tables.findings_as_values(findings),
            }
        )
    else:
        begins, ends = write_instant(header.start), write_instant(header.end)
        length = tables.span(header.end - header.start)
        command = f"gnomon check {quote(str(file))} --window {window} --rules"
        console.print_parts(
            f"{file}: {tables.count(events)} events, {begins} to {ends} ({length})",
            f"judged in windows of up to {tables.count(window)} events: {judged.windows}",
            "not judged is a relation between events further apart; cases that two windows share "
            "count twice",
            *verdict_parts(findings, rules, command),
        )
    exit_if_broken(findings)


class _Judged:
    """The windows of one history, and what was found in them."""

    def __init__(self, window: int) -> None:
        self._half = max(window // 2, 1)
        self._arrived: list[Event] = []
        self._violations: dict[str, list[Violation]] = {}
        self.windows = 0

    def begin(self, header: Header) -> None:
        """The history begins."""
        self._end = header.end
        self.monitor = Monitor(header, self._half)

    def add(self, event: Event) -> None:
        """One more event: a window is judged when half of it is new."""
        self._arrived.append(event)
        if len(self._arrived) >= self._half:
            self._judge(event.at)

    def end(self) -> None:
        """The history ends."""
        self._judge(self._end, is_over=True)

    def _judge(self, now: int, *, is_over: bool = False) -> None:
        self.monitor.add(self._arrived)
        self._arrived.clear()
        self.windows += 1
        for violation in self.monitor.judge(now, is_over=is_over):
            kept = self._violations.setdefault(violation.rule, [])
            if len(kept) < MOST_KEPT:
                kept.append(violation)

    def findings(self) -> dict[str, Finding]:
        """The finding of every rule in all windows."""
        found = {
            id: Finding(self.monitor.examined[id], tuple(self._violations.get(id, ())))
            for id in RULES
        }
        found["HIST-4"] = Finding(self.monitor.events + 2)
        return found
