"""The rules: one pure function each, from a history to what is wrong with it.

The one idea: a rule sees a `Trace` and nothing else, so it judges our simulator, our live cluster
and anybody else's scheduler alike. It says how many cases it has examined; one that has examined
none was *not exercised*, which is not the same as that it holds.

The texts of the rules are in ``scheduler.md``; a decorator ties a function to its id there.
"""

from gnomon.specs.rules import (
    delivery,
    firing,
    histories,
    jobs,
    leading,
    misfires,
    publishing,
    running,
    waiting,
)
from gnomon.specs.rules.base import (
    RULES,
    Finding,
    Rule,
    Verdict,
    Violation,
    in_order,
    judge,
    judge_trace,
)

__all__ = [
    "RULES",
    "Finding",
    "Rule",
    "Verdict",
    "Violation",
    "delivery",
    "firing",
    "histories",
    "in_order",
    "jobs",
    "judge",
    "judge_trace",
    "leading",
    "misfires",
    "publishing",
    "running",
    "waiting",
]
