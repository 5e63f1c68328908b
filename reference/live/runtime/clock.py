"""The clock of a live server.

The one idea: the time of day is read once, and from then on a clock that nobody can set says how
much has passed since. So a server's clock drifts, as any does, but never jumps; what the store's
clock says is learnt from its replies (``gnomon.reference.cluster.leader``).
"""

from time import monotonic_ns, time_ns


class WallClock:
    """Says what time it is (µs, UTC), never less than before."""

    __slots__ = ("_offset",)

    def __init__(self) -> None:
        self._offset = (time_ns() - monotonic_ns()) // 1_000

    @property
    def now(self) -> int:
        """The current instant (µs since the epoch, UTC)."""
        return monotonic_ns() // 1_000 + self._offset
