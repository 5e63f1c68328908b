"""Which services the live servers have, and which each of them leaves to others (DLV-7).

The one idea: as long as all servers have the same services, nobody leaves anything to anybody, and
nothing is compared. A server that does not state its services claims whatever comes, and nothing is
left to it.
"""

from collections.abc import Mapping

Services = tuple[str, ...]
"""The names of the services that a server has."""

Left = Mapping[str, frozenset[str]]
"""The services that a server lacks and another live one has, by the name of the server."""


def left_to_others(services: Mapping[str, Services]) -> Left:
    """What each server leaves to others; a server that leaves nothing is not in it.

    >>> left_to_others({"s1": ("a", "b"), "s2": ("b",)})
    {'s2': frozenset({'a'})}
    """
    lists = set(services.values())
    if len(lists) <= 1:
        return {}
    offered = frozenset(name for names in lists for name in names)
    left = {server: offered.difference(names) for server, names in services.items()}
    return {server: names for server, names in left.items() if names}
