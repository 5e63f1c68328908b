"""A search: the trials of many seeds, distributed over the cores.

The one idea: the seed alone determines its trial, and results are taken in the order of the seeds.
A search over a given number of seeds therefore has one result, on any number of processes.
"""

import gc
import os
import signal
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from itertools import count, islice
from multiprocessing import get_context
from typing import TypeVar

import msgspec

from gnomon.reference.store.messages import Profile
from gnomon.simulator.fuzz.judge import Broken, SeedResult, try_seed

CHUNK = 20
"""Seeds that a process receives at once: their trials take far longer than the transfer."""
AHEAD = 4
"""Chunks for each process that are running or queued."""

YOUNG_OBJECTS = 50_000
"""New objects after which a search looks for unused cycles; Python's default is 700."""

T = TypeVar("T")
Submit = Callable[[range], Callable[[], Iterable[SeedResult]]]
"""Starts the trials of some seeds; the function returned waits for their results."""


class BrokenRule(msgspec.Struct):
    """A broken rule: the first seed that breaks it, its violation, and the number of such seeds."""

    seed: int
    broken: Broken
    seeds: int = 0


class Tally:
    """The results of the seeds so far, counted."""

    def __init__(self) -> None:
        self.runs = 0
        self.events = 0
        self.reached: Counter[str] = Counter()
        self.broken: dict[str, BrokenRule] = {}

    def add(self, result: SeedResult) -> None:
        """Count the result of the next seed."""
        self.runs += 1
        self.events += result.events
        self.reached.update(result.reached)
        for broken in result.broken:
            rule = self.broken.setdefault(broken.rule, BrokenRule(result.seed, broken))
            rule.seeds += 1


def usable_cores() -> int:
    """The number of processes that can run at once on this machine."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        return os.cpu_count() or 1


def results(
    first: int, runs: int | None, processes: int, profile: Profile, in_this_one: bool = True
) -> Iterator[SeedResult]:
    """The results of the seeds from `first` on, in order: of `runs` seeds, or without end.

    With one process, the trials run in this process if `in_this_one`. Raises BrokenProcessPool if
    a process dies.
    """
    chunks = _chunks(first, runs)
    with _submitting(processes, profile, processes == 1 and in_this_one) as submit:
        queued = deque(map(submit, islice(chunks, processes * AHEAD)))
        while queued:
            yield from queued.popleft()()
            queued.extend(map(submit, islice(chunks, 1)))


def _chunks(first: int, runs: int | None) -> Iterator[range]:
    """The seeds from `first` on, a chunk at a time."""
    end = None if runs is None else first + runs
    for start in count(first, CHUNK):
        if end is not None and start >= end:
            return
        yield range(start, start + CHUNK if end is None else min(start + CHUNK, end))


@contextmanager
def _submitting(processes: int, profile: Profile, in_this_one: bool) -> Iterator[Submit]:
    """A function that starts trials in as many processes, or in this one."""
    if in_this_one:
        with _seldom_collecting():
            yield lambda seeds: lambda: (try_seed(seed, profile) for seed in seeds)
        return
    pool = _pool(processes)
    try:
        yield lambda seeds: pool.submit(_try_chunk, seeds, profile).result
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def in_another_process(function: Callable[[int, Profile], T], seed: int, profile: Profile) -> T:
    """The result of `function` for a seed, computed in another process."""
    with _pool(1) as pool:
        return pool.submit(function, seed, profile).result()


def _pool(processes: int) -> ProcessPoolExecutor:
    # New processes share nothing with this one, and each has its own seed for the hashes of text:
    # a result that depends on the order of a set would differ.
    return ProcessPoolExecutor(processes, get_context("spawn"), initializer=_prepare_process)


def _prepare_process() -> None:
    """Ctrl-C reaches every process of the terminal; the parent process handles it for all."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.set_threshold(YOUNG_OBJECTS)


@contextmanager
def _seldom_collecting() -> Iterator[None]:
    """Look for unused cycles seldom: what a trial makes is in use until the trial ends."""
    usual = gc.get_threshold()
    gc.set_threshold(YOUNG_OBJECTS)
    try:
        yield
    finally:
        gc.set_threshold(*usual)


def _try_chunk(seeds: range, profile: Profile) -> list[SeedResult]:
    return [try_seed(seed, profile) for seed in seeds]
