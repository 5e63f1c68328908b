"""Symmetry: worlds that differ only in the names of the servers count as one.

The one idea: of a world and all its renamings, the one with the smallest numbers represents all.
A part is renamed once, by rewriting its key, and the number of the new key is remembered. No part
with that key need ever have been reached, since only numbers are compared.
"""

from itertools import permutations
from typing import Any

import msgspec

from gnomon.reference.store.operations import Leader
from gnomon.simulator.explore.layout import World
from gnomon.simulator.explore.numbers import Numbered
from gnomon.simulator.explore.server_model import DOWN
from gnomon.simulator.explore.server_steps import InTransit
from gnomon.simulator.explore.transitions import Transitions


class Symmetry:
    """Maps each world of `transitions` to the one that represents it and all its renamings."""

    def __init__(self, transitions: Transitions) -> None:
        places = range(len(transitions.names))
        self._store = transitions.layout.mask(1)
        self._shift = transitions.layout.shifts[1]
        self._renamings = [_Renaming(transitions, order) for order in permutations(places)]
        self._best: dict[int, tuple[int, list[_Renaming]]] = {}

    def __call__(self, world: World) -> World:
        """The representative of `world`; it need not be a world that is ever reached."""
        store = world & self._store
        change, renamings = self._best.get(store) or self._find_best(store)
        if len(renamings) == 1:
            return renamings[0](world + change)
        return min([renaming(world + change) for renaming in renamings])

    def _find_best(self, store: int) -> tuple[int, list["_Renaming"]]:
        """What makes a store the one with the smallest number, and the renamings that do so.

        The servers need only be renamed in these ways, and there is seldom more than one.
        """
        numbers = [renaming.stores[store >> self._shift] for renaming in self._renamings]
        smallest = min(numbers)
        renamings = [r for r, n in zip(self._renamings, numbers, strict=True) if n == smallest]
        best = self._best[store] = (smallest << self._shift) - store, renamings
        return best


class _Renaming:
    """A renaming: the server at place n gets the name of the one at ``order[n]``."""

    def __init__(self, transitions: Transitions, order: tuple[int, ...]) -> None:
        before, layout, steps = transitions.names, transitions.layout, transitions.server_steps
        names = Names(zip(before, [before[to] for to in order], strict=True))
        self.stores = _Numbers(transitions.store_steps.stores, names)
        parts = [_Numbers(kind, names) for kind in (steps.states, steps.messages, steps.runs)]
        self._is_identity = order == tuple(range(len(order)))
        self._unchanged = layout.mask(0, 1)
        self._servers = [
            (layout.mask(place + 2), _Servers(transitions, place, to, parts))
            for place, to in enumerate(order)
        ]

    def __call__(self, world: World) -> World:
        """The world after the renaming, if its store is renamed already."""
        if self._is_identity:
            return world
        name = world & self._unchanged
        for mask, servers in self._servers:
            name += servers[world & mask]
        return name


class _Servers(dict[int, int]):
    """A server at its place in the world -> the server after a renaming, where it then stands."""

    def __init__(
        self, transitions: Transitions, place: int, to: int, parts: list["_Numbers"]
    ) -> None:
        super().__init__()
        self._states, self._into = transitions.states[place], transitions.states[to]
        self._shift, self._to = (
            transitions.layout.shifts[place + 2],
            transitions.layout.shifts[to + 2],
        )
        self._parts = parts

    def __missing__(self, server: int) -> int:
        state = self._states.keys[server >> self._shift].renamed(*self._parts)
        renamed = self[server] = self._into.number(state) << self._to
        return renamed


class _Numbers(dict[int, int]):
    """Number of a key -> its number after a renaming; filled in when first asked for."""

    def __init__(self, parts: Numbered[Any], names: "Names") -> None:
        super().__init__({DOWN: DOWN})
        self._parts = parts
        self._names = names

    def __missing__(self, number: int) -> int:
        renamed = self[number] = self._parts.number(self._names[self._parts.keys[number]])
        return renamed


class Names(dict[Any, Any]):
    """A renaming of servers: maps keys, and their parts, to the same with the servers renamed.

    Begins with the names, and remembers what it has renamed: keys have most of their parts in
    common.
    """

    def __missing__(self, key: Any) -> Any:  # a key may be made of anything
        renamed = key
        if isinstance(key, InTransit):
            renamed = key._replace(reply=self[key.reply])
        elif isinstance(key, tuple):
            renamed = tuple([part if type(part) is int else self[part] for part in key])
        elif isinstance(key, frozenset):
            renamed = frozenset([self[part] for part in key])
        elif isinstance(key, Leader):
            renamed = msgspec.structs.replace(key, server=self[key.server])
        self[key] = renamed = key if renamed == key else renamed
        return renamed
