"""The figures of a history."""

import pytest

from gnomon.reference.schedule.clock import DAY, SECOND
from gnomon.simulator.world.replay import replay
from gnomon.specs.recording import files
from gnomon.specs.trace.summary import summarise
from gnomon.specs.trace.trace import Trace

RECORDING = """
format = "gnomon-recording/1"
from = "2026-01-05T00:00:00Z"
until = "2026-01-05T00:01:00Z"
[[service]]
name = "work"
duration = "1s"
[[job]]
name = "a"
job_type = "one_time"
service = "work"
start_date = "{start}"
{more}
"""
EDIT = """
[[command]]
at = "2026-01-05T00:00:30Z"
do = "edit"
job = "a"
set = { start_date = "2019-02-09T00:00:00Z", is_active = true }
"""


@pytest.mark.parametrize(
    ("start", "more"),
    [
        ("2019-02-09T00:00:00Z", ""),
        ("2027-01-01T00:00:00Z", EDIT),
    ],
    ids=["created", "edited"],
)
def test_what_was_due_before_its_definition_has_waited_since_then(start: str, more: str) -> None:
    """FIRE-10"""
    history = replay(files.parse(RECORDING.format(start=start, more=more).encode()))
    wait = summarise(Trace(history)).wait_us
    assert wait is not None and wait.max < SECOND


def test_what_was_due_later_has_waited_since_then() -> None:
    crash = """
[[command]]
at = "2026-01-05T00:00:01Z"
do = "crash_server"
server = "{}"
"""
    more = "".join(crash.format(name) for name in ("s1", "s2", "s3"))
    back = """
[[command]]
at = "2026-01-05T00:00:50Z"
do = "start_server"
server = "s1"
"""
    text = RECORDING.format(start="2026-01-05T00:00:10Z", more=more + back)
    wait = summarise(Trace(replay(files.parse(text.encode())))).wait_us
    assert wait is not None and 40 * SECOND <= wait.max < DAY


JITTER = """
format = "gnomon-recording/1"
from = "2026-01-05T00:00:00Z"
until = "2026-01-05T00:10:00Z"
[[service]]
name = "work"
duration = "1s"
[[job]]
name = "a"
job_type = "interval_based"
service = "work"
minutes = 1
jitter = "30s"
"""


def test_a_wait_begins_after_the_jitter() -> None:
    """LIMIT-2: the service starts seconds after it was due, and has waited for milliseconds."""
    trace = Trace(replay(files.parse(JITTER.encode())))
    delays = [start.at - trace.messages[start.message].published.due for start in trace.starts]
    assert max(delays) > SECOND
    wait = summarise(trace).wait_us
    assert wait is not None and wait.max < SECOND


def test_a_message_that_was_reclaimed_has_waited_until_its_first_start() -> None:
    """The server that claimed it crashed before the message had reached it."""
    more = """
[[command]]
at = "2026-01-05T00:00:10.0015Z"
do = "crash_server"
server = "s1"
"""
    text = RECORDING.format(start="2026-01-05T00:00:10Z", more=more)
    trace = Trace(replay(files.parse(text.encode())))
    (record,) = trace.messages.values()
    assert record.started is None and len(trace.starts) == 1
    wait = summarise(trace).wait_us
    assert wait is not None and wait.max == trace.starts[0].at - record.published.due > SECOND
