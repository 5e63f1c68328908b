"""Symmetry: worlds that differ only in the names of the servers count as one.

The one idea: of a world and all its renamings, the one with the smallest numbers represents all.
A part is renamed once, by rewriting its key, and the number of the new key is remembered. No part
with that key need ever have been reached, since only numbers are compared.
"""

from collections.abc import Hashable, Mapping
from itertools import permutations
from typing import Any

import msgspec

from gnomon.reference.store.operations import Leader
from gnomon.simulator.explore.transitions import Interned, Transitions, World


class Symmetry:
    """Maps each world of `transitions` to the one that represents it and all its renamings."""

    def __init__(self, transitions: Transitions) -> None:
        places = range(len(transitions.names))
        self._renamings = [_Renaming(transitions, order) for order in permutations(places)]
        self._best: dict[int, tuple[int, list[_Renaming]]] = {}

    def __call__(self, world: World) -> World:
        """The representative of `world`; it need not be a world that is ever reached."""
        store, renamings = self._best.get(world[1]) or self._find_best(world[1])
        if len(renamings) == 1:
            return renamings[0](world, store)
        return min([renaming(world, store) for renaming in renamings])

    def _find_best(self, store: int) -> tuple[int, list["_Renaming"]]:
        """The smallest number that a store has under any renaming, and the renamings that give it.

        The servers need only be renamed in these ways, and there is seldom more than one.
        """
        numbers = [renaming.stores[store] for renaming in self._renamings]
        smallest = min(numbers)
        renamings = [r for r, n in zip(self._renamings, numbers, strict=True) if n == smallest]
        best = self._best[store] = smallest, renamings
        return best


class _Renaming:
    """A renaming: the server at place n gets the name of the one at ``order[n]``."""

    def __init__(self, transitions: Transitions, order: tuple[int, ...]) -> None:
        before = transitions.names
        names = {name: before[to] for name, to in zip(before, order, strict=True)}
        self.stores = _Renamed(transitions.stores, names)
        self._servers = _Renamed(transitions.servers, names)
        self._from = [order.index(place) + 2 for place in range(len(order))]

    def __call__(self, world: World, store: int) -> World:
        servers = self._servers
        return (world[0], store, *[servers[world[place]] for place in self._from])


class _Renamed(dict[int, int]):
    """Part number -> its number after a renaming; filled in when first asked for."""

    def __init__(self, parts: Interned[Any], names: Mapping[str, str]) -> None:
        super().__init__()
        self._parts = parts
        self._names = names

    def __missing__(self, number: int) -> int:
        renamed = self[number] = self._parts.number(rename(self._parts.keys[number], self._names))
        return renamed


def rename(key: Hashable, names: Mapping[str, str]) -> Hashable:
    """A key with the servers renamed."""
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
