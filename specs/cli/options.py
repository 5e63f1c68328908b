"""The options and arguments that several commands share, and the reading of their texts.

The one idea: an option has one declaration, so it has the same name, unit and help everywhere.
"""

from pathlib import Path
from typing import Annotated

import typer

from gnomon.reference import jobs
from gnomon.reference.schedule.clock import read_duration, read_instant, write_duration
from gnomon.reference.store.messages import Profile
from gnomon.specs.cli.console import BadInput
from gnomon.specs.recording.model import LARGEST_SEED, MOST_SERVERS, MOST_WORKERS


def examples(*commands: str) -> str:
    """The end of a help text: commands to try, one a line."""
    lines = "\n".join(f"  {command}" for command in commands)
    return f"\b\nExample{'s' if len(commands) > 1 else ''}:\n{lines}"


# --- arguments


def complete_recording(incomplete: str) -> list[str]:
    """The recordings that the shell offers for `incomplete`; it adds files by itself."""
    from gnomon.specs.recording import files  # noqa: PLC0415

    return [name for name in files.names() if name.startswith(incomplete)]


HistoryFile = Annotated[
    Path, typer.Argument(metavar="HISTORY", help="History file (JSON lines, gnomon-history/1).")
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
    typer.Option("--history-out", metavar="FILE", help="Output file for the history."),
]

# --- the simulated cluster; None keeps what the recording says

Servers = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        help="Number of servers (overrides the recording).",
        min=1,
        max=MOST_SERVERS,
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(
        metavar="W",
        help="Number of workers of each server (overrides the recording).",
        min=1,
        max=MOST_WORKERS,
    ),
]
ProfileOverride = Annotated[
    Profile | None,
    typer.Option("--profile", help="Delivery profile (overrides the recording)."),
]
DeliveryProfile = Annotated[
    Profile,
    typer.Option(
        "--profile", help="Delivery profile: durable is at least once, classic at most once."
    ),
]
Seed = Annotated[
    int | None,
    typer.Option(
        metavar="S",
        help="Seed of the random numbers (overrides the recording).",
        min=0,
        max=LARGEST_SEED,
    ),
]
EndOverride = Annotated[
    str | None,
    typer.Option("--until", metavar="T", help="End, as in 2026-01-31T00:00:00Z (exclusive)."),
]

# --- time

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
    try:
        return jobs.read_zone(text)
    except ValueError as error:
        raise BadInput("--timezone", [f"{error}; given was {text!r}"]) from None
