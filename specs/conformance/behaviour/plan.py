"""When a job is due, by its definition alone.

The one idea: one question, ``after(instant)``, serves grids, cron definitions and single instants,
as it does in the reference. Cron definitions are read in a dialect.
"""

from typing import NamedTuple, Protocol

from gnomon.specs.conformance.dialects.instants import next_instants
from gnomon.specs.conformance.dialects.knobs import Dialect


class Plan(Protocol):
    """The due instants of a job."""

    def after(self, instant: int) -> int | None:
        """The first due instant later than `instant` (µs, UTC), or None."""
        ...


class Once(NamedTuple):
    """Due at one instant."""

    at: int

    def after(self, instant: int) -> int | None:
        """The instant, or None if `instant` is not earlier."""
        return self.at if self.at > instant else None


class Grid(NamedTuple):
    """Due at `origin` + k·`step`, k = 0, 1, 2 and so on."""

    origin: int
    step: int

    def after(self, instant: int) -> int | None:
        """The first instant of the grid later than `instant`."""
        if instant < self.origin:
            return self.origin
        return instant + self.step - (instant - self.origin) % self.step


class Cron(NamedTuple):
    """Due when the fields of a cron definition match, in a dialect, from `start` on."""

    text: str
    zone: str
    dialect: Dialect
    start: int

    def after(self, instant: int) -> int | None:
        """The first due instant later than `instant` that is not before the start."""
        later_than = max(instant, self.start - 1)
        found = next_instants(self.text, self.zone, later_than, 1, self.dialect)
        return found[0] if found else None

    @property
    def is_refused(self) -> bool:
        """Whether the dialect does not accept the definition."""
        return next_instants(self.text, self.zone, self.start, 1, self.dialect) is None
