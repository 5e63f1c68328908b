"""``gnomon next``: when a definition is due next, and what it means in words.

The one idea: this module does not know when a job is due. A text becomes the fields that
``gnomon.reference.jobs.read`` takes, and the instants come from the scheduler's own trigger.
"""

import re
from itertools import islice
from typing import Annotated

import typer

from gnomon.reference import jobs
from gnomon.reference.jobs import INTERVAL_UNITS, LONGEST_DURATION, Definition
from gnomon.reference.schedule.clock import write_instant
from gnomon.reference.schedule.cron import CronError, read_cron
from gnomon.reference.schedule.trigger import trigger, upcoming
from gnomon.reference.schedule.words import in_words, interval_units, with_local_time
from gnomon.specs.cli import console
from gnomon.specs.cli.comparisons.dialect_option import DialectNames
from gnomon.specs.cli.console import BadInput, examples
from gnomon.specs.cli.options import Json, Zone, parse_instant, parse_zone

_SPELLINGS = {
    "weeks": "w|weeks?",
    "days": "d|days?",
    "hours": "h|hours?",
    "minutes": "m|min|minutes?",
    "seconds": "s|sec|seconds?",
}
_TERMS = "".join(
    rf"(?:\s*(?P<{unit}>[0-9]{{1,15}})\s*(?:{spelling}))?" for unit, spelling in _SPELLINGS.items()
)
_INTERVAL = re.compile(
    rf"every(?:\s+(?P<one>{'|'.join(unit.removesuffix('s') for unit in _SPELLINGS)})|\b{_TERMS})",
    re.ASCII | re.IGNORECASE,
)
_EXAMPLES = "'every 90m', 'every 1h30m', 'every 2 weeks' or 'every 45 seconds'"


def read_when(text: str) -> dict[str, str | int]:
    """The job fields (job_type, and cron_definition or the units of an interval) that `text` means.

    Raises ValueError, which says what would be right. It also reads the words that ``render.text``
    writes for an interval.

    >>> read_when("every 90m")
    {'job_type': 'interval_based', 'hours': 1, 'minutes': 30}
    >>> read_when("0 12 * * MON-FRI")
    {'job_type': 'cron_style', 'cron_definition': '0 12 * * MON-FRI'}
    """
    text = text.strip()
    if text.lower().startswith("@every"):
        raise ValueError(_instead_of_every(text))
    if interval := _INTERVAL.fullmatch(text):
        return {"job_type": "interval_based", **_units_of(interval)}
    if text.lower().startswith("every"):
        raise ValueError(f"an interval is written as in {_EXAMPLES}; given was {text!r:.80}")
    try:
        read_cron(text)
    except CronError:
        if text.startswith("@") or len(text.split()) > 3:
            raise
        raise ValueError(
            "a definition is a cron definition such as '0 12 * * MON-FRI' or '@daily', or an "
            f"interval such as {_EXAMPLES}; given was {text!r:.80}"
        ) from None
    return {"job_type": "cron_style", "cron_definition": text}


def _instead_of_every(text: str) -> str:
    """The fault of ``@every 5m``, with the interval to write instead if it is accepted."""
    interval = text.removeprefix("@")
    try:
        read_when(interval)
    except ValueError:
        return f"an interval is written as in {_EXAMPLES}; given was {text!r:.80}"
    return f"{text} is an interval; write {interval!r}"


def next_instants(definition: Definition, after: int, count: int) -> list[int]:
    """The next `count` instants at which `definition` is due (µs, UTC), or all if there are fewer.

    They are later than `after`, not before start_date, and before `ends`. For a job with `repeats`,
    only that many instants from start_date on count, as if none had been coalesced or skipped.
    """
    when, repeats = trigger(definition), definition.repeats
    if repeats is None:
        return list(islice(upcoming(when, after + 1), count))
    if definition.interval:
        end = definition.start_date + repeats * definition.interval
        return list(islice(upcoming(when, after + 1, end), count))
    planned = islice(upcoming(when, definition.start_date), repeats)
    return list(islice((instant for instant in planned if instant > after), count))


