"""Describes in English words when a job is due.

The one idea: the words come from the minutes that a definition matches, never from its text. So
they cannot repeat a misunderstanding: ``*/40`` does not mean "every 40 minutes", and the words do
not state that. Different meanings get different words; a test reads the words back and finds the
definition again.

FIRE-5 distinguishes two kinds of cron definition, and so do the words:

    follows real time        a rate         every 5 minutes · at minute 17 of every hour
                                            every 3 hours from 00:18 to 21:18
                             or a display   whenever the clock shows 00:00 or 12:00
    follows the wall clock   clock times    at 12:00 every day
                                            at minute 30 of hours 7 to 23 every day
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

from gnomon.reference.jobs import INTERVAL_UNITS, Definition
from gnomon.reference.schedule.clock import MINUTE, to_datetime, write_instant
from gnomon.reference.schedule.cron import MONTH_NAMES, WEEKDAY_NAMES, Cron, read_cron
from gnomon.reference.schedule.zones import load_zone

MONTHS = MONTH_NAMES
WEEKDAYS = (*WEEKDAY_NAMES[1:], WEEKDAY_NAMES[0])

MOST_TIMES = 6
"""The largest number of clock times listed one by one; more are written as minutes of hours."""


def in_words(definition: Definition) -> str:
    """Describes when a job is due (FIRE-1 to FIRE-4).

    The words for a cron job leave out its start_date, which does not change the matching minutes.

    >>> in_words(Definition(name="a", job_type="one_time", service="s", start_date=0))
    'once, at 1970-01-01 00:00:00 UTC'
    """
    repeats, ends = definition.repeats, definition.ends
    often = [] if repeats is None else [_counted(repeats, "times")]
    before = [] if ends is None else [f"before {_instant_in_words(ends)}"]
    if definition.cron_definition is not None:
        matching = cron_in_words(definition.cron_definition, definition.timezone)
        return ", ".join([matching, *often, *before])
    start = _instant_in_words(definition.start_date)
    if definition.job_type == "one_time":
        return f"once, at {start}"
    if not (often or before):
        often = ["indefinitely"]
    return ", ".join([_every(definition.interval), *often, f"from {start}", *before])


def _instant_in_words(instant: int) -> str:
    return write_instant(instant).replace("T", " ").replace("Z", " UTC")


def cron_in_words(text: str, timezone: str = "UTC") -> str:
    """Describes the cron definition `text` in the IANA `timezone` (JOB-4, FIRE-4, FIRE-5).

    Raises CronError for a text that JOB-4 rejects.

    >>> cron_in_words("0 12 * * MON-FRI")
    'at 12:00 on Monday to Friday'
    >>> cron_in_words("0 0 13 * 5", "Europe/Warsaw")
    'at 00:00 on day 13 of the month or on Friday (either is enough), by the clock in Europe/Warsaw'
    """
    cron = read_cron(text)
    times = _in_real_time(cron) if cron.real_time else f"at {_clock_times(cron, 'and')}"
    clock = "" if timezone == "UTC" else f", by the clock in {timezone}"
    return times + _on_days(cron) + clock


def interval_units(duration: int) -> dict[str, int]:
    """`duration` (µs, whole seconds) in the largest exact units of JOB-3, without units of 0.

    >>> interval_units(5_400_000_000)
    {'hours': 1, 'minutes': 30}
    """
    units = {}
    for unit, size in INTERVAL_UNITS.items():
        count, duration = divmod(duration, size)
        if count:
            units[unit] = count
    return units


def _every(duration: int) -> str:
    """``every 2 hours``, ``every hour``, ``every 1 hour 30 minutes``."""
    units = interval_units(duration)
    if list(units.values()) == [1]:
        return f"every {next(iter(units)).removesuffix('s')}"
    return " ".join(["every", *(_counted(count, unit) for unit, count in units.items())])


def _in_real_time(cron: Cron) -> str:
    if len(cron.hours) == 24:
        step = 60 // len(cron.minutes)
        if step < 60 and cron.minutes == tuple(range(0, 60, step)):
            return _every(step * MINUTE)
        return f"at {_numbered('minute', cron.minutes)} of every hour"
    times = _minutes_of_day(cron)
    if len(times) > 2 and _is_progression(times):
        return (
            f"{_every((times[1] - times[0]) * MINUTE)} "
            f"from {_clock_time(times[0])} to {_clock_time(times[-1])}"
        )
    return f"whenever the clock shows {_clock_times(cron, 'or')}"


def _clock_times(cron: Cron, conjunction: str) -> str:
    times = _minutes_of_day(cron)
    if len(times) <= MOST_TIMES:
        return _joined([_clock_time(time) for time in times], conjunction)
    minutes = _numbered("minute", cron.minutes, conjunction)
    return f"{minutes} of {_numbered('hour', cron.hours, conjunction)}"


def _on_days(cron: Cron) -> str:
    every_day, every_weekday = len(cron.days) == 31, len(cron.weekdays) == 7
    months = _listed([month - 1 for month in cron.months], MONTHS.__getitem__)
    weekdays = _listed([(day - 1) % 7 for day in cron.weekdays], WEEKDAYS.__getitem__)
    days = _numbered("day", cron.days)
    only_in = f", only in {months}" if len(cron.months) < 12 else ""
    if cron.either_day:
        return f" on {days} of the month or on {weekdays} (either is enough){only_in}"
    if not every_day and len(cron.months) == 1:
        return f" on {days} of {months}"
    if not every_day:
        return f" on {days} of the month{only_in}"
    if not every_weekday:
        return f" on {weekdays}{only_in}"
    return only_in if cron.real_time else f" every day{only_in}"


def _minutes_of_day(cron: Cron) -> list[int]:
    return [60 * hour + minute for hour in cron.hours for minute in cron.minutes]


def _clock_time(minute_of_day: int) -> str:
    return f"{minute_of_day // 60:02}:{minute_of_day % 60:02}"


def _counted(count: int, plural: str) -> str:
    return f"{count} {plural.removesuffix('s') if count == 1 else plural}"


def _numbered(noun: str, numbers: Iterable[int], conjunction: str = "and") -> str:
    """``minute 5``, ``hours 9 to 17``; with the conjunction "or" the noun stays singular."""
    listed = list(numbers)
    plural = "s" if len(listed) > 1 and conjunction == "and" else ""
    return f"{noun}{plural} {_listed(listed, str, conjunction)}"


def _listed(numbers: Iterable[int], text_of: Callable[[int], str], conjunction: str = "and") -> str:
    """`numbers` in order: ``1, 3, 5 … 31`` if evenly spaced, else ranges and single numbers."""
    ordered = sorted(numbers)
    if len(ordered) > 4 and ordered[1] - ordered[0] > 1 and _is_progression(ordered):
        return f"{', '.join(map(text_of, ordered[:3]))} … {text_of(ordered[-1])}"
    pieces: list[str] = []
    while ordered:
        length = 1
        while length < len(ordered) and ordered[length] == ordered[0] + length:
            length += 1
        if length > 2:
            pieces.append(f"{text_of(ordered[0])} to {text_of(ordered[length - 1])}")
        else:
            pieces += map(text_of, ordered[:length])
        del ordered[:length]
    return _joined(pieces, conjunction)


def _joined(pieces: Sequence[str], conjunction: str) -> str:
    *others, last = pieces
    return f"{', '.join(others)} {conjunction} {last}" if others else last


def _is_progression(numbers: Sequence[int]) -> bool:
    return len({later - earlier for earlier, later in pairwise(numbers)}) == 1


def with_local_time(instant: int, timezone: str) -> str:
    """An instant (µs, UTC), and the local time in `timezone`."""
    local = to_datetime(instant).astimezone(load_zone(timezone))
    text = f"{local:%a}" if timezone == "UTC" else f"{local:%a %Y-%m-%d %H:%M:%S %Z}"
    return f"{write_instant(instant)}  {text}"
