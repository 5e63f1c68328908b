"""A search: many seeds, spread over the cores.

The one idea: a seed decides its trial alone, and what came of the seeds is taken in their order;
so a search that is told how many seeds to try has one outcome, on however many processes.
"""

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
from gnomon.simulator.fuzz.judge import Broken, Outcome, try_seed

CHUNK = 20
"""Seeds that are handed to a process at once: a good deal longer than the journey takes."""
AHEAD = 4
"""Chunks for each process that are under way or waiting for their turn."""

T = TypeVar("T")
Submit = Callable[[range], Callable[[], Iterable[Outcome]]]
"""Begins to try some seeds; what it gives waits for their outcomes."""


class First(msgspec.Struct):
    """A rule that was broken: by which seed first, how, and by how many in all."""

    seed: int
    broken: Broken
    seeds: int = 0


class Tally:
    """What came of the seeds so far."""

    def __init__(self) -> None:
        self.runs = 0
        self.events = 0
        self.reached: Counter[str] = Counter()
        self.broken: dict[str, First] = {}

    def add(self, outcome: Outcome) -> None:
        """Count the outcome of the next seed."""
        self.runs += 1
        self.events += outcome.events
        self.reached.update(outcome.reached)
        for broken in outcome.broken:
            first = self.broken.setdefault(broken.rule, First(outcome.seed, broken))
            first.seeds += 1


def usable_cores() -> int:
    """How many processes can run at once here."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        return os.cpu_count() or 1


def outcomes(
    first: int, runs: int | None, jobs: int, profile: Profile, always_elsewhere: bool = False
) -> Iterator[Outcome]:
    """The outcomes of the seeds from `first` on, in their order: of `runs` of them, or no end.

    One job is done in this process, unless it shall be done `always_elsewhere`. Raises
    BrokenProcessPool if a process dies.
    """
    chunks = _chunks(first, runs)
    with _submitting(jobs, profile, jobs > 1 or always_elsewhere) as submit:
        waiting = deque(map(submit, islice(chunks, jobs * AHEAD)))
        while waiting:
            yield from waiting.popleft()()
            waiting.extend(map(submit, islice(chunks, 1)))


def _chunks(first: int, runs: int | None) -> Iterator[range]:
    """The seeds from `first` on, a chunk at a time."""
    end = None if runs is None else first + runs
    for start in count(first, CHUNK):
        if end is not None and start >= end:
            return
        yield range(start, start + CHUNK if end is None else min(start + CHUNK, end))


@contextmanager
def _submitting(jobs: int, profile: Profile, is_elsewhere: bool) -> Iterator[Submit]:
    """What tries seeds, in so many processes or in this one."""
    if not is_elsewhere:
        yield lambda seeds: lambda: (try_seed(seed, profile) for seed in seeds)
        return
    pool = _pool(jobs)
    try:
        yield lambda seeds: pool.submit(_try_chunk, seeds, profile).result
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def elsewhere(function: Callable[[int, Profile], T], seed: int, profile: Profile) -> T:
    """What `function` gives for a seed in another process."""
    with _pool(1) as pool:
        return pool.submit(function, seed, profile).result()


def _pool(jobs: int) -> ProcessPoolExecutor:
    # Fresh processes share nothing with this one, and each hashes text in its own way: what
    # depended on the order of a set would show.
    return ProcessPoolExecutor(jobs, get_context("spawn"), initializer=_leave_interrupts_alone)


def _leave_interrupts_alone() -> None:
    """Ctrl-C reaches every process of the terminal; the one that speaks decides what it means."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _try_chunk(seeds: range, profile: Profile) -> list[Outcome]:
    return [try_seed(seed, profile) for seed in seeds]
