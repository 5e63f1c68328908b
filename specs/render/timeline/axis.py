"""A time axis: where an instant lies, and which instants have a label."""

from typing import NamedTuple

from gnomon.reference.schedule.clock import DAY, HOUR, MILLISECOND, MINUTE, SECOND, to_datetime

STEPS = (
    *(factor * unit for unit in (1, 10, 100) for factor in (1, 2, 5)),
    *(factor * unit * MILLISECOND for unit in (1, 10, 100) for factor in (1, 2, 5)),
    *(factor * SECOND for factor in (1, 2, 5, 10, 15, 30)),
    *(factor * MINUTE for factor in (1, 2, 5, 10, 15, 30)),
    *(factor * HOUR for factor in (1, 2, 3, 6, 12)),
    *(factor * DAY for factor in (1, 2, 5, 10, 30, 100, 365, 3650, 36500)),
)
"""The distances of two labels (µs), in order."""


class Axis(NamedTuple):
    """The time [begins, ends) (µs, UTC) on a line from `left`, `width` long (px)."""

    begins: int
    ends: int
    left: float
    width: float

    def x(self, at: int) -> float:
        """Where an instant lies; beyond an end, at the end (px)."""
        at = min(max(at, self.begins), self.ends)
        return self.left + self.width * (at - self.begins) / max(self.ends - self.begins, 1)

    def ticks(self, most: int) -> list[tuple[float, str]]:
        """The places of at most `most` round instants, or one more, with their labels."""
        length = max(self.ends - self.begins, 1)
        step = next((step for step in STEPS if length // step <= most), STEPS[-1])
        first = -(-self.begins // step) * step
        return [
            (self.x(at), label(at, step))
            for at in range(first, max(self.ends, self.begins + 1), step)
        ]


def label(at: int, step: int) -> str:
    """The shortest text that tells an instant from others `step` µs away.

    >>> label(1_500_000, 500_000), label(60_000_000, 60_000_000), label(0, 86_400_000_000)
    ('00:00:01.500', '00:01', '1970-01-01')
    """
    moment = to_datetime(at)
    if step >= DAY:
        return moment.date().isoformat()
    if step >= MINUTE:
        return f"{moment:%H:%M}"
    if step >= SECOND:
        return f"{moment:%H:%M:%S}"
    return moment.time().isoformat("milliseconds" if step >= MILLISECOND else "microseconds")


def when(begins: int, ends: int, has_days: bool) -> str:
    """A time of day, or two: ``08:05:00 to 08:05:25``; with the date if the picture `has_days`."""
    is_whole = begins % SECOND == ends % SECOND == 0
    step = SECOND if is_whole else MILLISECOND
    first, last = label(begins, step), label(ends, step)
    date, until = to_datetime(begins).date(), to_datetime(ends).date()
    if has_days:
        first, last = f"{date} {first}", last if date == until else f"{until} {last}"
    return first if first.endswith(last) else f"{first} to {last}"
