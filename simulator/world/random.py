"""Random numbers: one seed, split into a stream for each purpose.

The one idea: each use of randomness has its own stream, seeded by the seed and by its purpose in
words. A draw that is added in one place changes no draw in another. So a recording has the same
durations when the next version of this program replays it.
"""

import math
from collections.abc import Callable
from itertools import cycle, repeat
from random import Random

from gnomon.specs.recording.model import Fixed, Lognormal, Samples, Spread

_Z_99 = 2.3263478740408408  # the 99th percentile of the standard normal distribution

Draw = Callable[[], int]
"""Gives the next duration (µs)."""


class RandomStreams:
    """The source of all random numbers in a run."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def stream(self, purpose: str) -> Random:
        """A new stream for `purpose`, at its beginning."""
        return Random(f"gnomon/{self.seed}/{purpose}")

    def durations(self, spread: Spread, purpose: str) -> Draw:
        """Durations (µs) distributed as `spread` says; samples come in order, again and again."""
        if isinstance(spread, Fixed):
            return repeat(spread.duration).__next__
        if isinstance(spread, Samples):
            return cycle(spread.samples).__next__
        return _lognormal(spread, self.stream(purpose))


def _lognormal(spread: Lognormal, stream: Random) -> Draw:
    # The drawn number is a float; it becomes a time only when it is rounded.
    p50 = spread.p50
    sigma = math.log(spread.p99 / p50) / _Z_99
    return lambda: round(p50 * math.exp(sigma * stream.gauss(0.0, 1.0)))
