"""Numbers for parts: parts with equal keys have the same number.

The one idea: a world is made of numbers, so that it is small and quick to compare. A part is hashed
once, when it gets its number.
"""

from collections.abc import Hashable
from typing import Generic, TypeVar

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)


class TooManyParts(Exception):
    """A world has no room for a number that is as large."""


class Numbered(Generic[K]):
    """Keys by number, from 0, in the order in which they were first asked for; fewer than `most`.

    Raises TooManyParts.
    """

    def __init__(self, most: int = 1 << 60) -> None:
        self._most = most
        self._numbers: dict[K, int] = {}
        self.keys: list[K] = []

    def number(self, key: K) -> int:
        """The number of a key, whether there is a part that has it or not."""
        number = self._numbers.setdefault(key, len(self.keys))
        if number == len(self.keys):
            if number == self._most:
                raise TooManyParts(f"more than {self._most} parts of a kind; is_large makes room")
            self.keys.append(key)
        return number


class Interned(Numbered[Hashable], Generic[T]):
    """Parts by number; of parts with equal keys only the first is kept."""

    def __init__(self, most: int = 1 << 60) -> None:
        super().__init__(most)
        self._parts: dict[int, T] = {}

    def __len__(self) -> int:
        return len(self._parts)

    def __getitem__(self, number: int) -> T:
        return self._parts[number]

    def put(self, key: Hashable, part: T) -> int:
        """The number of `part`, which has that key."""
        number = self.number(key)
        self._parts.setdefault(number, part)
        return number
