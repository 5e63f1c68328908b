"""The clock of a live server.

The one idea: the time of day is read once. From then on a clock that nobody can set measures the
time since. So a server's clock may drift, as any clock does, but it never jumps. The leader role
learns the store's time from its replies (``gnomon.reference.cluster.leader``).
"""

from time import monotonic_ns, time_ns


def elapsed() -> int:
    """µs since some fixed instant; setting the time of day does not change it."""
    return monotonic_ns() // 1_000


class WallClock:
    """The time in µs (UTC); it never runs backwards."""

    __slots__ = ("_offset",)

    def __init__(self) -> None:
        self._offset = (time_ns() - monotonic_ns()) // 1_000

    @property
    def now(self) -> int:
        """The current instant (µs since the epoch, UTC)."""
        return elapsed() + self._offset
