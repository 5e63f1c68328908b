"""Measures a work of some size in a process of its own, so that its memory is its own."""

import gc
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from resource import RUSAGE_SELF, getrusage
from time import process_time

from tests.benchmarks.figures.growth import Measured
from tests.benchmarks.figures.works import BY_NAME

TURNS = 3
ONCE_FROM = 20
"""A work that takes as long (s) is measured once."""


def peak() -> int:
    """The most memory that this process has used so far (bytes)."""
    unit = 1 if sys.platform == "darwin" else 1024
    return getrusage(RUSAGE_SELF).ru_maxrss * unit


def measure(name: str, size: int) -> Measured:
    """Do a work once, in this process, after the smallest one: caches are filled by then."""
    growing = BY_NAME[name]
    growing.prepare(growing.sizes[0])()
    work = growing.prepare(size)
    gc.collect()
    before, began = peak(), process_time()
    work()
    return Measured(size, process_time() - began, peak(), before)


def measure_apart(name: str, size: int) -> Measured:
    """Do a work in processes of their own; the shortest time."""
    best: Measured | None = None
    for _ in range(TURNS):
        with ProcessPoolExecutor(1, get_context("spawn")) as pool:
            found = pool.submit(measure, name, size).result()
        if best is None or found.cpu < best.cpu:
            best = found
        if found.cpu >= ONCE_FROM:
            break
    assert best is not None
    return best
