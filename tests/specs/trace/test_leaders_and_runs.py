"""The trace ends a leader's term and a run when their server crashes."""

from gnomon.reference.schedule.clock import HOUR
from gnomon.specs.notation.parser import ORIGIN
from gnomon.specs.trace.trace import Trace
from tests.support.vectors import vector


def test_a_leader_that_crashes_leads_no_longer() -> None:
    trace = Trace(vector("FIRE-2/no-outcome-leader-crashed").history)
    (term,) = trace.terms
    assert (term.server, term.ends - ORIGIN) == ("s1", 65_000_000)
    assert trace.term_at(ORIGIN + 64_999_999) is term
    assert trace.term_at(ORIGIN + 65_000_000) is None
    assert trace.term_at(ORIGIN - HOUR) is None


def test_a_run_ends_with_its_server() -> None:
    trace = Trace(vector("RUN-1/a-server-crashes-and-starts-again-its-workers-are-idle").history)
    first, second = trace.runs
    assert first.ends is not None
    assert (first.ends - ORIGIN, second.ends) == (5_000_000, None)
