"""When a cron definition is due in a dialect (FIRE-4 and FIRE-5 at the defaults).

The one idea: day by day. Where the offset of the zone is constant, the due instants of a day are
its matching wall times. On a day near a change of offset, each minute that could be due by one of
the offsets is checked with the knobs gap, fold and real_time.
"""

from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

import msgspec

from gnomon.reference.schedule.clock import DAY, MINUTE, SECOND, from_datetime, to_datetime
from gnomon.reference.schedule.zones import load_zone
from gnomon.specs.conformance.dialects.fields import (
    FieldRefusal,
    Meaning,
    Refusal,
    interval_of,
    meaning_of,
)
from gnomon.specs.conformance.dialects.knobs import DEFAULT, Dialect

_DAY = DAY // MINUTE
_EPOCH = date(1970, 1, 1).toordinal()
_LONGEST_SEARCH = 130 * 366
"""Days. 29 February falls on a given day of the week every 40 years at the latest, and three times
within these."""
LAST_DAY = date(9998, 12, 31).toordinal() - _EPOCH
"""The last day on which something is due (days since the epoch)."""


class Change(NamedTuple):
    """A zone changes its offset from `before` to `after` at an instant (all in minutes)."""

    at: int
    before: int
    after: int


def next_instants(
    text: str, zone: str, after: int, count: int, dialect: Dialect
) -> tuple[int, ...] | None:
    """The first `count` instants later than `after` (µs, UTC) at which `text` is due in `dialect`.

    None if the dialect refuses the definition; fewer instants if there are no more in 130 years.

    >>> from gnomon.reference.schedule.clock import read_instant, write_instant
    >>> spring = read_instant("2024-03-10T00:00:00Z")
    >>> for gap in "after", "shifted", "skipped":
    ...     (due,) = next_instants(
    ...         "30 2 * * *", "America/New_York", spring, 1, Dialect(gap=gap)
    ...     )
    ...     print(write_instant(due))
    2024-03-10T07:00:00Z
    2024-03-10T07:30:00Z
    2024-03-11T06:30:00Z
    """
    if dialect.nicknames == "and-every" and (interval := interval_of(text)):
        return tuple(after - after % SECOND + interval * number for number in range(1, count + 1))
    # The fields do not depend on gap and fold: they are read once for all settings of these.
    meaning = _meaning(text, msgspec.structs.replace(dialect, gap=DEFAULT.gap, fold=DEFAULT.fold))
    if not isinstance(meaning, Meaning):
        is_refused = dialect.malformed == "refused" or meaning is not FieldRefusal
        return None if is_refused else ()
    return _first(meaning, zone, after, count, dialect.gap, dialect.fold)


@lru_cache(maxsize=1 << 16)
def _meaning(text: str, dialect: Dialect) -> Meaning | type[Refusal]:
    """The meaning of a definition, or why it has none."""
    try:
        return meaning_of(text, dialect)
    except Refusal as refusal:
        return type(refusal)


