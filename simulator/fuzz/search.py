"""A search: the trials of many seeds, distributed over the cores or over a cluster.

The one idea: the seed alone determines its trial, and results are taken in the order of the seeds.
A search over a given number of seeds therefore has one result, on any number of processes.
"""

from collections import Counter
from collections.abc import Generator, Iterator
from itertools import count

import msgspec

from gnomon.simulator.fuzz.judge import Broken, SeedResult, try_seed
from gnomon.simulator.fuzz.sources import Source
from gnomon.specs.parallel.pool import Pool, in_order


class BrokenRule(msgspec.Struct):
    """A broken rule: the first seed that breaks it, its violation, and the number of such seeds."""

    seed: int
    broken: Broken
    seeds: int = 0


class Tally:
    """The results of the seeds so far, counted; the liveness of `patient` runs was judged."""

    def __init__(self) -> None:
        self.runs = 0
        self.events = 0
        self.patient = 0
        self.reached: Counter[str] = Counter()
        self.broken: dict[str, BrokenRule] = {}

    def add(self, result: SeedResult) -> None:
        """Count the result of the next seed."""
        self.runs += 1
        self.events += result.events
        self.patient += result.is_patient
        self.reached.update(result.reached)
        for broken in result.broken:
            rule = self.broken.setdefault(broken.rule, BrokenRule(result.seed, broken))
            rule.seeds += 1


def results(
    first: int, runs: int | None, pool: Pool, source: Source
) -> Generator[SeedResult, None, None]:
    """The results of the seeds from `first` on, in order: of `runs` seeds, or without end.

    Raises PoolLost.
    """
    calls = ((seeds, source) for seeds in _chunks(first, runs, pool.batch))
    for found in in_order(pool, try_seeds, calls):
        yield from found


def _chunks(first: int, runs: int | None, size: int) -> Iterator[range]:
    """The seeds from `first` on, at most `size` at a time."""
    end = None if runs is None else first + runs
    for start in count(first, size):
        if end is not None and start >= end:
            return
        yield range(start, start + size if end is None else min(start + size, end))


def try_seeds(seeds: range, source: Source) -> list[SeedResult]:
    """The results of some seeds."""
    return [try_seed(seed, source) for seed in seeds]
