"""Scopes: small worlds that can be explored to their end.

The one idea: a defect that needs many servers, jobs and faults to show is rarer than one that shows
in a world of two servers and one fault, if only *everything* that can happen there is looked at.

Time is counted in the few instants at which something can happen. Leases, beats, due instants and
pauses are whole seconds, and all servers start together, so that most of what can coincide does.
"""

from typing import Literal, NamedTuple

from gnomon.reference.jobs import Definition, read
from gnomon.reference.schedule.clock import SECOND, read_instant, write_instant

START = read_instant("2026-01-01T00:00:00Z")

FaultKind = Literal["crash", "pause", "lose"]
"""A fault of a server, as ``site`` calls it."""


class Scope(NamedTuple):
    """A small world. Spans of time in µs.

    Of `fault` there may be one. It begins up to `faults_within` after the start; by `span` after it
    everything must have had its outcome.
    """

    name: str
    title: str
    servers: int
    fault: FaultKind
    faults: int = 1
    workers: int = 1
    occurrences: int = 3
    first_due: int = SECOND
    interval: int = SECOND
    run: int = SECOND
    lease: int = 3 * SECOND
    pause: int = 7 * SECOND // 2
    faults_within: int = 3 * SECOND
    span: int = 12 * SECOND

    @property
    def faults_until(self) -> int:
        """The last instant at which something may go wrong (µs, UTC)."""
        return START + self.faults_within

    @property
    def until(self) -> int:
        """The last instant that is looked at (µs, UTC)."""
        return START + self.span

    @property
    def server_names(self) -> tuple[str, ...]:
        """What the servers are called."""
        return tuple(f"s{number}" for number in range(1, self.servers + 1))

    @property
    def definition(self) -> Definition:
        """The job."""
        return read(
            {
                "name": "job",
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
        Scope("crash", "one server crashes, and may be started again", 2, "crash"),
        Scope(
            "pause",
            "one server stands still for longer than the lease",
            2,
            "pause",
            first_due=SECOND // 2,
        ),
        Scope("lost-reply", "one reply of the store is lost", 3, "lose"),
    )
}
