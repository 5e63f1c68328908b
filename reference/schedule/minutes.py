"""The minutes at which a cron definition is due in a time zone: FIRE-4 and FIRE-5, by UTC day.

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
from zoneinfo import ZoneInfo

from gnomon.reference.schedule.clock import DAY, EPOCH, FIRST_INSTANT, LAST_INSTANT, MINUTE
from gnomon.reference.schedule.cron import Cron, read_cron
from gnomon.reference.schedule.offsets import stretches
from gnomon.reference.schedule.zones import load_zone

_EPOCH_ORDINAL = EPOCH.toordinal()
_LONGEST_WAIT_DAYS = 9 * 366
"""The longest wait for a match: from one 29 February to the next, eight years (1896 to 1904)."""


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
