"""Choices: every choice of the generator, as whole numbers from one source."""

from collections.abc import Sequence
from random import Random
from typing import Protocol, TypeVar

T = TypeVar("T")


class Chooser(Protocol):
    """The source of choices; the lowest number is the simplest choice."""

    def whole(self, low: int, high: int) -> int:
        """A whole number in [low, high]."""
        ...


class Seeded:
    """Choices from a seed: the same seed, the same choices."""

    def __init__(self, seed: int, purpose: str = "swarm") -> None:
        self._seed = seed
        self.whole = Random(f"gnomon/{seed}/{purpose}").randint

    def apart(self, purpose: str) -> "Seeded":
        """Other choices of the same seed, for a `purpose`."""
        return Seeded(self._seed, purpose)


def apart(chooser: Chooser, purpose: str) -> "Choices":
    """Choices for a `purpose`; a seed draws them apart, so all other choices stay as they were."""
    return Choices(chooser.apart(purpose) if isinstance(chooser, Seeded) else chooser)


class Choices:
    """The kinds of choices that a generator makes."""

    def __init__(self, chooser: Chooser) -> None:
        self.whole = chooser.whole

    def one_of(self, options: Sequence[T]) -> T:
        """One of the options; the first is the simplest."""
        return options[self.whole(0, len(options) - 1)]

    def happens(self, per_cent: int) -> bool:
        """Whether an event of that probability happens; the simplest choice is no."""
        return self.whole(0, 99) >= 100 - per_cent

    def within(self, low: int, high: int, unit: int) -> int:
        """A duration in [low, high] (µs): `low` and whole units, or `high`."""
        return low if high <= low else min(low + self.whole(0, (high - low) // unit) * unit, high)
