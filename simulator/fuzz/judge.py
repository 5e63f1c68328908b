"""One trial: a recording is replayed and judged, and every problem gets a name.

The one idea: for a search, a broken rule, an occurrence that is stuck and an exception raised by
the reference are the same: a problem to find, to name, and to find again.
"""

import hashlib

import msgspec

from gnomon.reference.events import Event
from gnomon.reference.history import History
from gnomon.simulator.delays import judge_replay
from gnomon.simulator.fuzz import reachability
from gnomon.simulator.fuzz.liveness import Stuck, patience, stuck, why_unjudged
from gnomon.simulator.fuzz.sources import Source
from gnomon.simulator.world.replay import header_of, simulate, span_of_part
from gnomon.specs.recording.model import Recording
from gnomon.specs.rules import Violation
from gnomon.specs.trace.trace import Trace

STUCK = "liveness"
"""The name of the problem that a job or a message makes no progress."""
ERROR = "error"
"""The name of the problem that the program raises an exception."""


class Broken(msgspec.Struct, frozen=True):
    """A problem: the rule's id, `STUCK` or `ERROR`; its instant (µs, UTC); a description.

    `jobs` and `messages` are those that it is about.
    """

    rule: str
    at: int
    what: str
    jobs: tuple[str, ...] = ()
    messages: tuple[int, ...] = ()


class Trial(msgspec.Struct, frozen=True):
    """The result of one recording; `broken` has the first violation of each rule.

    `events` are in order, and end where the replay ended.
    """

    recording: Recording
    events: list[Event]
    trace: Trace
    broken: tuple[Broken, ...]

    def breaks(self, rule: str) -> Broken | None:
        """The first violation of that rule, or None."""
        return next((broken for broken in self.broken if broken.rule == rule), None)


class SeedResult(msgspec.Struct, frozen=True):
    """The summary of a seed's trial; it is small, because it is sent between processes.

    `reached` are the ids of states of ``reachability``; `events` is the number of events, and
    `digest` the SHA-256 of all of them. `is_patient` is whether its liveness was judged.
    """

    seed: int
    broken: tuple[Broken, ...]
    reached: tuple[str, ...]
    events: int
    digest: bytes
    is_patient: bool = True


def run_trial(recording: Recording) -> Trial:
    """Replay and judge `recording`. Never raises.

    Its liveness is judged if its end leaves the patience.
    """
    events: list[Event] = []
    broken: list[Broken] = []
    try:
        span = simulate(recording, events.append).span
    except Exception as error:  # every exception is a problem that a search looks for
        at = events[-1].at if events else recording.start
        span = span_of_part(recording, events)
        broken.append(Broken(ERROR, at, f"{type(error).__name__}: {error}"))
    trace = Trace(History(header_of(recording, span), events))
    if not broken:
        broken += [
            broken_by(finding.violations[0])
            for finding in judge_replay(recording, trace).values()
            if finding.violations
        ]
        if why_unjudged(recording) is None:
            broken += [_stuck_at(trace.end, each) for each in stuck(trace, patience(recording))[:1]]
    return Trial(recording, events, trace, tuple(broken))


def broken_by(violation: Violation) -> Broken:
    """The problem that a violation is."""
    return Broken(violation.rule, violation.at, violation.what, violation.jobs, violation.messages)


def _stuck_at(at: int, stuck: Stuck) -> Broken:
    messages = () if stuck.message is None else (stuck.message,)
    return Broken(STUCK, at, stuck.what, (stuck.job,), messages)


def try_seed(seed: int, source: Source) -> SeedResult:
    """Run the trial of the recording that the source has for that seed."""
    trial = run_trial(source.recording(seed))
    return SeedResult(
        seed,
        trial.broken,
        tuple(reachability.reached(trial.trace)),
        len(trial.events),
        hashlib.sha256(msgspec.msgpack.encode(trial.events)).digest(),
        why_unjudged(trial.recording) is None,
    )
