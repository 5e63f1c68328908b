"""Cron definitions per second, beside croniter and cronsim.

The one idea: all three do the same work in turns, in one process, and the ratio of each turn is
what counts, since machines are noisy.

    read      another definition each time, and its first instant in UTC
    instants  the next 1,000 instants of each definition, in a zone
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime
from itertools import islice
from operator import truediv
from statistics import median
from time import process_time
from typing import NamedTuple
from zoneinfo import ZoneInfo

from croniter import croniter
from cronsim import CronSim

from gnomon.reference.schedule.clock import to_datetime
from gnomon.reference.schedule.cron import read_cron
from gnomon.reference.schedule.minutes import MatchingMinutes
from gnomon.reference.schedule.zones import load_zone
from tests.benchmarks.figures.works import START, UNREAD

COUNT = 1_000
TEXTS = ("*/5 * * * *", "0 * * * *", "30 2 * * MON-FRI", "0 0 1,15 * *", "15 3 * * 7")
ZONES = ("UTC", "Europe/Warsaw", "America/New_York", "Australia/Lord_Howe")
OURS = "gnomon"

Work = Callable[[], int]
"""Does the work; the number of definitions or instants."""


class Rate(NamedTuple):
    """The rates of a library (a second, processor time), and the ratios of `OURS` to them."""

    what: str
    library: str
    rates: tuple[float, ...]
    ratios: tuple[float, ...]

    @property
    def rate(self) -> float:
        """The median of the rates."""
        return median(self.rates)

    @property
    def ratio(self) -> float:
        """The median of the ratios of one turn each."""
        return median(self.ratios)


def ours(text: str, zone: str) -> Iterable[int]:
    """The instants of a definition (µs, UTC), each asked for as the scheduler does."""
    minutes = MatchingMinutes(read_cron(text), load_zone(zone))
    due = minutes.first(START + 1)
    while due is not None:
        yield due
        due = minutes.first(due + 1)


def with_croniter(text: str, zone: str) -> Iterable[datetime]:
    """The instants of a definition, by croniter."""
    iterator = croniter(text, to_datetime(START).astimezone(ZoneInfo(zone)))
    while True:
        yield iterator.get_next(datetime)


def with_cronsim(text: str, zone: str) -> Iterable[datetime]:
    """The instants of a definition, by cronsim."""
    return CronSim(text, to_datetime(START).astimezone(ZoneInfo(zone)))


LIBRARIES: dict[str, Callable[[str, str], Iterable[object]]] = {
    OURS: ours,
    "croniter": with_croniter,
    "cronsim": with_cronsim,
}


def works(count: int = COUNT) -> dict[str, dict[str, Work]]:
    """The works of a turn by what they do and by library."""
    texts = [*islice(UNREAD, count)]
    return {
        "definitions read, each with its first instant": {
            name: _reading(instants, texts) for name, instants in LIBRARIES.items()
        },
        **{
            f"instants, {zone}": {
                name: _listing(instants, zone, count) for name, instants in LIBRARIES.items()
            }
            for zone in ZONES
        },
    }


def _reading(instants: Callable[[str, str], Iterable[object]], texts: list[str]) -> Work:
    return lambda: len([next(iter(instants(text, "UTC"))) for text in texts])


def _listing(instants: Callable[[str, str], Iterable[object]], zone: str, count: int) -> Work:
    return lambda: sum(len(list(islice(instants(text, zone), count))) for text in TEXTS)


def measured(turns: int, count: int = COUNT) -> list[Rate]:
    """Measure every library at every work, in turns."""
    rates: dict[tuple[str, str], list[float]] = defaultdict(list)
    for _ in range(turns):
        for what, by_library in works(count).items():
            for name, work in by_library.items():
                began = process_time()
                done = work()
                rates[what, name].append(done / (process_time() - began))
    return [
        Rate(what, name, tuple(own), tuple(map(truediv, rates[what, OURS], own)))
        for (what, name), own in rates.items()
    ]
