"""Folding: worlds that differ only in what the servers are called are one.

The one idea: of a world and all its renamings the one with the smallest numbers stands for all.
A part is renamed once, by writing its key anew, and the number of the new key is remembered; that
what has this key may never have been met does no harm, since only numbers are compared.
"""

from collections.abc import Hashable, Mapping
from itertools import permutations
from typing import Any

import msgspec

from gnomon.reference.store.operations import Leader
from gnomon.simulator.explore.transitions import Interned, Steps, World


class Folding:
    """Gives each world of `steps` the one that stands for it and for all that are alike."""

    def __init__(self, steps: Steps) -> None:
        places = range(len(steps.names))
        self._renamings = [_Renaming(steps, order) for order in permutations(places)]
        self._best: dict[int, tuple[int, list[_Renaming]]] = {}

    def __call__(self, world: World) -> World:
        """The world that stands for `world`; it need not be one that is ever met."""
        store, renamings = self._best.get(world[1]) or self._find_best(world[1])
        if len(renamings) == 1:
            return renamings[0](world, store)
        return min([renaming(world, store) for renaming in renamings])

    def _find_best(self, store: int) -> tuple[int, list["_Renaming"]]:
        """The smallest number that a store has under any names, and where it has it.

        The sites need only be renamed in these ways, and there is seldom more than one.
        """
        numbers = [renaming.stores[store] for renaming in self._renamings]
        smallest = min(numbers)
        renamings = [r for r, n in zip(self._renamings, numbers, strict=True) if n == smallest]
        best = self._best[store] = smallest, renamings
        return best


class _Renaming:
    """One way to call the servers: the one at place n is called like the one at ``order[n]``."""

    def __init__(self, steps: Steps, order: tuple[int, ...]) -> None:
        names = {name: steps.names[to] for name, to in zip(steps.names, order, strict=True)}
        self.stores = _Renamed(steps.stores, names)
        self._sites = _Renamed(steps.sites, names)
        self._from = [order.index(place) + 2 for place in range(len(order))]

    def __call__(self, world: World, store: int) -> World:
        sites = self._sites
        return (world[0], store, *[sites[world[place]] for place in self._from])


class _Renamed(dict[int, int]):
    """The number that each part has under other names."""

    def __init__(self, parts: Interned[Any], names: Mapping[str, str]) -> None:
        super().__init__()
        self._parts = parts
        self._names = names

    def __missing__(self, number: int) -> int:
        renamed = self[number] = self._parts.number(rename(self._parts.keys[number], self._names))
        return renamed


def rename(key: Hashable, names: Mapping[str, str]) -> Hashable:
    """A key in which servers are called by other names."""
    match key:
        case str():
            return names.get(key, key)
        case tuple():
            return tuple([rename(part, names) for part in key])
        case frozenset():
            return frozenset([rename(part, names) for part in key])
        case Leader(server=str() as server):
            return msgspec.structs.replace(key, server=names.get(server, server))
    return key
