"""The canary: a known defect that every search must find before its silence means anything.

The one idea: the canary checks the whole chain, from drawing a recording to judging its history.
Its defect shows only where a leader returns after another has taken over. A generator that draws no
faults, or a rule that checks nothing, would miss it.
"""

from typing import NamedTuple

from gnomon.simulator.fuzz.judge import try_seed
from gnomon.simulator.mutants import BY_NAME
from gnomon.simulator.mutants.patch import patched

MUTANT = BY_NAME["no fencing"]
DEFECT = "no-fencing"
WORDS = "whoever asks to publish is taken for the leader"
"""The defect's id and description in reports, which are a format: they outlast a renamed mutant."""
MOST_SEEDS = 200
"""About one seed in 25 finds it; a search that needs more than this no longer detects defects."""


class Canary(NamedTuple):
    """The defect, the rule that it breaks, and the first seed that found it; None if none did."""

    defect: str
    words: str
    rule: str
    seed: int | None


def search() -> Canary:
    """Apply the defect and try seeds until one breaks its rule."""
    with patched(MUTANT):
        for seed in range(MOST_SEEDS):
            if any(broken.rule == MUTANT.rule for broken in try_seed(seed, "durable").broken):
                return Canary(DEFECT, WORDS, MUTANT.rule, seed)
    return Canary(DEFECT, WORDS, MUTANT.rule, None)
