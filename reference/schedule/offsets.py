"""UTC offsets: the spans in which the UTC offset of a zone is constant (FIRE-5).

The one idea: within such a span, a *stretch*, a wall time is an instant plus the offset. Every
difficulty of time zones lies between two stretches, and ``trigger`` treats it in one place.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from gnomon.reference.schedule.clock import DAY, SECOND, to_datetime

_MICROSECOND = timedelta(microseconds=1)


class Stretch(NamedTuple):
    """A span [begins, ends) of UTC in which a zone has one `offset` from UTC (all in µs)."""

    begins: int
    ends: int
    offset: int


def stretches(zone: ZoneInfo, start: int, end: int) -> Iterator[Stretch]:
    """Cut [`start`, `end`) (µs, UTC) at every change of the offset of `zone`.

    Offsets are compared one day apart: no zone changes twice within two days.

    >>> from gnomon.reference.schedule.clock import HOUR, read_instant
    >>> from gnomon.reference.schedule.zones import load_zone
    >>> day = read_instant("2026-03-29T00:00:00Z")
    >>> [
    ...     ((stretch.ends - stretch.begins) // HOUR, stretch.offset // HOUR)
    ...     for stretch in stretches(load_zone("Europe/Warsaw"), day, day + DAY)
    ... ]
    [(1, 1), (23, 2)]
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


def offset_of(zone: ZoneInfo, instant: int) -> int:
    """The offset (µs) that `zone` adds to UTC at `instant` (µs, UTC)."""
    offset = to_datetime(instant).astimezone(zone).utcoffset()
    assert offset is not None
    return offset // _MICROSECOND


def _change_between(zone: ZoneInfo, before: int, after: int) -> int:
    """The instant, to the second, at which the offset changes in (`before`, `after`]."""
    old = offset_of(zone, before)
    while after - before > SECOND:
        middle = before + (after - before) // (2 * SECOND) * SECOND
        if offset_of(zone, middle) == old:
            before = middle
        else:
            after = middle
    return after
