"""Which faults occur when, drawn from a seed.

The one idea: the plan shuffles the kinds of faults and uses each once before it shuffles again. So
even a short run has every kind of fault, in a random order.
"""

from collections.abc import Iterator, Sequence
from random import Random

import msgspec

from tests.nemesis.faults.catalogue import FAULTS, Kind

FAULT_KINDS: dict[str, tuple[Kind, ...]] = {
    "proxy": (
        *("kill", "kill", "stop", "pause", "pause"),
        *("cut both ways", "cut requests", "cut replies", "delay", "reset"),
        *("kill the store", "pause the store", "evicting policy", "out of memory"),
    ),
    "embedded": ("kill the embedded store", "kill the embedded store", "fill the disk"),
    "sentinel": ("kill", "kill", "stop", "pause", "pause", "fail over", "kill the primary"),
}
"""The kinds of faults of each scenario; a kind that is listed twice occurs twice as often."""


class Injection(msgspec.Struct, frozen=True):
    """A fault: the wait before it (µs), its server (None: the store) and its duration (µs)."""

    after: int
    kind: Kind
    server: str | None
    lasts: int


def injections(
    seed: int, fault_kinds: Sequence[Kind], servers: Sequence[str], lease: int
) -> Iterator[Injection]:
    """An endless sequence of faults; the same for the same arguments."""
    random = Random(seed)
    while True:
        for kind in random.sample(fault_kinds, len(fault_kinds)):
            server = random.choice(servers) if FAULTS[kind].on == "server" else None
            lasts = max(_lasts(random, kind, lease), FAULTS[kind].shortest)
            yield Injection(random.randint(lease // 4, 2 * lease), kind, server, lasts)


def _lasts(random: Random, kind: Kind, lease: int) -> int:
    """The duration of a fault: clearly shorter or clearly longer than the lease.

    Near the lease, nobody outside could tell whether the lease should have expired.
    """
    if kind in ("pause", "pause the store"):
        if random.random() < 0.75:
            return random.randint(lease * 3 // 2, lease * 5 // 2)
        return random.randint(lease // 10, lease // 3)
    return random.randint(lease // 4, lease * 2)
