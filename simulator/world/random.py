"""Chance: one seed, split by purpose.

The one idea: every use of chance has a stream of its own, seeded by the seed and its purpose in
words. A draw added in one place moves no draw in another, so a recording replayed by the next
version of this program still has the same durations.
"""

import math
from collections.abc import Callable
from itertools import cycle, repeat
from random import Random

from gnomon.specs.recording.model import Fixed, Lognormal, Samples, Spread

_Z_99 = 2.3263478740408408  # the 99th percentile of the standard normal distribution

Draw = Callable[[], int]
"""Gives the next duration (µs)."""


class Chance:
    """The source of everything random in a run."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def stream(self, purpose: str) -> Random:
        """The stream for `purpose`, from its beginning."""
        return Random(f"gnomon/{self.seed}/{purpose}")

    def durations(self, spread: Spread, purpose: str) -> Draw:
        """Durations that are spread like `spread`; samples come in their order, repeated."""
        if isinstance(spread, Fixed):
            return repeat(spread.duration).__next__
        if isinstance(spread, Samples):
            return cycle(spread.samples).__next__
        return _lognormal(spread, self.stream(purpose))


def _lognormal(spread: Lognormal, stream: Random) -> Draw:
    # The draw is a real number; time begins where it is rounded.
    p50 = spread.p50
    sigma = math.log(spread.p99 / p50) / _Z_99
    return lambda: round(p50 * math.exp(sigma * stream.gauss(0.0, 1.0)))
