"""Telling what a mutant does: a story, and the smallest recording in which it shows.

The one idea: a mutant is told of as `gnomon fuzz` would tell of the defect, so whoever reads the
story judges whether a real defect would be understood.
"""

from msgspec.structs import replace

from gnomon.simulator.fuzz.explain import story_of
from gnomon.simulator.fuzz.generator import drawn_from
from gnomon.simulator.fuzz.judge import Trial, broken_by
from gnomon.simulator.fuzz.shrink import shrink
from gnomon.simulator.mutants.kill import MOST_RUNS, replay_of
from gnomon.simulator.mutants.patch import Mutant
from gnomon.specs.recording.model import Recording
from gnomon.specs.rules import RULES
from gnomon.specs.trace.trace import Trace


def told(mutant: Mutant) -> tuple[Recording, list[str]] | None:
    """The smallest recording found in which it breaks its rule, and how; None if it survives."""
    for seed in range(MOST_RUNS):
        drawn = drawn_from(seed, mutant.profile)
        if shows(mutant, drawn):
            small = shrink(drawn, lambda recording: shows(mutant, recording))
            recording = replace(small, title=f"{mutant.name} breaks {mutant.rule}")
            trial = _trial(mutant, recording)
            return recording, story_of(trial, trial.broken[0])
    return None


def shows(mutant: Mutant, recording: Recording) -> bool:
    """Whether its rule is broken by what it makes of a recording, and not by the recording."""
    rule = RULES[mutant.rule]
    is_broken = bool(_trial(mutant, recording).broken)
    return is_broken and not rule.check(Trace(replay_of(None, recording))).violations


def _trial(mutant: Mutant, recording: Recording) -> Trial:
    happened = replay_of(mutant, recording)
    trace = Trace(happened)
    violations = RULES[mutant.rule].check(trace).violations[:1]
    broken = tuple(map(broken_by, violations))
    return Trial(recording, happened.events, trace, broken)
