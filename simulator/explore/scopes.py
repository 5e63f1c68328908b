"""Scopes: small worlds that can be explored exhaustively.

The one idea: few defects need many servers, jobs and faults to appear. Most appear in a world of
two servers and one fault, provided that *everything* that can happen there is examined.

Time moves through the few instants at which something can happen. Leases, heartbeats, due instants
and pauses are whole or half seconds, and all servers start together, so that most of what can
coincide does coincide.
"""

from typing import Literal, NamedTuple

from gnomon.reference.jobs import Definition, read
from gnomon.reference.schedule.clock import SECOND, read_instant, write_instant

START = read_instant("2026-01-01T00:00:00Z")

FaultKind = Literal["crash", "pause", "lose", "lose write"]
"""A fault of a server, as ``server_model`` names it; ``lose write`` is the one of the store."""


class Scope(NamedTuple):
    """A small world. Durations in µs.

    Each of the `faults` may strike once, at most `faults_within` after the start. All `jobs` have
    the same schedule. By `span` after the start everything must have had its outcome. A scope that
    `is_large` has more parts than the integers of a small one have room for.
    """

    name: str
    title: str
    servers: int
    faults: tuple[FaultKind, ...]
    workers: int = 1
    jobs: int = 1
    occurrences: int = 3
    first_due: int = SECOND
    interval: int = SECOND
    run: int = SECOND
    lease: int = 3 * SECOND
    pause: int = 7 * SECOND // 2
    faults_within: int = 3 * SECOND
    span: int = 12 * SECOND
    is_large: bool = False

    @property
    def faults_until(self) -> int:
        """The last instant at which a fault may strike (µs, UTC)."""
        return START + self.faults_within

    @property
    def until(self) -> int:
        """The last instant that is explored (µs, UTC)."""
        return START + self.span

    @property
    def server_names(self) -> tuple[str, ...]:
        """The names of the servers."""
        return tuple(f"s{number}" for number in range(1, self.servers + 1))

    @property
    def definitions(self) -> dict[str, Definition]:
        """The jobs, by id."""
        names = ["job", *(f"job {number}" for number in range(2, self.jobs + 1))]
        return {name: self._definition(name) for name in names}

    def _definition(self, name: str) -> Definition:
        return read(
            {
                "name": name,
                "job_type": "interval_based",
                "service": "work",
                "start_date": write_instant(START + self.first_due),
                "seconds": self.interval // SECOND,
                "repeats": self.occurrences,
            }
        )


SCOPES = {
    scope.name: scope
    for scope in (
        Scope("crash", "one server crashes, and may be started again", 2, ("crash",)),
        Scope(
            "pause",
            "one server stands still for longer than the lease",
            2,
            ("pause",),
            first_due=SECOND // 2,
        ),
        Scope("lost-reply", "one reply of the store is lost", 3, ("lose",)),
        Scope(
            "lost-write", "the store loses the last write that it acknowledged", 2, ("lose write",)
        ),
        Scope(
            "crash-pause",
            "one server crashes, and one stands still for longer than the lease",
            2,
            ("crash", "pause"),
            occurrences=1,
            is_large=True,
        ),
    )
}
