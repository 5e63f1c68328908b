"""The canary: a planted defect that every search must find, or its silence means nothing.

The one idea: what is checked is the whole chain, from drawing a recording to judging its history.
The defect shows only where a leader comes back that another has followed, so a generator that
forgot to draw faults, or a judge that had fallen asleep, would not find it.
"""

from typing import NamedTuple

from gnomon.simulator.defects import planted
from gnomon.simulator.fuzz.judge import try_seed

DEFECT = "no-fencing"
RULE = "LEAD-2"
MOST_SEEDS = 200
"""One in 25 finds it; a search that needs more has lost its sight."""


class Canary(NamedTuple):
    """What was planted, which rule has to break, and by which seed it did; None if by none."""

    defect: str
    words: str
    rule: str
    seed: int | None


def search() -> Canary:
    """Try seeds until one breaks the rule that the planted defect must break."""
    with planted(DEFECT) as defect:
        for seed in range(MOST_SEEDS):
            if any(broken.rule == RULE for broken in try_seed(seed, "durable").broken):
                return Canary(DEFECT, defect.words, RULE, seed)
    return Canary(DEFECT, defect.words, RULE, None)
