"""The rules: one pure function each, from a history to its violations.

The one idea: a rule sees a `Trace` and nothing else. So it judges our simulator, our live cluster
and anybody else's scheduler alike. It counts the cases that it has examined; a rule that has
examined none was *not exercised*, which is not the same as that it holds.

``scheduler.md`` holds the text of each rule; a decorator ties the function to its id there. Each
function opens with the sentence of that text which it checks.
"""

from gnomon.specs.rules import (
    delivery,
    deployment,
    firing,
    histories,
    jobs,
    leading,
    limits,
    misfires,
    pausing,
    publishing,
    reclaiming,
    running,
    runtime,
    waiting,
)
from gnomon.specs.rules.base import RULES, Finding, Rule, Verdict, in_order, judge, judge_trace
from gnomon.specs.rules.kinds import Kind
from gnomon.specs.rules.violations import Violation

__all__ = [
    "RULES",
    "Finding",
    "Kind",
    "Rule",
    "Verdict",
    "Violation",
    "delivery",
    "deployment",
    "firing",
    "histories",
    "in_order",
    "jobs",
    "judge",
    "judge_trace",
    "leading",
    "limits",
    "misfires",
    "pausing",
    "publishing",
    "reclaiming",
    "running",
    "runtime",
    "waiting",
]
