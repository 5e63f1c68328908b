"""Delays that a history does not tell, and the rule that cannot be judged because of them.

The one idea: a history says that a link was disturbed, and not by how much a request was late. So
DLV-2 assumes that none arrives later than a lease after its server was lost. Where they are later,
a heartbeat of a server that is gone keeps what it held from the others, and the rule cannot know.
"""

from msgspec.structs import replace

from gnomon.specs.recording.commands import DisturbServer
from gnomon.specs.recording.model import Recording
from gnomon.specs.rules import Finding, judge_trace
from gnomon.specs.trace.trace import Trace

UNDECIDABLE = "DLV-2"
"""The rule that is not judged where `delays_beyond_lease`."""
NOT_JUDGED = f"{UNDECIDABLE} was not judged: a link delays messages for longer than a lease"


def judge_replay(recording: Recording, trace: Trace) -> dict[str, Finding]:
    """The findings of all rules; `UNDECIDABLE` is not observable where `delays_beyond_lease`."""
    findings = judge_trace(trace)
    if delays_beyond_lease(recording):
        undecided = replace(findings[UNDECIDABLE], violations=(), observable=False)
        findings[UNDECIDABLE] = undecided
    return findings


def delays_beyond_lease(recording: Recording) -> bool:
    """Whether a disturbed link delays messages for longer than a lease."""
    return longest_delay(recording) > recording.cluster.lease


def longest_delay(recording: Recording) -> int:
    """The longest delay of a message on a disturbed link (µs)."""
    delays = (c.delay for c in recording.commands if isinstance(c, DisturbServer))
    return max(delays, default=0)
