"""The canary: a known defect that every search must find before its silence means anything.

The one idea: the canary checks the whole chain, from drawing a recording to judging its history.
Its defect shows only where a leader returns after another has taken over. A generator that draws no
faults, or a rule that checks nothing, would miss it.
"""

from typing import NamedTuple

from gnomon.simulator.fuzz.generator import drawn_from
from gnomon.simulator.fuzz.judge import try_seed
from gnomon.simulator.fuzz.sources import Drawn, Near, Source
from gnomon.simulator.mutants import BY_NAME
from gnomon.simulator.mutants.patch import patched

MUTANT = BY_NAME["no fencing"]
DEFECT = "no-fencing"
WORDS = "whoever asks to publish is taken for the leader"
"""The defect's id and description in reports, which are a format: they outlast a renamed mutant."""
MOST_SEEDS = 200
"""About one seed in 25 finds it; a search that needs more than this no longer detects defects."""
ORIGINAL = 0
"""The seed of a recording that does not show the defect; about one neighbour in 30 does."""


class Canary(NamedTuple):
    """The defect, the rule that it breaks, and the first seed that found it; None if none did.

    The seed stands for a drawn recording, or for a neighbour of the one that `near` names.
    """

    defect: str
    words: str
    rule: str
    seed: int | None
    near: str | None = None


def search() -> Canary:
    """Apply the defect and try drawn recordings until one breaks its rule."""
    return Canary(DEFECT, WORDS, MUTANT.rule, _first_seed(Drawn()))


def search_near() -> Canary:
    """Apply the defect and try neighbours of a recording that does not show it by itself."""
    original = drawn_from(ORIGINAL)
    seed = _first_seed(Near((original,)))
    return Canary(DEFECT, WORDS, MUTANT.rule, seed, f"the recording drawn from seed {ORIGINAL}")


def _first_seed(source: Source) -> int | None:
    """The first seed of a source that breaks the rule of the defect, or None."""
    with patched(MUTANT):
        for seed in range(MOST_SEEDS):
            if any(broken.rule == MUTANT.rule for broken in try_seed(seed, source).broken):
                return seed
    return None
