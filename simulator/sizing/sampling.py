"""How many seeds decide whether a cluster meets its targets, and the interval of each value.

The one idea: seeds are added until each cluster is decided, so it costs much only where it is
close. A quantile or the utilisation must be below its limit in the mean over the seeds, with its
confidence interval (Student's t). A maximum (the longest wait, the backlog) and misfires must be
below it with every seed.

The seeds are looked at `LOOKS` times at most. Each look has a share of the 5 % by which all of them
together may be wrong (Bonferroni).
"""

import math
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import count, islice
from statistics import fmean, stdev
from typing import Literal, NamedTuple

from gnomon.simulator.sizing.measure import Measured
from gnomon.simulator.sizing.targets import Target
from gnomon.simulator.world.cluster import reads_small_pages
from gnomon.specs.recording.commands import DisturbServer
from gnomon.specs.recording.model import LARGEST_SEED, Lognormal, Recording

USUAL_SEEDS = 5
"""The default number of seeds at the first look."""
LOOKS = 4
"""Each look has twice the seeds of the one before."""
CONFIDENCE = 0.95

Decision = Literal["meets", "fails", "undecided"]


class Interval(NamedTuple):
    """A value over all seeds, and the interval that it lies in; with one seed all are the same."""

    value: float
    low: float
    high: float


def draws(recording: Recording) -> bool:
    """Whether anything in a replay of `recording` is drawn at random."""
    spreads = [recording.cluster.latency, *(service.duration for service in recording.services)]
    is_spread = any(isinstance(spread, Lognormal) for spread in spreads)
    return is_spread or any(isinstance(command, DisturbServer) for command in recording.commands)


def seeds_of(recording: Recording) -> Iterator[int]:
    """The seeds to replay with: that of the recording, so that a bare replay is one of them.

    The others are no third seeds (2 modulo 3): with those a leader reads small pages, which is for
    searches and delays its first publishing.
    """
    yield recording.seed
    following = ((recording.seed + more) % LARGEST_SEED for more in count(1))
    yield from (seed for seed in following if not reads_small_pages(seed))


def looks(first: int) -> list[int]:
    """The number of seeds at each look."""
    return [first << number for number in range(LOOKS)]


def first_seeds(recording: Recording, number: int) -> list[int]:
    """The first `number` seeds."""
    return list(islice(seeds_of(recording), number))


def interval(target: Target, number: int, measured: Sequence[Measured]) -> Interval:
    """The value of the target at position `number`: a mean, or the worst, and its interval."""
    values = [one.worst(number) for one in measured]
    if not target.is_mean:
        return Interval(max(values), min(values), max(values))
    mean = fmean(values)
    if len(values) == 1:
        return Interval(mean, mean, mean)
    share = (1 - CONFIDENCE) / LOOKS
    half = student_t(1 - share / 2, len(values) - 1) * stdev(values) / math.sqrt(len(values))
    return Interval(mean, max(mean - half, 0.0), mean + half)


def decide(targets: Sequence[Target], measured: Sequence[Measured]) -> Decision:
    """Whether a cluster meets all targets, by the seeds that were measured so far."""
    decisions = {
        _decide_one(target, interval(target, number, measured))
        for number, target in enumerate(targets)
    }
    if "fails" in decisions:
        return "fails"
    return "undecided" if "undecided" in decisions else "meets"


def _decide_one(target: Target, found: Interval) -> Decision:
    if found.high <= target.limit:
        return "meets"
    if found.low > target.limit or not target.is_mean:
        return "fails"
    return "undecided"


@lru_cache
def student_t(probability: float, freedom: int) -> float:
    """The quantile of Student's t distribution, for a probability above one half.

    >>> round(student_t(0.975, 4), 3), round(student_t(0.975, 30), 3)
    (2.776, 2.042)
    """
    low, high = 0.0, 1.0
    while _t_below(high, freedom) < probability:
        high *= 2
    while high - low > 1e-9 * high:
        middle = (low + high) / 2
        if _t_below(middle, freedom) < probability:
            low = middle
        else:
            high = middle
    return high


def _t_below(value: float, freedom: int) -> float:
    """The probability of at most `value`, by the finite sums for whole degrees of freedom.

    Source: Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.3 and 26.7.4.
    """
    angle = math.atan(value / math.sqrt(freedom))
    cosine = math.cos(angle) ** 2
    term = math.cos(angle) if freedom % 2 else 1.0
    total, first = 0.0, 3 if freedom % 2 else 2
    for number in range(first, freedom + 1, 2):
        total += term
        term *= cosine * (number - 1) / number
    if freedom % 2:
        within = 2 / math.pi * (angle + math.sin(angle) * total)
    else:
        within = math.sin(angle) * total
    return (1 + within) / 2
