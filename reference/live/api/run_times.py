"""How long a run took, as far as the instants of the store tell.

The one idea: the store gives the start and the end of a run the instant of the report, and those of
a short run travel in one report. They are equal then, and its duration is not known. But it was
claimed before it started, so it took less than from there to the report. If the store's clock was
set back meanwhile, the report may seem to come before the claim, and nothing is known.
"""

from typing import Annotated

from msgspec import Meta

from gnomon.reference.schedule.clock import (
    DAY,
    HOUR,
    MILLISECOND,
    MINUTE,
    SECOND,
    WEEK,
    write_duration,
)

Duration = Annotated[
    str,
    Meta(
        description="from started to finished; 0s if one report had both: then the run took less "
        "than from claimed to finished. If finished is before started or claimed, the clock of the "
        "store was set back, and it is not known how long the run took",
        examples=["1s500ms"],
    ),
]

_UNITS = {SECOND: MILLISECOND, HOUR: SECOND, DAY: MINUTE, WEEK: HOUR}
"""Below each duration, the unit to which a bound is rounded up."""


def duration(started: int | None, finished: int | None) -> str | None:
    """The time between two instants (µs, UTC) as text, None if one is not known."""
    if started is None or finished is None:
        return None
    return write_duration(max(finished - started, 0))  # the clock may run back


def bound(claimed: int | None, started: int | None, finished: int | None) -> int | None:
    """A duration (µs) below which a run took, if that alone is known of it.

    It is rounded up to what people read. None if the start and the end were reported apart, if one
    of the instants (µs, UTC) is not known, or if the clock was set back after the claim.

    >>> bound(10_000, 12_300, 12_300), bound(10_000, 12_300, 15_000), bound(10_000, 9_000, 9_000)
    (3000, None, None)
    """
    if claimed is None or started is None or started != finished or finished < claimed:
        return None
    most = finished - claimed
    unit = next((unit for limit, unit in _UNITS.items() if most < limit), DAY)
    return (most // unit + 1) * unit
