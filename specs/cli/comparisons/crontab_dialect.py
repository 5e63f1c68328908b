"""``gnomon import crontab --dialect``: lines that mean something else here than where they ran.

The one idea: the crontab was written for another scheduler, and ours will run it. A remark states
both meanings and the first instant at which they part.
"""

from collections.abc import Iterator
from typing import Annotated

import typer

from gnomon.reference.schedule.clock import write_instant
from gnomon.specs.cli.comparisons.dialect_option import complete_dialect
from gnomon.specs.conformance.dialects.knobs import DEFAULT
from gnomon.specs.conformance.dialects.parting import Comparison, compare
from gnomon.specs.conformance.report.peers import OURS, Peer
from gnomon.specs.importers.contents import Crontab, Line, Remark

CrontabDialect = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Scheduler for which the crontab was written: lists the lines that differ here.",
        autocompletion=complete_dialect,
    ),
]


def dialect_remarks(crontab: Crontab, peer: Peer, after: int) -> Iterator[Remark]:
    """A remark on each line that means something else in `peer` later than `after` (µs, UTC)."""
    for line in crontab.lines:
        if (reason := _difference(line, peer, after)) is not None:
            text = line.cron_definition or f"every {line.interval and line.interval.seconds}s"
            yield Remark(line.number, f"{text} …", reason)


def _difference(line: Line, peer: Peer, after: int) -> str | None:
    """How the meaning of a line differs; None if it does not."""
    if line.interval is not None:
        return f"not compared with {peer.name}: an interval is no cron definition"
    if line.timezone != "UTC" and not peer.has_zones:
        return f"not compared with {peer.name}: it knows no time zones, only UTC"
    dialects = {OURS: DEFAULT, peer.name: peer.dialect}
    return _in_words(
        compare(line.cron_definition, line.timezone, after, 1, dialects), peer.name, line.timezone
    )


def _in_words(found: Comparison, name: str, zone: str) -> str | None:
    first = found.groups[0]  # a line that was imported is accepted here
    if found.refused:
        return (
            f"{name} refuses it ({found.refused[0].reason}), and here it is due next at "
            f"{write_instant(first.instants[0])}"
        )
    if len(found.groups) == 1:
        return None
    parting = found.groups[1].parting
    assert parting is not None
    due, other = (f"in {name}", "here") if parting.due_here else ("here", f"in {name}")
    then = parting.next_in_other
    next_time = "never again" if then is None else f"next at {write_instant(then)}"
    return (
        f"it means something else in {name}: at {write_instant(parting.at)} it is due {due}, and "
        f"{other} it is due {next_time} (time zone {zone})"
    )
