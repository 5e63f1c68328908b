"""The page ``specs/mutants.md``: every mutant, and how many runs killed it.

The one idea: nobody edits the page. The latest full search wrote it; a test checks that its rows
are the mutants of this package.
"""

from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path

from gnomon.simulator.mutants.kill import MOST_RUNS, KillResult
from gnomon.simulator.mutants.patch import Mutant

PAGE = Path(str(files("gnomon.specs").joinpath("mutants.md")))
HEADING = ("mutant", "rule", "found by", "runs", "what is wrong")
_INTRODUCTION = f"""\
# Mutants: do the rules detect every kind of defect?

A mutant is the scheduler with one defect. For every rule there is at least one mutant that breaks
it, and a search must find that mutant. The search replays the recordings of the seeds 0, 1, 2… with
the mutant and with the original scheduler, and ends at the first recording in which only the mutant
breaks the rule: the mutant is killed. A mutant that {MOST_RUNS:,} runs do not kill has survived.
That shows a gap in the rules or in the search: close the gap, do not delete the row. Names in
brackets are schedulers known to have the defect.

`python -m gnomon.simulator.mutants` writes this page; the mutants are in `simulator/mutants/`.
"""


def table(results: Iterable[tuple[Mutant, KillResult]]) -> str:
    """The page for each mutant and the result of its search."""
    marks = ("---", "---", "---", "--:", "---")
    rows = (HEADING, marks, *(_row(mutant, result) for mutant, result in results))
    return "\n".join((_INTRODUCTION, *(f"| {' | '.join(row)} |" for row in rows), ""))


def _row(mutant: Mutant, result: KillResult) -> tuple[str, ...]:
    runs = "**survived**" if result.runs is None else f"{result.runs:,}"
    return mutant.name, mutant.rule, result.method, runs, mutant.about


def rows(page: str) -> list[list[str]]:
    """The rows of a page, cell by cell."""
    lines = [line for line in page.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]
