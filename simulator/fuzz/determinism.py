"""Determinism: two runs of one seed must be equal, event by event (HIST-3).

The one idea: the second run is in another process, with other hashes of text and other runs before
it. State that leaks from run to run, and dependence on the order of a set, show as a difference.
"""

from collections.abc import Generator
from itertools import zip_longest
from typing import NamedTuple

import msgspec

from gnomon.reference.events import Event
from gnomon.reference.schedule.clock import write_instant
from gnomon.simulator.fuzz.judge import SeedResult, run_trial
from gnomon.simulator.fuzz.search import results
from gnomon.simulator.fuzz.sources import Source
from gnomon.specs.parallel.pool import Pool
from gnomon.specs.parallel.processes import processes


class Divergence(NamedTuple):
    """The first difference between two runs of one seed.

    `event` is the number of the event, from 1, and `at` its instant (µs, UTC); both are None if
    further runs of the seed are equal.
    """

    seed: int
    event: int | None
    at: int | None
    one: str
    other: str

    def in_words(self) -> str:
        """A sentence for people."""
        what = f"two runs of seed {self.seed} differ"
        if self.at is None:
            return f"{what}, though not whenever they are run"
        return (
            f"{what} from event {self.event} on, at {write_instant(self.at)}: "
            f"{self.one}, and {self.other}"
        )

    def as_values(self) -> dict[str, int | str | None]:
        """Its fields as JSON values."""
        at = None if self.at is None else write_instant(self.at)
        return self._asdict() | {"at": at}


Pair = tuple[SeedResult, SeedResult | None]
"""The result of a seed, and that of its second run if there was one."""


def pairs(
    first: int, runs: int | None, pool: Pool, source: Source, others: Pool | None = None
) -> Generator[Pair, None, None]:
    """The results of the seeds from `first` on, each with that of a second run in `others`."""
    found = results(first, runs, pool, source)
    if others is None:
        yield from ((result, None) for result in found)
    else:
        yield from zip(found, results(first, runs, others, source), strict=True)


def difference(seed: int, source: Source) -> Divergence:
    """The first difference between two runs of `seed`, one of them in another process."""
    here = events_of(seed, source)
    with processes(1) as another:
        there = another.submit(events_of, seed, source).result()
    for number, (one, other) in enumerate(zip_longest(here, there), 1):
        if one != other:
            at = next(event.at for event in (one, other) if event is not None)
            return Divergence(seed, number, at, _as_text(one), _as_text(other))
    return Divergence(seed, None, None, "", "")


def events_of(seed: int, source: Source) -> list[Event]:
    """The events of the run of `seed`."""
    return run_trial(source.recording(seed)).events


def _as_text(event: Event | None) -> str:
    return "the end" if event is None else msgspec.json.encode(event).decode()
