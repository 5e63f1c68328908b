"""``python -m gnomon.simulator.mutants``: hunts every mutant, and writes ``specs/mutants.md`` anew.

Exit status 1 if one survives, or if the page was not up to date; then it is now. With the name of a
mutant its story is told instead, and the recording in which it shows is printed.
"""

import sys

from gnomon.simulator.fuzz.search import usable_cores
from gnomon.simulator.mutants import MUTANTS
from gnomon.simulator.mutants.explain import told
from gnomon.simulator.mutants.kill import BY, hunt_all
from gnomon.simulator.mutants.table import PLACE, table
from gnomon.specs.recording import writer
from gnomon.specs.rules import RULES


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


def tell(name: str) -> int:
    """Tell the story of one mutant; what is the exit status."""
    named = [mutant for mutant in MUTANTS if mutant.name == name]
    if not named:
        sys.stderr.write(f"there is no mutant {name!r}; specs/mutants.md lists them\n")
        return 2
    if RULES[named[0].rule].subject != "a history" or named[0].rule in BY:
        sys.stderr.write(f"{named[0].rule} is not judged by what happens in one replay\n")
        return 2
    story = told(named[0])
    if story is None:
        sys.stdout.write("it survives\n")
        return 1
    recording, lines = story
    sys.stdout.write(
        "\n".join([f"{name}: {named[0].about}", *lines, "", writer.to_toml(recording)])
    )
    return 0


if __name__ == "__main__":
    sys.exit(tell(sys.argv[1]) if len(sys.argv) > 1 else main())
