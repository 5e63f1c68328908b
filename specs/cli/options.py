"""The options and arguments that several commands share, and the reading of their texts.

The one idea: an option has one declaration, so it has the same name, unit and help everywhere.
"""

from pathlib import Path
from typing import Annotated

import typer

from gnomon.reference.schedule.clock import read_duration, read_instant, write_duration
from gnomon.specs.cli.console import BadInput

# --- arguments


def complete_recording(incomplete: str) -> list[str]:
    """The recordings that the shell offers for `incomplete`; it adds files by itself."""
    from gnomon.specs.recording import files  # noqa: PLC0415

    return [name for name in files.names() if name.startswith(incomplete)]


RecordedLoad = Annotated[
    str | None,
    typer.Argument(
        metavar="RECORDING",
        help="Name of a recording that ships, or a file: a recording or a history.",
        show_default=False,
        autocompletion=complete_recording,
    ),
]
_HISTORY_HELP = "History file (JSON lines, .gz or .zst too)."
HistoryFile = Annotated[Path, typer.Argument(metavar="HISTORY", help=_HISTORY_HELP)]
HistoryFileIfGiven = Annotated[
    Path | None, typer.Argument(metavar="HISTORY", help=_HISTORY_HELP, show_default=False)
]

# --- output

Json = Annotated[bool, typer.Option("--json", help="JSON output, for machines.")]
AllRules = Annotated[bool, typer.Option("--rules", help="Table of all rules with their verdicts.")]
RecordingOut = Annotated[
    Path | None,
    typer.Option("--out", metavar="FILE", help="Output file.  [default: standard output]"),
]
HistoryOut = Annotated[
    Path | None,
    typer.Option(
        "--history-out",
        metavar="FILE",
        help="Output file for the history, compressed if named .gz or .zst.",
    ),
]

ReportOut = Annotated[
    Path | None,
    typer.Option(
        "--report",
        metavar="FILE",
        help="Output file for a page: charts, time line, rules.",
    ),
]

# --- time

EndOverride = Annotated[
    str | None,
    typer.Option("--until", metavar="T", help="End, as in 2026-01-31T00:00:00Z (exclusive)."),
]
Zone = Annotated[
    str, typer.Option("--timezone", metavar="ZONE", help="IANA time zone, as in Europe/Warsaw.")
]
RecordingStart = Annotated[
    str | None,
    typer.Option("--from", metavar="T", help="Start of the recording.  [default: next midnight]"),
]
RecordingEnd = Annotated[
    str | None,
    typer.Option("--until", metavar="T", help="End of the recording.  [default: a day later]"),
]
RunDuration = Annotated[
    str, typer.Option("--duration", metavar="D", help="Duration of every run, as in 250ms.")
]


def parse_instant(option: str, text: str) -> int:
    """The instant (µs, UTC) that an option gives. Raises BadInput."""
    try:
        return read_instant(text)
    except ValueError as error:
        raise BadInput(option, [f"{error}; given was {text!r}"]) from None


def parse_duration(option: str, text: str, least: int = 0) -> int:
    """The duration (µs) that an option gives, from `least` to a million days. Raises BadInput."""
    from gnomon.reference import jobs  # noqa: PLC0415

    try:
        duration = read_duration(text)
    except ValueError as error:
        raise BadInput(option, [f"{error}; given was {text!r}"]) from None
    if duration < least:
        raise BadInput(option, [f"it must be at least {write_duration(least)}; given was {text}"])
    if duration > jobs.LONGEST_DURATION:
        raise BadInput(option, [f"it must be at most a million days; given was {text}"])
    return duration


def parse_zone(text: str) -> str:
    """The IANA time zone that ``--timezone`` gives. Raises BadInput."""
    from gnomon.reference import jobs  # noqa: PLC0415

    try:
        return jobs.read_zone(text)
    except ValueError as error:
        raise BadInput("--timezone", [f"{error}; given was {text!r}"]) from None
