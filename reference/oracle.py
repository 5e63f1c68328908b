"""The oracle: computes in the simplest way what must happen.

The one idea: look at every minute that can match. The oracle checks each minute of each matching
hour of each matching day, so that each line can be compared with its rule. On a day on which the
zone's offset has changed it leaves out no minute. It saves and solves nothing.

The oracle and its grammar are a deliberate second copy of ``schedule``: the rules judge the
scheduler by the oracle, and could not see a defect in code that both shared. It imports ``clock``,
the type of a definition and the time zones of ``zones``, which are data; and neither ``trigger``,
``cron``, ``offsets`` nor croniter.
"""

import re
from bisect import bisect_left
from calendar import monthrange
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from heapq import heapreplace
from typing import NamedTuple
from zoneinfo import ZoneInfo

from gnomon.reference.jobs import Definition
from gnomon.reference.schedule.clock import DAY, FIRST_INSTANT, HOUR, MINUTE, to_datetime
from gnomon.reference.schedule.zones import load_zone

LEAP_YEAR = 2000
"""A year in which every month has its greatest number of days."""

_SHORTHANDS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_MONTH_NUMBERS = {name: number for number, name in enumerate(_MONTHS, 1)}
_WEEKDAY_NUMBERS = {name: number for number, name in enumerate(_WEEKDAYS)}

_VALUE = re.compile(r"[A-Z]+|[0-9]{1,9}")
_RANGE = re.compile(r"([A-Z]+|[0-9]{1,9})-([A-Z]+|[0-9]{1,9})(?:/([0-9]{1,9}))?")
_MINUTE = timedelta(minutes=1)
_MICROSECOND = timedelta(microseconds=1)
_EPOCH_DAY = date(1970, 1, 1).toordinal()


