"""The levels of the suite: their rules, and the ids of their cases.

The one idea: a report, a command and a matrix go through the same table, so that a level cannot be
left out of one of them.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from gnomon.specs.conformance import judging
from gnomon.specs.conformance.cluster import judging as cluster_judging
from gnomon.specs.conformance.cluster import scenarios as cluster
from gnomon.specs.conformance.tick import judging as tick_judging
from gnomon.specs.conformance.tick.scenarios import read_scenarios
from gnomon.specs.vectors.next_cases import read_cases


class Level(NamedTuple):
    """A level: what it asks, its rules with a sentence each, and the ids of its cases."""

    question: str
    rules: Mapping[str, str]
    ids: Callable[[], list[str]]


LEVELS: dict[str, Level] = {
    "next": Level(
        "When is a definition due next?",
        judging.RULES,
        lambda: [case.id for case in read_cases()],
    ),
    "tick": Level(
        "What does a scheduler do while time passes?",
        tick_judging.RULES,
        lambda: [scenario.id for scenario in read_scenarios()],
    ),
    "cluster": Level(
        "What do several instances do while some of them are killed, paused and replaced?",
        cluster_judging.RULES,
        lambda: [scenario.id for scenario in cluster.read_scenarios()],
    ),
}
