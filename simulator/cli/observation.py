"""A history as the input of ``gnomon replay``, and its figures beside those of the replay.

The one idea: a history holds everything that a recording says, and what happened. So the same jobs
can be replayed in a cluster of another shape, and the two outcomes compared.
"""

from pathlib import Path
from typing import NamedTuple

import msgspec
from msgspec.structs import replace
from rich.table import Table

from gnomon.reference.history import FORMAT, HistoryError
from gnomon.specs.cli import console
from gnomon.specs.cli.console import BadInput
from gnomon.specs.history_files import open_history
from gnomon.specs.importers.history import reconstruct
from gnomon.specs.recording import files
from gnomon.specs.recording.model import Recording
from gnomon.specs.recording.reader import RecordingError
from gnomon.specs.render import tables
from gnomon.specs.trace.summary import Summary, summarise
from gnomon.specs.trace.trace import Trace


class Observation(NamedTuple):
    """A recording made of a history, and the figures of that history."""

    recording: Recording
    summary: Summary


def observation_in(name: str) -> Observation | None:
    """What the history in the file `name` holds; None if it is not a history. Raises BadInput."""
    if name in files.names() or not _is_history(Path(name)):
        return None
    history = console.read_history(Path(name))
    try:
        recording = reconstruct(history)
        title = f"The history in {name} with its observed durations; faults are left out"
        return Observation(replace(recording, title=title), summarise(Trace(history)))
    except RecordingError as error:
        raise BadInput(name, error.faults) from None


def _is_history(path: Path) -> bool:
    """Whether a file begins as histories of any version do."""
    try:
        if not path.is_file():
            return False
        with open_history(path) as opened:
            first = msgspec.json.decode(next(opened.lines, b""))
    except HistoryError:  # nothing but a history is compressed
        return True
    except (OSError, ValueError, RecursionError, msgspec.DecodeError):
        return False
    form = first.get("format") if isinstance(first, dict) else None
    return isinstance(form, str) and form.startswith(FORMAT.partition("/")[0])


def comparison(observed: Summary, replayed: Summary) -> Table:
    """The figures of the history and of the replay, side by side."""
    columns = ("runs", "longest wait", "most waiting at once")
    table = tables.table("compared", *columns, right=columns)
    for what, summary in (("observed", observed), ("replayed", replayed)):
        runs, wait = summary.runs, summary.wait_us
        table.add_row(
            what,
            tables.count(runs.finished + runs.failed),
            "none" if wait is None else tables.span(wait.max),
            tables.count(summary.peak_waiting),
        )
    return table
