"""``python -m simulator.mutants``: hunts every mutant, and writes ``specs/mutants.md`` anew.

Exit status 1 if one survives, or if the page was not up to date; then it is now.
"""

import sys

from simulator.mutants import MUTANTS
from simulator.mutants.hunting import hunt_all
from simulator.mutants.table import PLACE, table
from simulator.search import usable_cores


def main() -> int:
    """Hunt all; what is the exit status."""
    hunts = []
    for mutant, hunt in zip(MUTANTS, hunt_all(MUTANTS, usable_cores()), strict=True):
        hunts.append((mutant, hunt))
        came_of_it = "survives" if hunt.runs is None else f"{hunt.runs:5}"
        sys.stdout.write(f"{mutant.rule:8}{mutant.name:60}{came_of_it}\n")
        sys.stdout.flush()
    page = table(hunts)
    was_up_to_date = PLACE.exists() and PLACE.read_text("utf-8") == page
    if not was_up_to_date:
        PLACE.write_text(page, "utf-8")
        sys.stdout.write(f"{PLACE.name} was not up to date; it has been written anew\n")
    survivors = [mutant.name for mutant, hunt in hunts if hunt.runs is None]
    if survivors:
        sys.stdout.write(f"survivors: {', '.join(survivors)}\n")
    return 0 if was_up_to_date and not survivors else 1


if __name__ == "__main__":
    sys.exit(main())
