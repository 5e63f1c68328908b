"""When a job is due: FIRE-1, FIRE-2, FIRE-4 and FIRE-5 as pure functions.

The one idea: a trigger answers one question, ``first(at)``: which is the first due instant at or
after `at`? A trigger keeps no state that could be lost. Therefore no restart, failover or late
wake-up can make it drift.

    one_time        start_date
    interval_based  start_date + k·interval
    cron_style      the wall-clock minutes that match, converted to UTC by FIRE-5, day by UTC day

``offsets`` cuts the time of a zone into *stretches* of constant UTC offset. For a job that follows
the wall clock, two stretches meet in one of two ways:

    gap    the new stretch begins at a later wall time: the minutes left out are due together,
           at its beginning
    fold   the new stretch begins at an earlier wall time: the minutes that it repeats are not due
           again

Jobs with equal cron definitions in the same zone share one `MatchingMinutes`, and with it the days
that it has computed.
"""

from bisect import bisect_left
from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from typing import NamedTuple, Protocol
from zoneinfo import ZoneInfo

from gnomon.reference.jobs import Definition
from gnomon.reference.schedule.clock import (
    DAY,
    EPOCH,
    FIRST_INSTANT,
    LAST_INSTANT,
    MINUTE,
)
from gnomon.reference.schedule.cron import Cron, CronError, read_cron
from gnomon.reference.schedule.offsets import stretches
from gnomon.reference.schedule.zones import UnknownZone, load_zone, zone_database

_EPOCH_ORDINAL = EPOCH.toordinal()
_LONGEST_WAIT_DAYS = 9 * 366
"""The longest wait for a match: from one 29 February to the next, eight years (1896 to 1904)."""


class Unschedulable(ValueError):
    """A definition has no trigger here; the text names the field and gives the reason.

    It is in a store that was tampered with, or in a time zone that this machine's database has not.
    """


class Trigger(Protocol):
    """Decides at which instants a job is due."""

    def first(self, at: int) -> int | None:
        """The first due instant (µs, UTC) at or after `at`, or None if there is none."""
        ...


class OneTime(NamedTuple):
    """Due once, at `start` (FIRE-1)."""

    start: int

    def first(self, at: int) -> int | None:
        """`start`, or None if `at` is later."""
        return self.start if at <= self.start else None


class Grid(NamedTuple):
    """Due at `start` + k·`step`, k = 0, 1, 2… (FIRE-2)."""

    start: int
    step: int

    def first(self, at: int) -> int | None:
        """The first instant of the grid at or after `at`: O(1)."""
        start = self.start
        if at <= start:
            return start
        due = at + (start - at) % self.step
        return due if due <= LAST_INSTANT else None


class CronTrigger(NamedTuple):
    """Due at the matching minutes from `start` on (FIRE-4, FIRE-5)."""

    start: int
    minutes: "MatchingMinutes"

    def first(self, at: int) -> int | None:
        """The first matching minute at or after both `at` and `start`."""
        return self.minutes.first(max(at, self.start))


def trigger(definition: Definition) -> Trigger:
    """The trigger of a definition that JOB-1 to JOB-4 accept.

    Raises Unschedulable for any other, and for a time zone that the database here has not.

    >>> hourly = Definition(
    ...     name="a", service="b", job_type="interval_based", start_date=5 * MINUTE, hours=1
    ... )
    >>> trigger(hourly).first(6 * MINUTE) // MINUTE
    65
    """
    if definition.job_type == "one_time":
        return OneTime(definition.start_date)
    if definition.job_type == "interval_based":
        if definition.interval <= 0:
            raise Unschedulable("interval: it must be longer than 0")
        return Grid(definition.start_date, definition.interval)
    return CronTrigger(definition.start_date, _minutes_of(definition))


