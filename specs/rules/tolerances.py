"""Every allowance that a rule makes: its name, its formula, and where it comes from.

The one idea: an allowance is written here and nowhere else. The section *Tolerances* of
``scheduler.md`` quotes the name, the formula and the reason of each; a test compares the two.

All are in µs. ``lease`` is the length of a lease; ``travel`` is the travel time, the longest time
that anything is in transit between a server and the store. Every server sends a request for the
lease, or for its renewal, every third of a lease.
"""

from gnomon.reference.schedule.clock import SECOND
from gnomon.specs.trace.fault_windows import aftermath
from gnomon.specs.trace.trace import Trace

__all__ = ["BACKLOG_FACTOR", "CLASSIC_LIFETIME", "POLLING", "aftermath", "catch_up",
           "claim_round_trip", "cut_off", "expiry", "handover", "lateness", "liveness", "noticing",
           "one_way", "publishing", "settling", "standstill", "takeover",
           "time_per_run"]  # fmt: skip

CLASSIC_LIFETIME = 15 * SECOND
"""The predecessor kept a message that nobody had claimed for 15 s."""

POLLING = 1 * SECOND
"""Many schedulers look once a second what is due."""

BACKLOG_FACTOR = 10
"""The length of a run is known only from the runs that have ended."""


def one_way(trace: Trace) -> int:
    """A claim, or the reply to it, may be in transit."""
    return trace.travel


def claim_round_trip(trace: Trace) -> int:
    """A claim and the reply to it may be in transit."""
    return 2 * trace.travel


def handover(trace: Trace) -> int:
    """The store answers a request that is in transit, and then the release of the lease."""
    return 4 * trace.travel


def noticing(trace: Trace) -> int:
    """A server may look once a second which runs are overdue; its report may be in transit."""
    return POLLING + trace.travel


def publishing(trace: Trace) -> int:
    """A leader publishes for a third of a lease after a reply; its request may be in transit."""
    return trace.lease // 3 + trace.travel


def settling(trace: Trace) -> int:
    """A server asks every third of a lease; two requests and their replies may be in transit."""
    return trace.lease // 3 + 4 * trace.travel


def expiry(trace: Trace) -> int:
    """The lease of a lost leader, like any other reservation, ends after a lease at the latest."""
    return trace.lease


def standstill(trace: Trace) -> int:
    """The store's time stands still for up to a lease after its clock was set back."""
    return trace.lease


def cut_off(trace: Trace) -> int:
    """A leader that is cut off notices it within a lease, and renews its lease until then."""
    return 2 * trace.lease + trace.travel


def catch_up(trace: Trace, grace: int) -> int:
    """A leader may use up the grace, and renews, loads and publishes within a lease after it."""
    return grace + trace.lease + 4 * trace.travel


def lateness(trace: Trace) -> int:
    """A scheduler wakes to find out what is due, and its worker wakes to run it."""
    return POLLING + 2 * trace.lag


def liveness(trace: Trace) -> int:
    """A heartbeat lapses after a lease, and a live server has sent one while it settled."""
    return trace.lease + settling(trace)


def takeover(trace: Trace) -> int:
    """A heartbeat lapses after a lease, and some server reclaims within another lease."""
    return 2 * trace.lease + 8 * trace.travel


def time_per_run(trace: Trace, longest: int) -> int:
    """A message occupies a worker for a run of its service, and for a claim and its reply."""
    return longest + 2 * trace.travel
