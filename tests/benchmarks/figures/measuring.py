"""Measures works in growing sizes, each in a process of its own, so that its memory is its own.

The one idea: the small sizes of all works come first. A run that must end, by a limit of time or by
Ctrl-C, then lacks the largest sizes only, and knows from the smaller ones how long those take.
"""

import gc
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from time import perf_counter, process_time
from typing import NamedTuple

from tests.benchmarks.figures.growth import Measured
from tests.benchmarks.figures.works import BY_NAME, Growing

TURNS = 3
ONCE_FROM = 20
"""A measurement that takes as long with its preparation (s) is made once."""


class Turn(NamedTuple):
    """What was measured, and how long one turn took, with its preparation (s)."""

    measured: Measured
    took: float


Measure = Callable[[str, int], Turn | None]
"""Measures a work, by its name, in a size; None if that was not possible."""
Note = Callable[[str], None]
"""Prints a line about the progress."""
Growths = dict[Growing, list[Measured]]
"""What was measured of each work, in growing sizes."""


def measure_in_turn(
    sizes: Mapping[Growing, Sequence[int]],
    measure: Measure,
    note: Note,
    limit: float | None = None,
    clock: Callable[[], float] = perf_counter,
) -> Growths:
    """Measure all `sizes`, the small ones of all works first.

    A size that, judging by the one before it, would not be done by `limit` (s, from now on) is left
    out, and so is one that cannot be measured; with it the larger ones of that work.
    """
    end = None if limit is None else clock() + limit
    turns: dict[Growing, list[Turn]] = {growing: [] for growing in sizes}
    left = {growing: list(of_it) for growing, of_it in sizes.items()}
    while left:
        growing = min(left, key=lambda one: _expected(turns[one], left[one][0]))
        size = left[growing].pop(0)
        expected = _expected(turns[growing], size)
        what = f"{growing.name}, {size:,}"
        if end is not None and clock() + expected > end:
            note(f"{what}: left out; it would take about {expected:.0f} s")
            turn = None
        else:
            note(f"{what}: about {expected:.0f} s" if expected >= 1 else what)
            turn = measure(growing.name, size)
        if turn is None:
            left[growing].clear()
        else:
            turns[growing].append(turn)
        if not left[growing]:
            del left[growing]
    return {growing: [turn.measured for turn in of_it] for growing, of_it in turns.items()}


def _expected(turns: Sequence[Turn], size: int) -> float:
    """How long a size is likely to take (s), with the same cost for each unit above the last size.

    The first two sizes show what a process costs that does nothing.
    """
    if len(turns) < 2:
        return sum(turn.took for turn in turns)
    (one, before), (two, last) = turns[-2:]
    unit = max(last - before, 0) / (two.size - one.size)
    return last + unit * (size - two.size)


def peak() -> int:
    """The most memory that this process has used so far (bytes)."""
    unit = 1 if sys.platform == "darwin" else 1024
    return getrusage(RUSAGE_SELF).ru_maxrss * unit


def measure_here(name: str, size: int, folder: Path) -> Measured:
    """Do a work once, in this process, after the smallest one: caches are filled by then."""
    growing = BY_NAME[name]
    growing.prepare(growing.sizes[0], folder)()
    work = growing.prepare(size, folder)
    gc.collect()
    before, began = peak(), process_time()
    work()
    return Measured(size, process_time() - began, peak(), before)


def measure_apart(folder: Path, note: Note) -> Measure:
    """A function that does a work in processes of their own, and takes the shortest time."""

    def measure(name: str, size: int) -> Turn | None:
        best: Turn | None = None
        for _ in range(TURNS):
            began = perf_counter()
            try:
                with ProcessPoolExecutor(1, get_context("spawn")) as pool:
                    found = pool.submit(measure_here, name, size, folder).result()
            except BrokenProcessPool:
                note(f"{name}, {size:,}: the process ended, perhaps for lack of memory")
                return best
            took = perf_counter() - began
            if best is None or found.cpu < best.measured.cpu:
                best = Turn(found, took)
            if took >= ONCE_FROM:
                break
        return best

    return measure