@lru_cache(maxsize=1 << 15)
def _first(
    meaning: Meaning, zone: str, after: int, count: int, gap: str, fold: str
) -> tuple[int, ...]:
    due = (
        minute * MINUTE + second * SECOND
        for minute in _due_minutes(meaning, zone, after // MINUTE, gap, fold)
        for second in meaning.seconds
    )
    return tuple(islice((instant for instant in due if instant > after), count))


def _due_minutes(meaning: Meaning, zone: str, start: int, gap: str, fold: str) -> Iterator[int]:
    """The due minutes from `start` on (minutes since the epoch), in order."""
    first = start // _DAY
    for day in range(first, min(first + _LONGEST_SEARCH, LAST_DAY)):
        yield from minutes_on(meaning, zone, day, gap, fold)


def minutes_on(meaning: Meaning, zone: str, day: int, gap: str, fold: str) -> Iterator[int]:
    """The due minutes (since the epoch) of a UTC day (since the epoch), in order."""
    # A local date is at most a day away from that of UTC, and a gap is a day long at most.
    if not any(matches(meaning, near) for near in range(day - 2, day + 3)):
        return
    begins = day * _DAY
    changes = changes_near(zone, day)
    if not changes:
        yield from _on_a_plain_day(meaning, begins, _offset(zone, begins))
        return
    offsets = {offset for change in changes for offset in (change.before, change.after)}
    shown = {at for offset in offsets for at in _on_a_plain_day(meaning, begins, offset)}
    candidates = shown | {change.at for change in changes if day == change.at // _DAY}
    for minute in sorted(candidates):
        if _is_due(meaning, minute, changes, gap, fold):
            yield minute


def _on_a_plain_day(meaning: Meaning, begins: int, offset: int) -> Iterator[int]:
    """The due minutes of a UTC day with one offset."""
    for local_day in range((begins + offset) // _DAY, (begins + offset + _DAY - 1) // _DAY + 1):
        if not matches(meaning, local_day):
            continue
        for hour in sorted(meaning.hours):
            for minute in sorted(meaning.minutes):
                instant = local_day * _DAY + hour * 60 + minute - offset
                if begins <= instant < begins + _DAY:
                    yield instant


def _is_due(
    meaning: Meaning, instant: int, changes: tuple[Change, ...], gap: str, fold: str
) -> bool:
    """Whether a definition is due at a minute near `changes` of the offset."""
    offset = changes[0].before
    for change in changes:
        if change.at <= instant:
            offset = change.after
    if _shows(meaning, instant + offset) and (
        meaning.real_time or _is_chosen_copy(instant, changes, fold)
    ):
        return True
    if meaning.real_time:
        return False
    return any(_is_due_by_gap(meaning, instant, change, gap) for change in changes)


def _is_chosen_copy(instant: int, changes: tuple[Change, ...], fold: str) -> bool:
    """Whether the knob `fold` lets a wall time be due at this one of its copies."""
    for change in changes:
        repeated = change.before - change.after
        if fold == "first" and change.at <= instant < change.at + repeated:
            return False
        if fold == "second" and change.at - repeated <= instant < change.at:
            return False
    return True


def _is_due_by_gap(meaning: Meaning, instant: int, change: Change, gap: str) -> bool:
    """Whether a wall time that `change` leaves out is due at this instant."""
    skipped = range(change.at + change.before, change.at + change.after)
    if gap == "after":
        return instant == change.at and any(_shows(meaning, wall) for wall in skipped)
    wall = instant + change.before
    if gap == "skipped" or instant < change.at or wall not in skipped:
        return False
    if not _shows(meaning, wall):
        return False
    earlier = range(skipped.start, wall)
    return gap == "shifted" or not any(_shows(meaning, skip) for skip in earlier)


def _shows(meaning: Meaning, wall: int) -> bool:
    """Whether the definition matches a wall time (minutes since the epoch, local)."""
    day, minute_of_day = divmod(wall, _DAY)
    hour, minute = divmod(minute_of_day, 60)
    return minute in meaning.minutes and hour in meaning.hours and matches(meaning, day)


@lru_cache(maxsize=1 << 17)
def matches(meaning: Meaning, day: int) -> bool:
    """Whether the definition matches a local date (days since the epoch)."""
    local = date.fromordinal(_EPOCH + day)
    return meaning.matches_day(local.year, local.month, local.day, local.isoweekday() % 7)


# --- offsets


def changes_near(zone: str, day: int) -> tuple[Change, ...]:
    """The changes of offset of `zone` within a day before and after a UTC day."""
    return sum((_changes(zone, near) for near in range(day - 1, day + 2)), ())


@lru_cache(maxsize=1 << 16)
def _changes(zone: str, day: int) -> tuple[Change, ...]:
    """The changes of offset within a UTC day, found hour by hour and then minute by minute."""
    changes = []
    begins = day * _DAY
    for hour in range(begins, begins + _DAY, 60):
        before, after = _offset(zone, hour - 1), _offset(zone, hour + 59)
        if before != after:
            at = next(
                minute for minute in range(hour, hour + 60) if _offset(zone, minute) != before
            )
            changes.append(Change(at, before, after))
    return tuple(changes)


def _offset(zone: str, minute: int) -> int:
    """What `zone` adds to UTC at a minute since the epoch (minutes)."""
    local = to_datetime(minute * MINUTE).astimezone(load_zone(zone)).replace(tzinfo=None)
    return from_datetime(local.replace(tzinfo=to_datetime(0).tzinfo)) // MINUTE - minute
