"""Observations of what servers report, and which reports of a fault are missing among them: pure.

The one idea: everything is kept with its instant, so that it is decided afterwards when a fault was
reported first.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import Literal, NamedTuple

from gnomon.reference.schedule.clock import SECOND
from tests.nemesis.faults.catalogue import WITHIN, Expected

Where = Literal["log", "health"]
PLACES: tuple[Where, ...] = ("log", "health")


class Observation(NamedTuple):
    """A text that a server reported in its log or in its health, at an instant (µs, UTC)."""

    at: int
    server: str
    where: Where
    text: str


class Search(NamedTuple):
    """The reports of a fault that began at the instant `began` (µs, UTC), by these `servers`."""

    expected: Expected
    servers: Collection[str]
    began: int
    observations: Sequence[Observation]

    def longest(self, where: Where) -> int | None:
        """The longest time (µs) until a server reported it there; None if none did."""
        delays = [self._delay(server, where) for server in self.servers]
        return max((delay for delay in delays if delay is not None), default=None)

    def missing(self) -> Iterator[str]:
        """Each report that did not come in time, as a sentence."""
        for server in self.servers:
            for where in PLACES:
                delay = self._delay(server, where)
                if delay is None or delay > WITHIN:
                    wanted = " or ".join(map(repr, self._wanted(where)))
                    yield (
                        f"the {where} of {server} did not report it within {WITHIN // SECOND} s: "
                        f"{wanted} was expected, and it reported {self._reported(server, where)}"
                    )

    def _delay(self, server: str, where: Where) -> int | None:
        """The time (µs) until this server reported it there first; None if it did not."""
        wanted = self._wanted(where)
        for seen in self._seen(server, where):
            if any(text in seen.text for text in wanted):
                return seen.at - self.began
        return None

    def _seen(self, server: str, where: Where) -> Iterator[Observation]:
        for seen in self.observations:
            if seen.server == server and seen.where == where and seen.at >= self.began:
                yield seen

    def _wanted(self, where: Where) -> tuple[str, ...]:
        return self.expected.logged if where == "log" else self.expected.health

    def _reported(self, server: str, where: Where) -> str:
        texts = dict.fromkeys(seen.text for seen in self._seen(server, where))
        return "; ".join(map(repr, texts)) or "nothing"