class CronSets(NamedTuple):
    """The numbers that a cron definition allows in each field; Sunday is 0."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    real_time: bool
    """The minute or the hour field begins with `*`: the job follows real time (FIRE-5)."""
    either_day: bool
    """Neither day field is `*`: a day matches if either field allows it (FIRE-4)."""

    def matches(self, wall: datetime) -> bool:
        """Whether the minute matches in which a wall clock shows `wall` (FIRE-4)."""
        is_time = wall.minute in self.minutes and wall.hour in self.hours
        return is_time and self.matches_day(wall)

    def matches_day(self, day: date) -> bool:
        """Whether the day matches (FIRE-4)."""
        matching_days = (day.day in self.days, day.isoweekday() % 7 in self.weekdays)
        is_day = any(matching_days) if self.either_day else all(matching_days)
        return day.month in self.months and is_day


@lru_cache(maxsize=1_024)
def cron_sets(text: str) -> CronSets | None:
    """The numbers that the cron definition `text` allows, or None if JOB-4 rejects it.

    >>> sets = cron_sets("*/20 9-17/4 1,15 * MON")
    >>> sorted(sets.minutes), sorted(sets.hours), sorted(sets.days), sorted(sets.weekdays)
    ([0, 20, 40], [9, 13, 17], [1, 15], [1])
    >>> sets.real_time, sets.either_day
    (True, True)
    >>> cron_sets("0 0 30 2 *") is None  # the 30th of February
    True
    """
    if not text.isascii():
        return None
    words = " ".join(re.findall(r"\S+", text, re.ASCII))
    fields = _SHORTHANDS.get(words.lower(), words).upper().split(" ")
    if len(fields) != 5:
        return None
    minutes = _numbers(fields[0], 0, 59, {})
    hours = _numbers(fields[1], 0, 23, {})
    days = _numbers(fields[2], 1, 31, {})
    months = _numbers(fields[3], 1, 12, _MONTH_NUMBERS)
    weekdays = _numbers(fields[4], 0, 7, _WEEKDAY_NUMBERS)
    if not (minutes and hours and days and months and weekdays):
        return None
    either_day = fields[2] != "*" and fields[4] != "*"
    if not either_day and min(days) > max(monthrange(LEAP_YEAR, month)[1] for month in months):
        return None
    real_time = fields[0].startswith("*") or fields[1].startswith("*")
    sundays_as_0 = frozenset(number % 7 for number in weekdays)
    return CronSets(minutes, hours, days, months, sundays_as_0, real_time, either_day)


def _numbers(field: str, low: int, high: int, names: dict[str, int]) -> frozenset[int]:
    """The numbers that a field allows; empty if JOB-4 rejects the field."""
    if field == "*":
        return frozenset(range(low, high + 1))
    numbers: set[int] = set()
    for term in field.split(","):
        chosen = _term(term, low, high, names)
        if not chosen:
            return frozenset()
        numbers.update(chosen)
    return frozenset(numbers)


def _term(term: str, low: int, high: int, names: dict[str, int]) -> range:
    """The numbers that one term of a list allows; empty if JOB-4 rejects the term."""
    if _VALUE.fullmatch(term):
        term = f"{term}-{term}"
    elif term.startswith("*/"):
        term = f"{low}-{high}{term[1:]}"
    written = _RANGE.fullmatch(term)
    if written is None:
        return range(0)
    first, last = (
        int(end) if end.isdigit() else names.get(end, high + 1) for end in written.group(1, 2)
    )
    if high == 7 and last == 0 < first:  # Sunday at the end of a range of weekdays
        last = 7
    step = int(written.group(3) or 1)
    if step == 0 or first < low or last > high:
        return range(0)
    return range(first, last + 1, step)


def due_instants(definition: Definition, start: int, end: int) -> Iterator[int]:
    """Every instant in [`start`, `end`) (µs, UTC) at which a job is due, in order.

    From FIRE-1 to FIRE-5. Whether the job is active does not count, and neither do its `repeats`;
    no instant at or after its `ends` is due. The offsets of a cron job's time zone must be whole
    minutes, as all have been since February 1972. Raises ValueError for a cron definition that
    JOB-4 rejects.

    >>> hourly = Definition(
    ...     name="a", service="b", job_type="interval_based", start_date=HOUR // 2, hours=1
    ... )
    >>> [instant // MINUTE for instant in due_instants(hourly, HOUR, 4 * HOUR)]
    [90, 150, 210]
    """
    begin = definition.start_date
    if definition.ends is not None:
        end = min(end, definition.ends)
    if definition.job_type == "one_time":
        return iter([begin] if start <= begin < end else [])
    if definition.job_type == "interval_based":
        grid = range(begin, end, definition.interval)
        return iter(grid[bisect_left(grid, start) :])
    return _cron_instants(definition, max(start, begin), end)


def _cron_instants(definition: Definition, start: int, end: int) -> Iterator[int]:
    """The due minutes in [`start`, `end`), day by day (FIRE-4, FIRE-5)."""
    sets = cron_sets(definition.cron_definition or "")
    if sets is None:
        raise ValueError(f"JOB-4 rejects {definition.cron_definition!r}")
    zone = load_zone(definition.timezone)
    first_minute = -(-start // MINUTE) * MINUTE
    for begin in range(first_minute, end, DAY):
        stop = min(begin + DAY, end)
        offset = _offset(zone, begin - DAY)
        # A wall clock that was set back repeats less than a day.
        if offset == _offset(zone, begin) == _offset(zone, stop - 1):
            yield from _instants_at(sets, offset, begin, stop)
        else:
            yield from _instants_near_change(sets, zone, begin, stop)


def _instants_at(sets: CronSets, offset: int, start: int, end: int) -> Iterator[int]:
    """The due minutes in [`start`, `end`), while the wall clock is ahead of UTC by `offset`."""
    for number in range((start + offset) // DAY, (end - 1 + offset) // DAY + 1):
        if sets.matches_day(date.fromordinal(_EPOCH_DAY + number)):
            midnight = number * DAY - offset
            for hour in range(midnight, midnight + DAY, HOUR):
                if start - HOUR < hour < end and (hour - midnight) // HOUR in sets.hours:
                    for minute in sorted(sets.minutes):
                        if start <= hour + minute * MINUTE < end:
                            yield hour + minute * MINUTE


def _instants_near_change(sets: CronSets, zone: ZoneInfo, start: int, end: int) -> Iterator[int]:
    """The due minutes in [`start`, `end`), found by checking each minute (FIRE-4, FIRE-5)."""
    before = _wall(zone, start - MINUTE)
    for instant in range(start, end, MINUTE):
        wall = _wall(zone, instant)
        if sets.real_time:
            is_due = sets.matches(wall)
        else:
            is_first_copy = wall.fold == 0
            is_due = (is_first_copy and sets.matches(wall)) or any(
                sets.matches(skipped) for skipped in _between(before, wall)
            )
        if is_due:
            yield instant
        before = wall


def _offset(zone: ZoneInfo, instant: int) -> int:
    """How far a wall clock is ahead of UTC (µs)."""
    offset = to_datetime(instant).astimezone(zone).utcoffset()
    assert offset is not None
    return offset // _MICROSECOND


def _wall(zone: ZoneInfo, instant: int) -> datetime:
    """The time that a wall clock shows; `fold` is 1 for the second copy of a repeated time."""
    return to_datetime(instant).astimezone(zone).replace(tzinfo=None)


def _between(before: datetime, after: datetime) -> Iterator[datetime]:
    """The wall-clock minutes left out between two minutes that are adjacent in real time."""
    skipped = before + _MINUTE
    while skipped < after:
        yield skipped
        skipped += _MINUTE


def jitter_offset(job: str, due: int, jitter: int) -> int:
    """How long after `due` (µs, UTC) an occurrence is published, from 0 to `jitter` (µs; LIMIT-2).

    >>> jitter_offset("report", 60_000_000, 999)
    804
    """
    text = f"{job}\n{due}".encode("utf-8", "surrogatepass")
    powers = [pow(48_271, exponent, 2**31 - 1) for exponent in range(len(text), 0, -1)]
    weighted = sum(byte * power for byte, power in zip(text, powers, strict=True))
    high = (powers[0] + weighted) % (2**31 - 1)
    low = (high + 1) * 48_271 % (2**31 - 1)
    return (high << 21 | low & 0x1FFFFF) % (jitter + 1)


def near_change(timezone: str, instant: int) -> bool:
    """Whether the zone's offset from UTC changes within 25 hours before or after `instant` (µs).

    >>> from gnomon.reference.schedule.clock import read_instant
    >>> near_change("Europe/Warsaw", read_instant("2026-03-30T01:00:00Z"))  # it changed a day ago
    True
    >>> near_change("Europe/Warsaw", read_instant("2026-03-30T03:00:00Z"))
    False
    """
    zone = load_zone(timezone)
    nearby = range(instant - 25 * HOUR, instant + 25 * HOUR + 1, HOUR)
    return len({to_datetime(at).astimezone(zone).utcoffset() for at in nearby}) > 1


def start_instants(arrivals: Sequence[int], services: Sequence[int], workers: int) -> list[int]:
    """The start of each run (µs) if `workers` serve first come, first served (WORK-2, WORK-3).

    The i-th run arrives at `arrivals[i]` (µs, not decreasing) and takes `services[i]` (µs). By the
    recursion of Kiefer and Wolfowitz, the worker that is free earliest serves the next arrival.
    O(n log workers).

    >>> start_instants(arrivals=[0, 0, 0, 0, 25], services=[10, 10, 10, 10, 10], workers=2)
    [0, 0, 10, 10, 25]
    """
    free_from = [FIRST_INSTANT] * workers
    starts = []
    for arrival, service in zip(arrivals, services, strict=True):
        start = max(arrival, free_from[0])
        heapreplace(free_from, start + service)
        starts.append(start)
    return starts
