"""One trial: a recording is replayed and judged, and whatever is wrong gets a name.

The one idea: a rule that is broken, an occurrence that is stuck and an exception out of the
reference are all the same to a search: something to find, to name, and to find again.
"""

import hashlib
from typing import Any

import msgspec

from gnomon.reference.history import History
from gnomon.reference.store.messages import Profile
from gnomon.simulator.fuzz import generator, reachability
from gnomon.simulator.fuzz.liveness import patience, stuck
from gnomon.simulator.world.replay import header_of, simulate
from gnomon.specs.recording.model import Recording
from gnomon.specs.rules import judge_trace
from gnomon.specs.trace.trace import Trace

STUCK = "liveness"
"""The name of what breaks when something never settles."""
ERROR = "error"
"""The name of what breaks when the program itself does."""


class Broken(msgspec.Struct, frozen=True):
    """Something wrong: the rule's id, or `STUCK` or `ERROR`; when (µs, UTC); in words."""

    rule: str
    at: int
    what: str


class Trial(msgspec.Struct, frozen=True):
    """What came of one recording; `broken` names the first case of each rule.

    `happened` is every event in its order, as far as it went.
    """

    recording: Recording
    happened: list[Any]
    trace: Trace
    broken: tuple[Broken, ...]

    def breaks(self, rule: str) -> Broken | None:
        """How that rule is broken, or None."""
        return next((broken for broken in self.broken if broken.rule == rule), None)


class Outcome(msgspec.Struct, frozen=True):
    """What is kept of the trial of a seed: small, for it travels between processes.

    `reached` are the ids of the states of ``sometimes``; `digest` is of every event.
    """

    seed: int
    broken: tuple[Broken, ...]
    reached: tuple[str, ...]
    events: int
    digest: bytes


def attempt(recording: Recording) -> Trial:
    """Replay and judge `recording`. Never raises."""
    happened: list[Any] = []
    broken: list[Broken] = []
    try:
        simulate(recording, happened.append)
    except Exception as error:  # whatever it is, a search is for it
        at = happened[-1].at if happened else recording.start
        broken.append(Broken(ERROR, at, f"{type(error).__name__}: {error}"))
    trace = Trace(History(header_of(recording), happened))
    if not broken:
        broken += [
            Broken(id, finding.violations[0].at, finding.violations[0].what)
            for id, finding in judge_trace(trace).items()
            if finding.violations
        ]
        broken += [Broken(STUCK, trace.end, what) for what in stuck(trace, patience(recording))[:1]]
    return Trial(recording, happened, trace, tuple(broken))


def try_seed(seed: int, profile: Profile) -> Outcome:
    """Draw the recording of that seed and try it."""
    trial = attempt(generator.drawn_from(seed, profile))
    return Outcome(
        seed,
        trial.broken,
        tuple(reachability.reached(trial.trace)),
        len(trial.happened),
        hashlib.sha256(msgspec.msgpack.encode(trial.happened)).digest(),
    )
