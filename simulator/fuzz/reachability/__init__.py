"""Reachability: the interesting states that the runs of a search must reach together.

The one idea: a rule is about what must never happen, a state about what must happen sometimes. A
search in which no stale leader was ever refused has not tested fencing, however long it ran. A
state is a pure function of a history; its docstring describes the state.
"""

from gnomon.simulator.fuzz.reachability import (
    changes,
    delivery,
    endings,
    leading,
    limits,
    lost_writes,
)
from gnomon.simulator.fuzz.reachability.base import STATES, State, reached, states_of

__all__ = [
    "STATES",
    "State",
    "changes",
    "delivery",
    "endings",
    "leading",
    "limits",
    "lost_writes",
    "reached",
    "states_of",
]
