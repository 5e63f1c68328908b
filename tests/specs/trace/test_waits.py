"""When workers were free: the same times, however many workers a server has that do nothing."""

from gnomon.reference.schedule.clock import SECOND
from gnomon.specs.notation.parser import read_example
from gnomon.specs.rules import judge_trace
from gnomon.specs.trace.trace import Trace
from gnomon.specs.trace.waits import free_spans

WAITS_BESIDE_IDLE_WORKERS = """
header lease=2s
0s server_started s1 workers={workers}
0s job_created a seconds=10
0s published 1 a due=0s
0s claimed 1 s1/2
0s started 1 s1/2
10s published 2 a due=10s
25s finished 1 s1/2
30s claimed 2 s1/2
30s started 2 s1/2
31s finished 2 s1/2
40s end
"""


def test_idle_workers_that_never_claimed_are_named_once() -> None:
    few, many = (
        Trace(read_example(WAITS_BESIDE_IDLE_WORKERS.format(workers=workers)))
        for workers in (2, 1_000)
    )
    spans = sorted(free_spans(few, SECOND))
    assert {span.worker for span in spans} == {("s1", 1), ("s1", 2)}
    assert sorted(free_spans(many, SECOND)) == spans
    assert {rule for rule, finding in judge_trace(many).items() if finding.violations} == {"OVER-2"}
