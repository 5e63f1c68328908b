"""``python -m gnomon.simulator.mutants``: search for every mutant and write ``specs/mutants.md``.

The exit status is 1 if a mutant survives, or if the page was out of date; the page is current then.
With the name of a mutant as argument, print its explanation and the recording that kills it, and
write its picture to a page in the current folder.
"""

import re
import sys
from pathlib import Path

from gnomon.simulator.mutants import BY_NAME, MUTANTS
from gnomon.simulator.mutants.explain import explain
from gnomon.simulator.mutants.kill import METHODS, kill_all
from gnomon.simulator.mutants.table import PAGE, table
from gnomon.specs.parallel.processes import usable_cores
from gnomon.specs.recording import writer
from gnomon.specs.rules import RULES


def search_for_all() -> int:
    """Search for every mutant and write the page; return the exit status."""
    results = []
    for mutant, result in zip(MUTANTS, kill_all(MUTANTS, usable_cores()), strict=True):
        results.append((mutant, result))
        runs = "survives" if result.runs is None else f"{result.runs:5}"
        sys.stdout.write(f"{mutant.rule:8}{mutant.name:60}{runs}\n")
        sys.stdout.flush()
    page = table(results)
    was_up_to_date = PAGE.exists() and PAGE.read_text("utf-8") == page
    if not was_up_to_date:
        PAGE.write_text(page, "utf-8")
        sys.stdout.write(f"{PAGE.name} was out of date and has been rewritten\n")
    survivors = [mutant.name for mutant, result in results if result.runs is None]
    if survivors:
        sys.stdout.write(f"survivors: {', '.join(survivors)}\n")
    return 0 if was_up_to_date and not survivors else 1


def print_explanation(name: str) -> int:
    """Print the explanation of one mutant and write its page; return the exit status."""
    mutant = BY_NAME.get(name)
    if mutant is None:
        sys.stderr.write(f"there is no mutant {name!r}; specs/mutants.md lists them\n")
        return 2
    if RULES[mutant.rule].subject != "a history" or mutant.rule in METHODS:
        sys.stderr.write(f"one replay does not decide {mutant.rule}: no explanation, no picture\n")
        return 2
    explanation = explain(mutant)
    if explanation is None:
        sys.stdout.write("it survives, so there is no picture\n")
        return 1
    recording = writer.to_toml(explanation.recording)
    file, problem = _write_page(name, explanation.page)
    where = [] if problem else ["", f"picture: {file}"]
    text = [f"{name}: {mutant.about}", *explanation.story, *where, "", recording]
    sys.stdout.write("\n".join(text))
    if problem:
        sys.stderr.write(f"no picture: {file} cannot be written: {problem}\n")
        return 2
    return 0


def _write_page(name: str, page: str) -> tuple[Path, str | None]:
    """Write the page of a mutant; its path, and why it cannot be written, if so."""
    words = re.findall(r"\w+", name.lower())
    file = Path(f"mutant-{'-'.join(words)}.html").absolute()
    try:
        file.write_text(page, "utf-8")
    except OSError as error:
        return file, error.strerror or str(error)
    return file, None


if __name__ == "__main__":
    sys.exit(print_explanation(sys.argv[1]) if len(sys.argv) > 1 else search_for_all())
