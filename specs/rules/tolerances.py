"""Every allowance that a rule makes: its name, its formula, and where it comes from.

The one idea: an allowance is written here and nowhere else. The section *Tolerances* of
``scheduler.md`` quotes the name, the formula and the reason of each; a test compares the two.

All are in µs. ``lease`` is how long a lease lasts; ``travel`` is how long anything takes at most
between a server and the store, one way. A leader renews its lease, and any other server asks for
it, every third of a lease.
"""

from gnomon.reference.schedule.clock import SECOND
from gnomon.specs.trace.fault_windows import aftermath
from gnomon.specs.trace.trace import Trace

__all__ = ["BACKLOG_FACTOR", "CLASSIC_LIFETIME", "aftermath", "catch_up", "claim_round_trip",
           "expiry", "handover", "liveness", "one_way", "publishing", "settling", "takeover",
           "time_per_run"]  # fmt: skip

CLASSIC_LIFETIME = 15 * SECOND
"""The predecessor kept a message that nobody had claimed for 15 s."""

BACKLOG_FACTOR = 10
"""How long a run takes is known only from the runs that have ended."""


def one_way(trace: Trace) -> int:
    """A claim, or the reply to it, may be on its way."""
    return trace.travel


def claim_round_trip(trace: Trace) -> int:
    """A claim and the reply to it may be on their way."""
    return 2 * trace.travel


def handover(trace: Trace) -> int:
    """A request that is under way is answered first, and then the release of the lease is."""
    return 4 * trace.travel


def publishing(trace: Trace) -> int:
    """A leader whose lease was not renewed in time does not publish; the last takes one travel."""
    return trace.lease // 3 + trace.travel


def settling(trace: Trace) -> int:
    """A server asks every third of a lease; two requests and their replies take four travels."""
    return trace.lease // 3 + 4 * trace.travel


def expiry(trace: Trace) -> int:
    """The lease of a leader that was lost may have been renewed just before."""
    return trace.lease


def catch_up(trace: Trace, grace: int) -> int:
    """A leader may use the grace, and is then given a lease and two requests with their replies."""
    return grace + trace.lease + 4 * trace.travel


def liveness(trace: Trace) -> int:
    """A heartbeat lapses after a lease, and a server that is there has sent one while settling."""
    return trace.lease + settling(trace)


def takeover(trace: Trace) -> int:
    """A heartbeat lapses after a lease, and within another some server takes its messages back."""
    return 2 * trace.lease + 8 * trace.travel


def time_per_run(trace: Trace, longest: int) -> int:
    """A message takes a worker for its service's longest run, and for a claim and its reply."""
    return longest + 2 * trace.travel
