"""Instants and durations as integers, and the clock they are read from.

The one idea: time is a whole number of microseconds. An *instant* counts them from the Unix
epoch, UTC; a *duration* is a difference of two instants. Integers neither round nor drift, so the
same inputs give the same bytes (HIST-3). Text appears only at the edges, and is read and written
here and nowhere else.
"""

import re
from datetime import UTC, datetime, timedelta
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
"""0001-01-01T00:00:00Z: the earliest instant `datetime` can hold."""
LAST_INSTANT = 253_402_300_800 * SECOND - 1
"""9999-12-31T23:59:59.999999Z: the latest."""

_MICROSECOND = timedelta(microseconds=1)
_TERM = re.compile(r"([0-9]{1,18})(ms|us|[wdhms])")
_RFC_3339 = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d{1,6})?([Zz]|[+-]\d{2}:\d{2})?", re.ASCII
)


class Clock(Protocol):
    """Something that knows what time it is."""

    @property
    def now(self) -> int:
        """The current instant (µs since the epoch, UTC)."""
        ...


class VirtualClock:
    """A clock that stands still until it is moved."""

    __slots__ = ("now",)

    def __init__(self, now: int = 0) -> None:
        self.now = now

    def advance_to(self, instant: int) -> None:
        """Move forward to `instant` (µs, UTC). Raises ValueError if that lies in the past."""
        if instant < self.now:
            raise ValueError(f"time cannot run backwards: from {self.now} to {instant}")
        self.now = instant


def from_datetime(value: datetime) -> int:
    """The instant (µs, UTC) that `value` names; a value without an offset is taken as UTC.

    Raises ValueError if it lies outside the years 1 to 9999 of UTC, where an offset can carry it.
    """
    if value.tzinfo is None:
        value = value.replace(tzinfo=UTC)
    instant = (value - EPOCH) // _MICROSECOND
    if not FIRST_INSTANT <= instant <= LAST_INSTANT:
        raise ValueError("an instant lies in the years 1 to 9999, UTC")
    return instant


def to_datetime(instant: int) -> datetime:
    """`instant` (µs, UTC) as an aware `datetime`."""
    return EPOCH + timedelta(microseconds=instant)


def read_instant(text: str) -> int:
    """The instant (µs, UTC) written in `text` as RFC 3339; without an offset it is UTC.

    Raises ValueError with a message that says what would be right.
    """
    if _RFC_3339.fullmatch(text):
        try:
            return from_datetime(datetime.fromisoformat(text.upper()))
        except (ValueError, OverflowError):
            pass
    raise ValueError("an instant is written as in 2026-01-31T12:00:00Z (RFC 3339)")


def write_instant(instant: int) -> str:
    """`instant` (µs, UTC) as RFC 3339 text ending in Z, with a fraction only if there is one."""
    text = to_datetime(instant).replace(tzinfo=None).isoformat()
    return (text.rstrip("0") if "." in text else text) + "Z"


def read_duration(text: str) -> int:
    """The duration (µs) written in `text`: whole numbers with units, as in ``250ms`` or ``1h30m``.

    Raises ValueError with a message that says what would be right.
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
    """`duration` (µs, not negative) in the fewest exact terms: ``90000000`` is ``1m30s``."""
    if duration == 0:
        return "0s"
    terms = []
    for unit, size in UNITS.items():
        count, duration = divmod(duration, size)
        if count:
            terms.append(f"{count}{unit}")
    return "".join(terms)
