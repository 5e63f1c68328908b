"""What the commands say: to people in tables, to machines in JSON, and what is wrong to both.

The one idea: a command computes first and speaks last; this is the only place that prints.
"""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from reference.clock import DAY, HOUR, MILLISECOND, MINUTE, SECOND, from_datetime
from specs.document import sections
from specs.rules import Finding
from specs.summary import Summary

WIDTH_UNLESS_TERMINAL = 100
VIOLATIONS_SHOWN = 5
VIOLATIONS_IN_JSON = 100
LONGEST_FAULT = 600
"""Characters; what a file of noise is told of need not be its noise."""


class BadInput(Exception):
    """What a person gave cannot be used: exit 2, a line for each of the `faults`."""

    def __init__(self, where: str, faults: Iterable[str]) -> None:
        self.faults = [f"{where}: {fault}" for fault in faults]
        super().__init__("; ".join(self.faults))


def console() -> Console:
    """Standard output, for people; as wide as the terminal, and plain if it is none."""
    width = None if sys.stdout.isatty() else WIDTH_UNLESS_TERMINAL
    return Console(width=width, highlight=False, markup=False, soft_wrap=False)


def say_json(value: Any) -> None:
    """Standard output, for machines: one JSON document."""
    encoded = msgspec.json.format(msgspec.json.encode(value), indent=2)
    sys.stdout.write(encoded.decode() + "\n")


def say_text(text: str) -> None:
    """Standard output, as it is."""
    sys.stdout.write(text)


def say_aside(text: str) -> None:
    """Standard error: what is worth knowing but is no part of the result."""
    sys.stderr.write(text + "\n")


def say_faults(error: BadInput) -> None:
    """Standard error: what is wrong, a line a fault."""
    for fault in error.faults:
        shown = fault if len(fault) <= LONGEST_FAULT else f"{fault[:LONGEST_FAULT]}…"
        sys.stderr.write(f"gnomon: {shown}\n")


def now() -> int:
    """What time it is for the person at the command (µs, UTC)."""
    return from_datetime(datetime.now(UTC))


Move = Callable[[int], None]
"""Moves a progress bar to where the work has come to."""


@contextmanager
def progress(what: str, start: int, end: int) -> Iterator[Move]:
    """A bar on standard error from `start` to `end`, if that is a terminal; moved by calling it."""
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    )
    with bar:
        task = bar.add_task(what, total=end - start)
        yield lambda at: bar.update(task, completed=at - start)


def table(*columns: str, right: Sequence[str] = ()) -> Table:
    """An empty table; the columns in `right` are aligned to the right."""
    made = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        made.add_column(column, justify="right" if column in right else "left", overflow="fold")
    return made


def count(number: int) -> str:
    """A count for people: ``1 440 000``."""
    return f"{number:,}".replace(",", " ")


def span(duration: int) -> str:
    """A duration (µs) for people, to three figures or so: ``1.5 s``, ``2 h 30 min``."""
    if duration >= DAY and duration % DAY == 0:
        return f"{duration // DAY} d"
    if duration >= HOUR:
        hours, minutes = divmod(duration // MINUTE, 60)
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    for size, unit in ((MINUTE, "min"), (SECOND, "s"), (MILLISECOND, "ms")):
        if duration >= size:
            return f"{duration / size:.3g} {unit}"
    return f"{duration} µs"


def counted(counts: Mapping[str, int]) -> Table:
    """A table of one row of counts."""
    made = table(*counts, right=tuple(counts))
    made.add_row(*map(count, counts.values()))
    return made


def figures(summary: Summary) -> Iterator[Table]:
    """The figures of a history, for people."""
    runs = summary.runs
    yield counted(
        {
            "occurrences": summary.occurrences,
            "published": summary.published,
            "coalesced": summary.coalesced,
            "skipped": summary.skipped,
            "still ahead": summary.ahead,
            "on demand": summary.on_demand,
        }
    )
    yield counted(
        {
            "finished": runs.finished,
            "failed": runs.failed,
            "running": runs.running,
            "waiting": runs.waiting,
            "lost": runs.lost,
            "most waiting at once": summary.peak_waiting,
        }
    )
    if summary.wait_us is not None:
        columns = ("p50", "p95", "p99", "longest")
        waits = table("from due to started:", *columns, right=columns)
        wait = summary.wait_us
        waits.add_row("", span(wait.p50), span(wait.p95), span(wait.p99), span(wait.max))
        yield waits
    used = table("server", "workers busy", "", right=("workers busy",))
    for server, share in summary.utilisation.items():
        used.add_row(server, f"{share:.1%}", "█" * round(share * 40))
    yield used


def verdicts(findings: Mapping[str, Finding]) -> Iterator[Table | Text]:
    """What the rules say, for people: what is broken last, where the eye ends."""
    texts = sections()
    rules = table("rule", "verdict", "examined", "", right=("examined",))
    styles = {"holds": "green", "broken": "bold red", "not exercised": "dim"}
    for id, finding in findings.items():
        rules.add_row(
            id,
            Text(finding.verdict, styles[finding.verdict]),
            count(finding.examined),
            texts[id].title,
        )
    yield rules
    tally = dict.fromkeys(styles, 0)
    for finding in findings.values():
        tally[finding.verdict] += 1
    yield Text(
        f"\n{tally['holds']} rules hold, {tally['broken']} broken, "
        f"{tally['not exercised']} not exercised"
    )
    for id, finding in findings.items():
        for violation in finding.violations[:VIOLATIONS_SHOWN]:
            yield Text(f"{id} broken at {violation}", "red")
        if (more := len(finding.violations) - VIOLATIONS_SHOWN) > 0:
            yield Text(f"{id} broken {count(more)} times more", "red")


def findings_as_values(findings: Mapping[str, Finding]) -> dict[str, Any]:
    """What the rules say, for machines."""
    return {
        id: {
            "verdict": finding.verdict,
            "examined": finding.examined,
            "broken": len(finding.violations),
            "violations": [
                {"at": violation.at, "what": violation.what}
                for violation in finding.violations[:VIOLATIONS_IN_JSON]
            ],
        }
        for id, finding in findings.items()
    }
