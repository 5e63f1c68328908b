"""``python -m tests.benchmarks.figures``: measures, prints the tables, and checks the growth.

The one idea: each size is measured in a process of its own, so that its memory is its own. Exit
status 1: a cost grows faster than the size.
"""

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from tests.benchmarks.figures import page
from tests.benchmarks.figures.growth import exponents
from tests.benchmarks.figures.machine import this_machine
from tests.benchmarks.figures.measuring import measure_apart, measure_in_turn
from tests.benchmarks.figures.rates import measured as measured_rates
from tests.benchmarks.figures.works import BY_NAME, GROWING, Growing

PAGE = Path(__file__).parents[3] / "specs" / "figures.md"
QUICK_SIZES, QUICK_LARGEST = 3, 100_000


def sizes_of(growing: Growing, quick: bool, largest: int | None) -> list[int]:
    """The sizes to measure: the first two at least, since an exponent needs as many."""
    most = QUICK_LARGEST if quick else largest
    sizes = [s for s in growing.sizes if most is None or s <= most]
    return sizes[:QUICK_SIZES] if quick else sizes or [*growing.sizes[:2]]


def _note(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def main() -> None:
    """Print the tables; write the page if asked to."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="small sizes only")
    parser.add_argument("--largest", type=int, metavar="N", help="the largest size  [default: all]")
    parser.add_argument(
        "--minutes", type=float, metavar="M", help="leave out what would take longer in all"
    )
    parser.add_argument(
        "--only", choices=BY_NAME, action="append", help="one work; may be given more than once"
    )
    parser.add_argument("--write", action="store_true", help="write specs/figures.md")
    chosen = parser.parse_args()
    if chosen.write and (chosen.quick or chosen.only):
        parser.error("--write: the page holds all works, without --quick and --only")
    began = perf_counter()
    rates = [] if chosen.only else measured_rates(1 if chosen.quick else 5)
    limit = None
    if chosen.minutes is not None:
        limit = chosen.minutes * 60 - (perf_counter() - began)
    sizes = {
        growing: sizes_of(growing, chosen.quick, chosen.largest)
        for growing in GROWING
        if not chosen.only or growing.name in chosen.only
    }
    with TemporaryDirectory(prefix="gnomon-figures-") as folder:
        measure = measure_apart(Path(folder), _note)
        growths = measure_in_turn(sizes, measure, _note, limit)
    for growing in [growing for growing, found in growths.items() if len(found) < 2]:
        del growths[growing]
        _note(f"{growing.name}: without two sizes there is no exponent, and no table")
    for growing, found in growths.items():
        overall, last = exponents(found)
        print(f"\n{growing.title}\n\n{page.sizes(growing, found)}")
        print(f"exponent {overall:.2f}, of the last step alone {last:.2f}", flush=True)
    if rates:
        print(f"\n{page.beside(rates)}")
    if chosen.write:
        PAGE.write_text(page.written(this_machine(), growths, rates), encoding="utf-8")
    if findings := page.findings(growths):
        sys.exit("\n".join(findings))


if __name__ == "__main__":
    main()
