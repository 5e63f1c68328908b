"""Explain one mutant: the smallest recording found that kills it, and what happens there.

The one idea: the explanation of a mutant is the one `gnomon fuzz` would print for the same defect.
So whoever reads it sees whether a real defect would be understood.
"""

from typing import NamedTuple

from msgspec.structs import replace

from gnomon.simulator.fuzz.explain import story_of
from gnomon.simulator.fuzz.generator import drawn_from
from gnomon.simulator.fuzz.judge import Trial, broken_by
from gnomon.simulator.fuzz.picture import story_page
from gnomon.simulator.fuzz.shrink import shrink
from gnomon.simulator.mutants.kill import MOST_RUNS, replay_under
from gnomon.simulator.mutants.patch import Mutant
from gnomon.specs.recording.model import Recording
from gnomon.specs.rules import RULES
from gnomon.specs.trace.trace import Trace


class Explanation(NamedTuple):
    """The shrunk `recording` in which a mutant breaks its rule, and the `story`, line by line.

    `page` is the story with its picture, as ``gnomon fuzz`` would write it.
    """

    recording: Recording
    story: list[str]
    page: str


def explain(mutant: Mutant) -> Explanation | None:
    """The explanation of a mutant; None if it survives."""
    for seed in range(MOST_RUNS):
        drawn = drawn_from(seed, mutant.profile)
        if is_killed_in(mutant, drawn):
            small = shrink(drawn, lambda recording: is_killed_in(mutant, recording))
            recording = replace(small, title=f"{mutant.name} breaks {mutant.rule}")
            trial = _trial(mutant, recording)
            broken = trial.broken[0]
            story = story_of(trial, broken)
            return Explanation(recording, story, story_page(trial, broken, story))
    return None


def is_killed_in(mutant: Mutant, recording: Recording) -> bool:
    """Whether the mutant breaks its rule in a recording and the original scheduler does not."""
    rule = RULES[mutant.rule]
    is_broken = bool(_trial(mutant, recording).broken)
    return is_broken and not rule.check(Trace(replay_under(None, recording))).violations


def _trial(mutant: Mutant, recording: Recording) -> Trial:
    replayed = replay_under(mutant, recording)
    trace = Trace(replayed)
    violations = RULES[mutant.rule].check(trace).violations[:1]
    broken = tuple(map(broken_by, violations))
    return Trial(recording, list(replayed.events), trace, broken)
