"""The options of ``gnomon jobs create`` and ``edit``, and the job fields that they give.

The one idea: the server decides what a definition may be, and its errors are printed unchanged.
Read here is only what a command line writes in its own way: when a job is due, and its payload.
"""

from pathlib import Path
from typing import Annotated

import typer

from gnomon.reference.jobs import INTERVAL_UNITS, Misfire
from gnomon.reference.live.cli.login import read_text
from gnomon.reference.schedule.clock import SECOND, read_duration
from gnomon.reference.schedule.words import interval_units
from gnomon.specs.cli.console import BadInput

LARGEST_EXTRA_FILE = 2**20
"""Bytes; the server has a lower limit of its own (JOB-1)."""
MOST_REPEATS = 10**9
"""The limit of ``gnomon.reference.jobs``."""

Fields = dict[str, str | int | bool | None]
"""Fields of a definition, as ``gnomon.reference.jobs`` reads them."""

Every = Annotated[
    str | None, typer.Option(metavar="D", help="Interval at which the job is due, as in 1h30m.")
]
Cron = Annotated[
    str | None,
    typer.Option(metavar="DEFINITION", help="Cron definition of the job, as in '0 12 * * MON'."),
]
At = Annotated[
    str | None,
    typer.Option(metavar="T", help="Instant of a one-time job, as in 2026-01-31T12:00:00Z."),
]
CronZone = Annotated[
    str | None,
    typer.Option("--timezone", metavar="ZONE", help="IANA time zone of --cron.  [default: UTC]"),
]
Repeats = Annotated[
    int | None,
    typer.Option(
        metavar="N", help="Number of occurrences of the job in all.", min=1, max=MOST_REPEATS
    ),
]
Ends = Annotated[
    str | None,
    typer.Option(metavar="T", help="End of the job: it is due only before T."),
]
NoRepeats = Annotated[bool, typer.Option("--no-repeats", help="No limit of occurrences.")]
NoEnds = Annotated[bool, typer.Option("--no-ends", help="No end.")]
Extra = Annotated[
    str | None, typer.Option(metavar="TEXT", help="Payload that the service receives.")
]
NoExtra = Annotated[bool, typer.Option("--no-extra", help="No payload.")]
ExtraFile = Annotated[
    Path | None, typer.Option(metavar="FILE", help="File with the payload, text in UTF-8.")
]
Inactive = Annotated[
    bool, typer.Option("--inactive", help="An inactive job; it publishes nothing.")
]
MisfirePolicy = Annotated[
    Misfire | None,
    typer.Option("--misfire", help="Misfire policy: what becomes of late occurrences."),
]
Grace = Annotated[
    str | None,
    typer.Option(metavar="D", help="Delay after which an occurrence is a misfire, as in 1s."),
]
MaxParallel = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        help="Unfinished messages of the job at most; occurrences beyond are skipped.",
        min=1,
        max=MOST_REPEATS,
    ),
]
NoMaxParallel = Annotated[
    bool, typer.Option("--no-max-parallel", help="No limit of unfinished messages.")
]
Jitter = Annotated[
    str | None,
    typer.Option(
        metavar="D",
        help="Longest offset of an occurrence, as in 30s; each has its own.  [default: 0s]",
    ),
]
MaxRuntime = Annotated[
    str | None,
    typer.Option(metavar="D", help="Time after which a run is reported as overdue, as in 5m."),
]
NoMaxRuntime = Annotated[bool, typer.Option("--no-max-runtime", help="No limit of a run's time.")]


def given(**fields: str | int | bool | None) -> Fields:
    """Those of the `fields` that are not None."""
    return {field: value for field, value in fields.items() if value is not None}


def removed(options: Fields, **flags: bool) -> Fields:
    """The fields that an edit removes: null for each of the `flags` that is set.

    Raises BadInput if one of them is also among the `options`.
    """
    names = [name for name, is_set in flags.items() if is_set]
    for name in names:
        if name in options:
            option = name.replace("_", "-")
            raise BadInput(f"--{option} and --no-{option}", ["give only one of them"])
    return dict.fromkeys(names)


def due_fields(every: str | None, cron: str | None, at: str | None, start: str | None) -> Fields:
    """The fields that say when a job is due, with the job type, which an edit must not change.

    Raises BadInput if the options contradict each other (JOB-2, JOB-3).
    """
    options = {"--every": every, "--cron": cron, "--at": at}
    chosen = [option for option, value in options.items() if value is not None]
    if len(chosen) > 1:
        raise BadInput(" and ".join(chosen), ["give only one of them"])
    if at is not None and start is not None:
        raise BadInput("--at and --start", ["give only one: a one-time job starts when it is due"])
    if at is not None:
        return {"job_type": "one_time", "start_date": at}
    begins = given(start_date=start)
    if every is not None:
        return {"job_type": "interval_based", **_units(every)} | begins
    if cron is not None:
        return {"job_type": "cron_style", "cron_definition": cron} | begins
    return begins


def _units(every: str) -> Fields:
    """All units of an interval, so that an edit keeps none of the old ones. Raises BadInput."""
    try:
        interval = read_duration(every)
        if interval == 0 or interval % SECOND:
            raise ValueError("an interval is whole seconds, at least one, as in 45s or 1h30m")
    except ValueError as error:
        raise BadInput("--every", [f"{error}; given was {every!r}"]) from None
    return {**dict.fromkeys(INTERVAL_UNITS, 0), **interval_units(interval)}


def payload(text: str | None, file: Path | None) -> str | None:
    """The payload, character for character (RUN-4). Raises BadInput."""
    if file is None:
        return text
    if text is not None:
        raise BadInput("--extra and --extra-file", ["give only one of them"])
    return read_text(file, LARGEST_EXTRA_FILE)
