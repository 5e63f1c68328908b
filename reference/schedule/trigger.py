"""When a job is due: FIRE-1, FIRE-2, FIRE-4 and FIRE-5 as pure functions.

The one idea: a trigger answers one question, ``first(at)``: which is the first due instant at or
after `at`? It keeps no state that could be lost, so a restart, a failover or a late wake-up cannot
make it drift.

    one_time        start_date
    interval_based  start_date + k·interval
    cron_style      per UTC day: the wall-clock minutes that match, carried to UTC by FIRE-5

A wall clock is cut into *stretches* of constant offset. Between two stretches lies a change:

    gap    the new stretch starts at a later wall time: the skipped instants are due together at
           its start
    fold   the new stretch starts at an earlier wall time: what it repeats has been due already

Equal cron definitions in the same zone share one Cron trigger and so one memory of computed days.
"""

from bisect import bisect_left
from collections.abc import Iterator
from datetime import date, timedelta
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
    SECOND,
    to_datetime,
)
from gnomon.reference.schedule.cron import Cron, read_cron

_EPOCH_ORDINAL = EPOCH.toordinal()
_LONGEST_WAIT_DAYS = 9 * 366
"""A 29 February is at most eight years away (1896 to 1904); more than that is never."""


class Trigger(Protocol):
    """Says when a job is due."""

    def first(self, at: int) -> int | None:
        """The first due instant (µs, UTC) at or after `at`, or None if there is none."""
        ...


class OneTime(NamedTuple):
    """Due once, at `start` (FIRE-1)."""

    start: int

    def first(self, at: int) -> int | None:
        """`start`, unless that has passed."""
        return self.start if at <= self.start else None


class Grid(NamedTuple):
    """Due at `start` + k·`step`, k = 0, 1, 2… (FIRE-2)."""

    start: int
    step: int

    def first(self, at: int) -> int | None:
        """The first point of the grid from `at` on: O(1)."""
        start = self.start
        if at <= start:
            return start
        due = at + (start - at) % self.step
        return due if due <= LAST_INSTANT else None


class CronTrigger(NamedTuple):
    """Due at the minutes from `start` on that the fields match (FIRE-4, FIRE-5)."""

    start: int
    minutes: "MatchingMinutes"

    def first(self, at: int) -> int | None:
        """The first matching minute from `at` on, and from `start`."""
        return self.minutes.first(max(at, self.start))


def trigger(definition: Definition) -> Trigger:
    """The trigger of a valid definition."""
    if definition.job_type == "one_time":
        return OneTime(definition.start_date)
    if definition.job_type == "interval_based":
        return Grid(definition.start_date, definition.interval)
    assert definition.cron_definition is not None
    return CronTrigger(
        definition.start_date, matching_minutes(definition.cron_definition, definition.timezone)
    )


def upcoming(trigger: Trigger, start: int, end: int = LAST_INSTANT + 1) -> Iterator[int]:
    """Every due instant in [start, end), in order."""
    due = trigger.first(start)
    while due is not None and due < end:
        yield due
        due = trigger.first(due + 1)


def matching_minutes(definition: str, timezone: str) -> "MatchingMinutes":
    """The shared MatchingMinutes of a valid definition and an IANA time zone."""
    return _shared(read_cron(definition), timezone)


@lru_cache(maxsize=4096)
def _shared(cron: Cron, timezone: str) -> "MatchingMinutes":
    return MatchingMinutes(cron, ZoneInfo(timezone))


class MatchingMinutes:
    """The instants that `cron` matches in `zone`, computed a UTC day at a time and remembered.

    `first` takes O(log m) within a day already computed, m being the matches of a day; a day costs
    O(m) more. The memory is bounded: the days asked for last are kept.
    """

    DAYS_KEPT = 64

    def __init__(self, cron: Cron, zone: ZoneInfo) -> None:
        self.cron = cron
        self.zone = zone
        self._wall_minutes = [
            (hour * 60 + minute) * MINUTE for hour in cron.hours for minute in cron.minutes
        ]
        self._days: dict[int, list[int]] = {}

    def first(self, at: int) -> int | None:
        """The first matching instant at or after `at` (µs, UTC), or None if there is none."""
        at = max(at, FIRST_INSTANT + 2 * DAY)  # earlier, local time would leave the calendar
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
        """The matching instants in [start, end), in order; a gap's end may be among them often."""
        # A fold of up to a day just before `start` may still be repeating itself after it.
        stretches = list(stretches_of(self.zone, start - DAY, end))
        if self.cron.real_time:
            for begins, ends, offset in stretches:
                walls = self._walls(max(begins, start) + offset, ends + offset)
                yield from (wall - offset for wall in walls)
            return
        reached = stretches[0].begins + stretches[0].offset  # the wall time accounted for so far
        for begins, ends, offset in stretches:
            for wall in self._walls(reached, ends + offset):
                due = max(wall - offset, begins)  # what a gap skipped is due where it ends
                if due >= start:
                    yield due
            reached = max(reached, ends + offset)

    def _walls(self, start: int, end: int) -> Iterator[int]:
        """The matching wall-clock times in [start, end), counted like instants."""
        for number in range(start // DAY, (end - 1) // DAY + 1):
            day = date.fromordinal(_EPOCH_ORDINAL + number)
            if self.cron.matches_day(day.month, day.day, day.isoweekday() % 7):
                midnight = number * DAY
                yield from (
                    midnight + minute
                    for minute in self._wall_minutes
                    if start <= midnight + minute < end
                )


class Stretch(NamedTuple):
    """A span [begins, ends) of UTC in which a zone's `offset` from UTC does not change (µs)."""

    begins: int
    ends: int
    offset: int


def stretches_of(zone: ZoneInfo, start: int, end: int) -> Iterator[Stretch]:
    """Cut [start, end) at every change of offset.

    Offsets are compared a day apart: since 1970 no zone has changed twice within two days.
    """
    begins = probe = start
    offset = offset_of(zone, start)
    while probe < end:
        following = min(probe + DAY, end)
        if offset_of(zone, following) != offset:
            changes = _change_between(zone, probe, following)
            yield Stretch(begins, changes, offset)
            begins, offset = changes, offset_of(zone, changes)
        probe = following
    if begins < end:
        yield Stretch(begins, end, offset)


def _change_between(zone: ZoneInfo, before: int, after: int) -> int:
    """The instant, to the second, at which the offset changes in (before, after]."""
    old = offset_of(zone, before)
    while after - before > SECOND:
        middle = before + (after - before) // (2 * SECOND) * SECOND
        if offset_of(zone, middle) == old:
            before = middle
        else:
            after = middle
    return after


def offset_of(zone: ZoneInfo, instant: int) -> int:
    """What `zone` adds to UTC at `instant` (µs)."""
    offset = to_datetime(instant).astimezone(zone).utcoffset()
    assert offset is not None
    return offset // timedelta(microseconds=1)
