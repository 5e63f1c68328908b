"""What was observed, to be replayed: a history instead of a recording.

The one idea: a history holds all that a recording says, and what came of it. So the same cluster in
another shape can be asked what it would have made of the same day, and the two stand side by side.
"""

from pathlib import Path
from typing import NamedTuple

import msgspec
from msgspec.structs import replace
from rich.table import Table

from gnomon.reference.history import FORMAT
from gnomon.specs.cli import console
from gnomon.specs.cli.console import BadInput
from gnomon.specs.importers.history import reconstruct
from gnomon.specs.recording import files
from gnomon.specs.recording.model import Recording
from gnomon.specs.recording.reader import RecordingError
from gnomon.specs.render import tables
from gnomon.specs.trace.summary import Summary, summarise
from gnomon.specs.trace.trace import Trace

LONGEST_FIRST_LINE = 2**16
"""Bytes; a history's first line has a few hundred."""


class Observed(NamedTuple):
    """The recording that a history could have come of, and the history in figures."""

    recording: Recording
    summary: Summary


def observed_in(name: str) -> Observed | None:
    """What is in the history in the file `name`; None if that is no history. Raises BadInput."""
    if name in files.names() or not _is_history(Path(name)):
        return None
    history = console.read_history(Path(name))
    try:
        recording = reconstruct(history)
        title = f"The history in {name} with its observed durations; faults are left out"
        return Observed(replace(recording, title=title), summarise(Trace(history)))
    except RecordingError as error:
        raise BadInput(name, error.faults) from None


def _is_history(path: Path) -> bool:
    """Whether a file begins as histories do, of whichever version."""
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            first = msgspec.json.decode(file.readline(LONGEST_FIRST_LINE))
    except (OSError, ValueError, RecursionError, msgspec.DecodeError):
        return False
    form = first.get("format") if isinstance(first, dict) else None
    return isinstance(form, str) and form.startswith(FORMAT.partition("/")[0])


def compared(observed: Summary, replayed: Summary) -> Table:
    """How the replay compares with what was observed."""
    columns = ("runs", "longest wait", "most waiting at once")
    made = tables.table("compared", *columns, right=columns)
    for what, summary in (("observed", observed), ("replayed", replayed)):
        runs, wait = summary.runs, summary.wait_us
        made.add_row(
            what,
            tables.count(runs.finished + runs.failed),
            "none" if wait is None else tables.span(wait.max),
            tables.count(summary.peak_waiting),
        )
    return made
