"""Worlds as integers: where in a world the number of each part stands.

The one idea: integers are small, quick to compare and to add, and a step is a difference of worlds.
"""

from itertools import accumulate

from gnomon.simulator.explore.scopes import Scope

World = int
"""A moment, a store, and each server with its surroundings, in numbers: see `Layout`."""


class Layout:
    """Where the numbers stand in a world: the moment, the store, then each server.

    Without need to be large a world has 60 bits, which take the least memory.
    """

    def __init__(self, scope: Scope) -> None:
        count = scope.servers
        widths = [8, 16, *[36 // count] * count] if not scope.is_large else [8, *[24] * (count + 1)]
        self.most = [1 << width for width in widths]
        self.shifts = [0, *accumulate(widths[:-1])]
        self._masks = [most - 1 for most in self.most]

    def part(self, world: World, place: int) -> int:
        """The number at a place: 0 is the moment, 1 the store, 2 the first server."""
        return world >> self.shifts[place] & self._masks[place]

    def mask(self, *places: int) -> int:
        """The bits of a world that these places have."""
        return sum(self._masks[place] << self.shifts[place] for place in places)

    def pack(self, *numbers: int) -> World:
        """The world of these numbers, in the order of the places."""
        return sum(n << shift for n, shift in zip(numbers, self.shifts, strict=True))
