"""The trace ends a leader's term and a run when their server crashes."""

from gnomon.reference.schedule.clock import HOUR
from gnomon.specs.notation.parser import ORIGIN, read_example
from gnomon.specs.rules import judge_trace
from gnomon.specs.trace.summary import summarise
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


RECLAIMED_BEFORE_ITS_START = """\
0s server_started s1 workers=1
0s server_started s2 workers=1
0s lease_acquired s1 epoch=1
0s job_created a name=a seconds=600
0s published 1 a due=0s
0s published 2 a on_demand=true
0s claimed 1 s1/1
60s server_crashed s1
60s reclaimed 1 s1/1
60s claimed 1 s2/1
61s started 1 s2/1
62s claimed 2 s2/1
63s started 2 s2/1
90s finished 1 s2/1 ok
91s finished 2 s2/1 ok
100s end
"""


def test_a_message_that_was_reclaimed_before_its_start_has_a_run() -> None:
    """It counts among the runs of its server (RUN-2), in its utilisation and in the waits."""
    trace = Trace(read_example(RECLAIMED_BEFORE_ITS_START))
    assert [(run.begins - ORIGIN, run.record.published.message) for run in trace.runs] == [
        (61_000_000, 1),
        (63_000_000, 2),
    ]
    summary = summarise(trace)
    assert summary.utilisation["s2"] == round((29 + 28) / 100, 4)
    assert summary.wait_us is not None and summary.wait_us.p50 == 61_000_000
    assert judge_trace(trace)["RUN-2"].violations