def _minutes_of(definition: Definition) -> "MatchingMinutes":
    zone = definition.timezone
    try:
        return matching_minutes(definition.cron_definition or "", zone)
    except CronError as error:
        raise Unschedulable(f"cron_definition: {error}") from None
    except UnknownZone:
        known = f"time zone database {zone_database()}"
        raise Unschedulable(f"timezone: {zone!r} is not in {known}") from None


def upcoming(trigger: Trigger, start: int, end: int = LAST_INSTANT + 1) -> Iterator[int]:
    """Every due instant in [`start`, `end`) (µs, UTC), in order."""
    due = trigger.first(start)
    while due is not None and due < end:
        yield due
        due = trigger.first(due + 1)


def matching_minutes(definition: str, timezone: str) -> "MatchingMinutes":
    """The shared MatchingMinutes of a cron definition in an IANA time zone.

    Raises CronError for a definition that JOB-4 rejects, and UnknownZone for a zone that is not in
    the database.
    """
    return _shared(read_cron(definition), timezone)


@lru_cache(maxsize=4096)
def _shared(cron: Cron, timezone: str) -> "MatchingMinutes":
    return MatchingMinutes(cron, load_zone(timezone))


class MatchingMinutes:
    """The instants at which `cron` is due in `zone`; one UTC day at a time is computed and kept.

    With m matching minutes in a day, `first` takes O(log m) in a day that is kept, and O(m) more
    for a day that is computed. The memory is bounded: the days computed last are kept.
    """

    DAYS_KEPT = 64
    """The largest number of days kept."""

    def __init__(self, cron: Cron, zone: ZoneInfo) -> None:
        self.cron = cron
        self.zone = zone
        self._wall_minutes = [
            (hour * 60 + minute) * MINUTE for hour in cron.hours for minute in cron.minutes
        ]
        self._days: dict[int, list[int]] = {}

    def first(self, at: int) -> int | None:
        """The first matching instant at or after `at` (µs, UTC), or None if there is none."""
        at = max(at, FIRST_INSTANT + 2 * DAY)  # local times before that lie outside the calendar
        day = at // DAY
        for number in range(day, day + _LONGEST_WAIT_DAYS):
            instants = self._days.get(number)
            if instants is None:
                if (number + 2) * DAY > LAST_INSTANT:
                    return None
                instants = self._remember(number)
            if instants and instants[-1] >= at:
                return instants[bisect_left(instants, at)]
        return None

    def _remember(self, number: int) -> list[int]:
        instants = list(self._compute(number * DAY, (number + 1) * DAY))
        if len(self._days) >= self.DAYS_KEPT:
            del self._days[next(iter(self._days))]
        self._days[number] = instants
        return instants

    def _compute(self, start: int, end: int) -> Iterator[int]:
        """The due instants in [`start`, `end`), in order; the end of a gap may occur repeatedly."""
        # A fold that began up to a day before `start` may still repeat minutes after it.
        spans = list(stretches(self.zone, start - DAY, end))
        if self.cron.real_time:
            for begins, ends, offset in spans:
                walls = self._walls(max(begins, start) + offset, ends + offset)
                yield from (wall - offset for wall in walls)
            return
        reached = spans[0].begins + spans[0].offset  # every wall time before it is done
        for begins, ends, offset in spans:
            for wall in self._walls(reached, ends + offset):
                due = max(wall - offset, begins)  # a minute in a gap is due where the gap ends
                if due >= start:
                    yield due
            reached = max(reached, ends + offset)

    def _walls(self, start: int, end: int) -> Iterator[int]:
        """The matching wall times in [`start`, `end`), in µs since 1970 on the wall clock."""
        for number in range(start // DAY, (end - 1) // DAY + 1):
            day = date.fromordinal(_EPOCH_ORDINAL + number)
            if self.cron.matches_day(day.month, day.day, day.isoweekday() % 7):
                midnight = number * DAY
                yield from (
                    midnight + minute
                    for minute in self._wall_minutes
                    if start <= midnight + minute < end
                )
