"""Which faults come when, drawn from a seed.

The one idea: kinds come from a deck that is shuffled and dealt to its end before it is shuffled
anew, so that even a short run meets every kind of fault, in an order nobody chose.
"""

from collections.abc import Iterator, Sequence
from random import Random
from typing import Literal

import msgspec

Kind = Literal[
    "kill",
    "stop",
    "pause",
    "cut both ways",
    "cut requests",
    "cut replies",
    "delay",
    "reset",
    "kill the store",
    "pause the store",
    "fail over",
    "kill the primary",
]

ON_STORE: tuple[Kind, ...] = (
    "kill the store",
    "pause the store",
    "fail over",
    "kill the primary",
)

DECKS: dict[str, tuple[Kind, ...]] = {
    "proxy": (
        *("kill", "kill", "stop", "pause", "pause"),
        *("cut both ways", "cut requests", "cut replies", "delay", "reset"),
        *("kill the store", "pause the store"),
    ),
    "sentinel": ("kill", "kill", "stop", "pause", "pause", "fail over", "kill the primary"),
}
"""By scenario."""


class Injection(msgspec.Struct, frozen=True):
    """A fault: how long to wait before it, whom it hits (None: the store) and how long (µs)."""

    after: int
    kind: Kind
    server: str | None
    lasts: int


def injections(
    seed: int, deck: Sequence[Kind], servers: Sequence[str], lease: int
) -> Iterator[Injection]:
    """Faults without end; the same for the same arguments."""
    chance = Random(seed)
    while True:
        for kind in chance.sample(deck, len(deck)):
            server = None if kind in ON_STORE else chance.choice(servers)
            lasts = _lasts(chance, kind, lease)
            yield Injection(chance.randint(lease // 4, 2 * lease), kind, server, lasts)


def _lasts(chance: Random, kind: Kind, lease: int) -> int:
    """Whether a lease is outlived is never a close thing: nobody could tell from outside."""
    if kind in ("pause", "pause the store"):
        if chance.random() < 0.75:
            return chance.randint(lease * 3 // 2, lease * 5 // 2)
        return chance.randint(lease // 10, lease // 3)
    return chance.randint(lease // 4, lease * 2)