def _units_of(interval: re.Match[str]) -> dict[str, int]:
    """The units of a matched interval. Raises ValueError if it is too short or too long."""
    unit = interval["one"]
    counts = {f"{unit.lower()}s": 1} if unit else interval.groupdict(default="0")
    duration = sum(int(counts.get(unit, 0)) * size for unit, size in INTERVAL_UNITS.items())
    if not 0 < duration <= LONGEST_DURATION:
        raise ValueError(f"an interval takes from a second to a million days, as in {_EXAMPLES}")
    return interval_units(duration)


# --- the command


def add_to(app: typer.Typer) -> None:
    """Add the command to `app`."""
    epilog = examples(
        "gnomon next '0 12 * * MON-FRI' --timezone Europe/Warsaw",
        "gnomon next 'every 90m'",
        "gnomon next '30 2 * * 7' --timezone Europe/Warsaw --all-dialects",
    )
    app.command("next", epilog=epilog)(preview)


def preview(
    definition: Annotated[
        str,
        typer.Argument(
            metavar="DEFINITION",
            help="Cron definition, in quotes, or an interval such as 'every 90m'.",
        ),
    ],
    timezone: Zone = "UTC",
    start: Annotated[
        str | None,
        typer.Option(
            metavar="T", help="The job's start_date; an interval counts from it.  [default: now]"
        ),
    ] = None,
    after: Annotated[
        str | None,
        typer.Option(
            metavar="T", help="Lower limit: only instants later than T.  [default: --start]"
        ),
    ] = None,
    ends: Annotated[
        str | None,
        typer.Option(metavar="T", help="End of the job: it is due only before T."),
    ] = None,
    repeats: Annotated[
        int | None,
        typer.Option(metavar="N", help="Number of occurrences of the job in all.", min=1),
    ] = None,
    count: Annotated[
        int, typer.Option(metavar="N", help="Number of instants.", min=1, max=100_000)
    ] = 10,
    dialect: DialectNames = None,
    all_dialects: Annotated[
        bool, typer.Option("--all-dialects", help="Meaning in every scheduler that is known.")
    ] = False,
    json: Json = False,
) -> None:
    """Print when a definition is due, and what it means.

    With --dialect NAME or --all-dialects: what it means in other schedulers, which of them agree,
    and the first instant at which the others part from the first one.
    """
    if dialect or all_dialects:
        if dialect and all_dialects:
            raise BadInput("--dialect", ["--all-dialects includes every dialect: give one of both"])
        ours = {"--start": start, "--ends": ends, "--repeats": repeats}
        if given := [option for option, value in ours.items() if value is not None]:
            raise BadInput(", ".join(given), ["dialects are of cron definitions, and not of jobs"])
        from gnomon.specs.cli.comparisons.next_dialects import print_dialects  # noqa: PLC0415

        print_dialects(definition, timezone, after, count, dialect, json)
        return
    fields = _fields(definition, timezone)
    later_than = None if after is None else parse_instant("--after", after)
    if start is not None:
        begins = parse_instant("--start", start)
    else:
        begins = console.next_second() if later_than is None else later_than
    fields |= {"name": "next", "service": "next", "start_date": write_instant(begins)}
    if ends is not None:
        fields["ends"] = write_instant(parse_instant("--ends", ends))
    if repeats is not None:
        fields["repeats"] = repeats
    try:
        job = jobs.read(fields)
    except jobs.Rejected as error:
        raise BadInput("--ends, --repeats", [str(fault) for fault in error.faults]) from None
    instants = next_instants(job, begins - 1 if later_than is None else later_than, count)
    if json:
        console.print_json([write_instant(instant) for instant in instants])
    else:
        lines = (with_local_time(instant, timezone) for instant in instants)
        console.print_parts(in_words(job), *lines)


def _fields(definition: str, timezone: str) -> dict[str, str | int]:
    """The job fields of a definition in a time zone. Raises BadInput."""
    try:
        fields = read_when(definition)
    except CronError as error:
        raise BadInput("DEFINITION", error.faults) from None
    except ValueError as error:
        raise BadInput("DEFINITION", [str(error)]) from None
    if fields["job_type"] == "cron_style":
        fields["timezone"] = parse_zone(timezone)
    elif timezone != "UTC":
        raise BadInput("--timezone", ["an interval has no time zone: it counts real time"])
    return fields
