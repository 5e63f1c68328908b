"""Instants and durations as integers, their text forms, and the clock that gives the time.

The one idea: time is a whole number of microseconds. An *instant* counts them from the Unix
epoch, UTC; a *duration* is the difference of two instants. Integers neither round nor drift, so
the same inputs give the same bytes (HIST-3). Only this module converts between integers and text.
"""

import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Protocol

MILLISECOND = 1_000
SECOND = 1_000 * MILLISECOND
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
WEEK = 7 * DAY

UNITS = {"w": WEEK, "d": DAY, "h": HOUR, "m": MINUTE, "s": SECOND, "ms": MILLISECOND, "us": 1}
"""The units of a written duration, largest first."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST_INSTANT = -62_135_596_800 * SECOND
"""0001-01-01T00:00:00Z: the earliest instant that `datetime` can hold."""
LAST_INSTANT = 253_402_300_800 * SECOND - 1
"""9999-12-31T23:59:59.999999Z: the latest instant that `datetime` can hold."""

_EPOCH_WITHOUT_ZONE = EPOCH.replace(tzinfo=None)
_MICROSECOND = timedelta(microseconds=1)
_TERM = re.compile(r"([0-9]{1,18})(ms|us|[wdhms])")
_RFC_3339 = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d{1,6})?([Zz]|[+-]\d{2}:\d{2})?", re.ASCII
)


class Clock(Protocol):
    """Gives the current time."""

    @property
    def now(self) -> int:
        """The current instant (µs since the epoch, UTC)."""
        ...


class VirtualClock:
    """A clock that moves only when it is advanced."""

    __slots__ = ("now",)

    def __init__(self, now: int = 0) -> None:
        self.now = now

    def advance_to(self, instant: int) -> None:
        """Move to `instant` (µs, UTC). Raises ValueError if it is earlier than `now`."""
        if instant < self.now:
            raise ValueError(f"time cannot run backwards: from {self.now} to {instant}")
        self.now = instant


def from_datetime(value: datetime) -> int:
    """The instant (µs, UTC) of `value`; without an offset, `value` is in UTC.

    Raises ValueError if the instant lies outside the years 1 to 9999, UTC. An offset can cause
    that.
    """
    if value.tzinfo is None:
        value = value.replace(tzinfo=UTC)
    instant = (value - EPOCH) // _MICROSECOND
    if not FIRST_INSTANT <= instant <= LAST_INSTANT:
        raise ValueError("an instant lies in the years 1 to 9999, UTC")
    return instant


def to_datetime(instant: int) -> datetime:
    """`instant` (µs, UTC) as an aware `datetime` in UTC."""
    return EPOCH + timedelta(microseconds=instant)


def read_instant(text: str) -> int:
    """The instant (µs, UTC) that `text` gives in the form of RFC 3339; without an offset, in UTC.

    Raises ValueError with a message that shows the right form.

    >>> read_instant("1970-01-01T01:00:00.5+01:00")
    500000
    """
    if _RFC_3339.fullmatch(text):
        try:
            return from_datetime(datetime.fromisoformat(text.upper()))
        except (ValueError, OverflowError):
            pass
    raise ValueError("an instant is written as in 2026-01-31T12:00:00Z (RFC 3339)")


def write_instant(instant: int) -> str:
    """`instant` (µs, UTC) as RFC 3339 text that ends in Z, without a fraction of zero.

    >>> write_instant(500_000)
    '1970-01-01T00:00:00.5Z'
    """
    text = (_EPOCH_WITHOUT_ZONE + timedelta(microseconds=instant)).isoformat()
    return (text.rstrip("0") if "." in text else text) + "Z"


def read_duration(text: str) -> int:
    """The duration (µs) that `text` gives as whole numbers with units, such as ``1h30m``.

    Raises ValueError with a message that shows the right form.

    >>> read_duration("250ms")
    250000
    """
    terms = _TERM.findall(text)
    units = [unit for _, unit in terms]
    ordered = units == [unit for unit in UNITS if unit in units]
    if not terms or not ordered or "".join(map("".join, terms)) != text:
        raise ValueError(
            "a duration is whole numbers with units w, d, h, m, s, ms or us, largest first, "
            "as in 250ms, 2s or 1h30m"
        )
    return sum(int(count) * UNITS[unit] for count, unit in terms)


def write_duration(duration: int) -> str:
    """`duration` (µs, not negative) as text, in the fewest exact terms.

    >>> write_duration(90_000_000)
    '1m30s'
    """
    if duration == 0:
        return "0s"
    terms = []
    for unit, size in UNITS.items():
        count, duration = divmod(duration, size)
        if count:
            terms.append(f"{count}{unit}")
    return "".join(terms)


def write_rounded(duration: int) -> str:
    """`duration` (µs) as text for people: its two largest units; a negative one is 0.

    >>> [write_rounded(duration) for duration in (-1, 999, 1_234, 12_345_678, 726_781_544)]
    ['0s', '999us', '1ms234us', '12s345ms', '12m6s']
    """
    for size, smaller in pairwise(UNITS.values()):
        if duration >= size:
            return write_duration(duration // smaller * smaller)
    return write_duration(max(duration, 0))
