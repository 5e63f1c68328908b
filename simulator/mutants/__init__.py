"""Mutants: the scheduler with one thing wrong, to prove that the net has no holes.

The one idea: a rule that has never caught anything has proved nothing. For every rule there is at
least one mutant that breaks it, and a search must find it. Which are found, and after how many
runs, is told by ``specs/mutants.md``; a mutant that survives is a hole in the net, to be closed.

Reading order: ``planting``, the mutants by groups of rules, ``hunting``, ``table``, ``telling``.
"""

from gnomon.simulator.mutants import definitions, delivery, firing, histories, leading, running
from gnomon.simulator.mutants.patch import Mutant
from gnomon.specs.rules.base import GROUPS


def _place(mutant: Mutant) -> tuple[int, int]:
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
        key=_place,
    )
)
"""Every mutant, in the order of the rules."""
