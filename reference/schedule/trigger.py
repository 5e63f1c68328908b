"""When a job is due: FIRE-1, FIRE-2, FIRE-4 and FIRE-5 as pure functions.

The one idea: a trigger answers one question, ``first(at)``: which is the first due instant at or
after `at`? A trigger keeps no state that could be lost. Therefore no restart, failover or late
wake-up can make it drift.

    one_time        start_date
    interval_based  start_date + k·interval
    cron_style      the wall-clock minutes that match, converted to UTC by FIRE-5 (``minutes``)

The last two end before `ends`, if the definition has it.
"""

from collections.abc import Iterator
from typing import NamedTuple, Protocol

from gnomon.reference.jobs import Definition
from gnomon.reference.schedule.clock import LAST_INSTANT
from gnomon.reference.schedule.cron import CronError
from gnomon.reference.schedule.minutes import MatchingMinutes, matching_minutes
from gnomon.reference.schedule.zones import UnknownZone, zone_database

_NEVER = LAST_INSTANT + 1
"""The end of a job without `ends`."""


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
    """Due at `start` + k·`step`, k = 0, 1, 2…, before `ends` (FIRE-2)."""

    start: int
    step: int
    ends: int = _NEVER

    def first(self, at: int) -> int | None:
        """The first instant of the grid at or after `at`: O(1)."""
        start, step, ends = self
        if at <= start:
            return start
        due = at + (start - at) % step
        return due if due < ends else None


class CronTrigger(NamedTuple):
    """Due at the matching minutes from `start` on and before `ends` (FIRE-4, FIRE-5)."""

    start: int
    minutes: MatchingMinutes
    ends: int = _NEVER

    def first(self, at: int) -> int | None:
        """The first matching minute at or after both `at` and `start`."""
        due = self.minutes.first(max(at, self.start)) if at < self.ends else None
        return due if due is not None and due < self.ends else None


def trigger(definition: Definition) -> Trigger:
    """The trigger of a definition that JOB-1 to JOB-4 accept.

    Raises Unschedulable for any other, and for a time zone that the database here has not.

    >>> from gnomon.reference.schedule.clock import MINUTE
    >>> hourly = Definition(
    ...     name="a", service="b", job_type="interval_based", start_date=5 * MINUTE, hours=1
    ... )
    >>> trigger(hourly).first(6 * MINUTE) // MINUTE
    65
    """
    if definition.job_type == "one_time":
        return OneTime(definition.start_date)
    ends = _NEVER if definition.ends is None else definition.ends
    if definition.job_type == "interval_based":
        if definition.interval <= 0:
            raise Unschedulable("interval: it must be longer than 0")
        return Grid(definition.start_date, definition.interval, ends)
    return CronTrigger(definition.start_date, _minutes_of(definition), ends)


def _minutes_of(definition: Definition) -> MatchingMinutes:
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


def first_due(definition: Definition) -> int:
    """The first occurrence of a definition (µs, UTC); its start_date if none can be computed."""
    try:
        due = trigger(definition).first(definition.start_date)
    except Unschedulable:
        due = None
    return definition.start_date if due is None else due
