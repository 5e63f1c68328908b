"""Twice: each seed is run twice, and the two runs must be the same, event by event (HIST-3).

The one idea: the second run is in another process, which hashes text in its own way and has a past
of its own; so what leaks from run to run, or hangs on the order of a set, shows as a difference.
"""

from collections.abc import Generator
from itertools import zip_longest
from typing import Any, NamedTuple

import msgspec

from gnomon.reference.schedule.clock import write_instant
from gnomon.reference.store.messages import Profile
from gnomon.simulator.fuzz.generator import drawn_from
from gnomon.simulator.fuzz.judge import Outcome, attempt
from gnomon.simulator.fuzz.search import elsewhere, outcomes


class Divergence(NamedTuple):
    """Where two runs of one seed differ first.

    The event counts from 1 and happened at `at` (µs, UTC); None if the two could not be made to
    differ again.
    """

    seed: int
    event: int | None
    at: int | None
    one: str
    other: str

    def in_words(self) -> str:
        """For people."""
        what = f"two runs of seed {self.seed} differ"
        if self.at is None:
            return f"{what}, though not whenever they are run"
        return (
            f"{what} from event {self.event} on, at {write_instant(self.at)}: "
            f"{self.one}, and {self.other}"
        )

    def as_values(self) -> dict[str, Any]:
        """For machines."""
        at = None if self.at is None else write_instant(self.at)
        return self._asdict() | {"at": at}


Pair = tuple[Outcome, Outcome | None]
"""What came of a seed, and of its second run if there was one."""


def pairs(
    first: int, runs: int | None, jobs: int, profile: Profile, twice: bool
) -> Generator[Pair, None, None]:
    """The outcomes of the seeds from `first` on, each beside that of its second run, if `twice`."""
    if not twice:
        for outcome in outcomes(first, runs, jobs, profile):
            yield outcome, None
        return
    each = max(jobs // 2, 1)
    yield from zip(
        outcomes(first, runs, each, profile),
        outcomes(first, runs, each, profile, always_elsewhere=True),
        strict=True,
    )


def difference(seed: int, profile: Profile) -> Divergence:
    """Where two runs of `seed` differ, one here and one in another process."""
    here = happened(seed, profile)
    there = elsewhere(happened, seed, profile)
    for number, (one, other) in enumerate(zip_longest(here, there), 1):
        if one != other:
            at = (one or other).at
            return Divergence(seed, number, at, _shown(one), _shown(other))
    return Divergence(seed, None, None, "", "")


def happened(seed: int, profile: Profile) -> list[Any]:
    """Every event of the run of `seed`."""
    return attempt(drawn_from(seed, profile)).happened


def _shown(event: Any) -> str:
    return "the end" if event is None else msgspec.json.encode(event).decode()
