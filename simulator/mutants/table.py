"""The table of mutants, ``specs/mutants.md``: which there are, and what found them.

The one idea: nobody edits it. What it says came out of the last full run, which writes it anew; a
test holds that its rows are the mutants that there are.
"""

from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path

from gnomon.simulator.mutants.kill import MOST_RUNS, Hunt
from gnomon.simulator.mutants.patch import Mutant

PLACE = Path(str(files("gnomon.specs").joinpath("mutants.md")))
HEADING = ("mutant", "rule", "found by", "runs", "what is wrong")
_INTRODUCTION = f"""\
# Mutants: is there a hole in the net?

A mutant is the scheduler with one thing wrong. For every rule there is at least one that breaks it,
and a search has to find it: it tries the seeds from 0 on until the rule is broken by what the
mutant does in the recording of that seed, and not by what the scheduler as it is does there. One
that has not been found after {MOST_RUNS:,} runs has survived: that is a hole to be closed, and no
row to be deleted. A name in brackets is that of a scheduler that is known to have the defect.

This page is written by `python -m gnomon.simulator.mutants`; the mutants are in
`simulator/mutants/`.
"""


def table(hunts: Iterable[tuple[Mutant, Hunt]]) -> str:
    """The page for what came of hunting each mutant."""
    marks = ("---", "---", "---", "--:", "---")
    rows = (HEADING, marks, *(_row(mutant, hunt) for mutant, hunt in hunts))
    return "\n".join((_INTRODUCTION, *(f"| {' | '.join(row)} |" for row in rows), ""))


def _row(mutant: Mutant, hunt: Hunt) -> tuple[str, ...]:
    runs = "**survived**" if hunt.runs is None else f"{hunt.runs:,}"
    return mutant.name, mutant.rule, hunt.by, runs, mutant.about


def rows(page: str) -> list[list[str]]:
    """The rows of a page, cell by cell."""
    lines = [line for line in page.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]
