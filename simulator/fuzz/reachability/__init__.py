"""Sometimes: the interesting states that a search must have come to, or it has proved little.

The one idea: a rule says what is never so; a state says what is sometimes so. A search in which no
stale leader was ever refused has not tested fencing, however long it ran. A state is a pure
function of a history, and its docstring says what was reached.
"""

from gnomon.simulator.fuzz.reachability import changes, delivery, leading
from gnomon.simulator.fuzz.reachability.base import STATES, State, reached, states_of

__all__ = ["STATES", "State", "changes", "delivery", "leading", "reached", "states_of"]
