"""Zones with the rules of other zones: as if another version of the database were installed."""

from collections.abc import Iterator
from contextlib import contextmanager
from zoneinfo import ZoneInfo

import pytest

from gnomon.reference import oracle
from gnomon.reference.schedule import minutes
from gnomon.reference.schedule.zones import load_zone

VANCOUVER = "America/Vancouver"
RULES = (VANCOUVER, "America/Los_Angeles", "Europe/Warsaw", "Pacific/Apia", "America/Denver", "UTC")
"""Zones whose rules Vancouver has in some database. It had those of Los Angeles until version
2026a, which leaves it at UTC-7 after 1 November 2026."""


@contextmanager
def vancouver_like(zone: str) -> Iterator[None]:
    """Within the block, Vancouver has the rules of another zone."""

    def load(name: str) -> ZoneInfo:
        return load_zone(zone if name == VANCOUVER else name)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(minutes, "load_zone", load)
        patch.setattr(oracle, "load_zone", load)
        minutes._shared.cache_clear()
        yield
    minutes._shared.cache_clear()
