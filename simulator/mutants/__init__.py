"""Mutants: the scheduler with one defect each, to show that the rules and the search detect it.

The one idea: a rule that never failed has not shown that it can fail. For every rule there is at
least one mutant that breaks it, and a search must find that mutant. ``specs/mutants.md`` lists the
mutants and how many runs each search took. A mutant that survives shows a gap in the rules or in
the search, which must be closed.

Reading order: ``patch``; the mutants, grouped by rules; ``kill``, ``table``, ``explain``.
"""

from gnomon.simulator.mutants import definitions, delivery, firing, histories, leading, running
from gnomon.simulator.mutants.patch import Mutant
from gnomon.specs.rules.base import GROUPS


def _rule_order(mutant: Mutant) -> tuple[int, int]:
    group, _, number = mutant.rule.partition("-")
    return GROUPS.index(group), int(number)


MUTANTS = tuple(
    sorted(
        (
            *definitions.MUTANTS,
            *firing.MUTANTS,
            *leading.MUTANTS,
            *delivery.MUTANTS,
            *running.MUTANTS,
            *histories.MUTANTS,
        ),
        key=_rule_order,
    )
)
"""Every mutant, in the order of the rules."""

BY_NAME = {mutant.name: mutant for mutant in MUTANTS}
"""Every mutant, by its name."""
