"""The works whose growth is measured: runs, jobs, servers, the length of a history.

The one idea: a work is prepared first, and then done by a function without arguments, so that only
the work itself is measured. A history that works read is made once: that takes longer than they do.
"""

from collections.abc import Callable, Iterator
from itertools import count, islice
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, NamedTuple

from gnomon.reference import history
from gnomon.reference.history import History, Writer
from gnomon.reference.jobs import Definition
from gnomon.reference.schedule.clock import DAY, MILLISECOND, MINUTE, SECOND, read_instant
from gnomon.reference.schedule.cron import read_cron
from gnomon.reference.schedule.minutes import MatchingMinutes
from gnomon.reference.schedule.zones import load_zone
from gnomon.simulator.world.replay import header_of, simulate
from gnomon.specs.recording.model import ClusterSpec, Fixed, JobSpec, Recording, ServiceSpec
from gnomon.specs.rules import judge

START = read_instant("2026-01-01T00:00:00Z")
JOBS, SERVERS, WORKERS, SERVICE = 1_000, 3, 4, 500 * MILLISECOND
"""1,000 jobs of a minute take 8.3 of 12 workers."""

Work = Callable[[], object]


class Growing(NamedTuple):
    """A work in growing `sizes`, counted in `unit`.

    `prepare` gets the size, and the folder of the histories that were made before.
    """

    name: str
    title: str
    unit: str
    sizes: tuple[int, ...]
    prepare: Callable[[int, Path], Work]


def cluster_of(jobs: int, span: int, interval: int = MINUTE, servers: int = SERVERS) -> Recording:
    """`jobs` interval jobs over `span` µs, whose starts are evenly spread over the first interval.

    If the interval is longer than `span`, over `span`.
    """
    spread = min(interval, span)
    return Recording(
        start=START,
        until=START + span,
        cluster=ClusterSpec(servers=servers, workers=WORKERS, latency=Fixed(0)),
        services=(ServiceSpec(name="work", duration=Fixed(SERVICE)),),
        jobs=tuple(
            JobSpec(
                f"J{number}",
                Definition(
                    name=f"job {number}",
                    job_type="interval_based",
                    service="work",
                    start_date=START + number * spread // jobs,
                    seconds=interval // SECOND,
                ),
            )
            for number in range(jobs)
        ),
    )


def _written(recording: Recording, file: IO[bytes]) -> int:
    """Simulate, with the history written to a file; the number of its events."""
    writer = Writer(header_of(recording, (recording.start, recording.until)), file)
    simulate(recording, writer.record)
    writer.close()
    return writer.events


def _simulating(recording: Recording) -> Work:
    def work() -> None:
        with TemporaryFile() as file:
            _written(recording, file)

    return work


def runs(size: int, _: Path) -> Work:
    """`size` runs of 1,000 jobs."""
    return _simulating(cluster_of(JOBS, MINUTE * size // JOBS))


def jobs(size: int, _: Path) -> Work:
    """`size` jobs, each due once, at the same rate whatever their number."""
    return _simulating(cluster_of(size, MINUTE * size // JOBS, interval=DAY))


def servers(size: int, _: Path) -> Work:
    """Ten minutes of `size` servers with 80 jobs of a minute each."""
    return _simulating(cluster_of(80 * size, 10 * MINUTE, servers=size))


def _recorded(events: int, folder: Path) -> Path:
    """A history of about that many events: four a run. It is made once for each folder."""
    file = folder / f"{events}.jsonl"
    if not file.exists():
        part = file.with_suffix(".part")
        with part.open("wb") as written:
            _written(cluster_of(JOBS, MINUTE * events // (4 * JOBS)), written)
        part.rename(file)
    return file


def _read(file: Path) -> History:
    with file.open("rb") as opened:
        return history.read(opened)


def reading(size: int, folder: Path) -> Work:
    """Reading a history of `size` events, with its digest."""
    file = _recorded(size, folder)
    return lambda: _read(file)


def judging(size: int, folder: Path) -> Work:
    """Judging a history of `size` events by every rule."""
    found = _read(_recorded(size, folder))
    return lambda: judge(found)


def definitions() -> Iterator[str]:
    """Cron definitions, each another one."""
    for number in count():
        minute, hour, day = number % 60, number // 60 % 24, number // 1_440 % 28 + 1
        yield f"{minute} {hour} {day},29 {number // 40_320 % 12 + 1}-12 *"


UNREAD = definitions()
"""Cron definitions that were not read in this process."""


def reading_definitions(size: int, _: Path) -> Work:
    """Reading `size` different cron definitions, which were not read before: those are kept."""
    texts = list(islice(UNREAD, size))
    return lambda: [read_cron(text) for text in texts]


def instants(size: int, _: Path) -> Work:
    """`size` instants of a cron definition in a zone with a summer time."""

    def work() -> None:
        minutes = MatchingMinutes(read_cron("*/15 * * * *"), load_zone("Europe/Warsaw"))
        due = START
        for _turn in range(size):
            following = minutes.first(due + 1)
            assert following is not None
            due = following

    return work


GROWING = (
    Growing(
        "runs",
        "Runs simulated, 1,000 jobs, 3 servers × 4 workers, history written to a file",
        "run",
        (10_000, 100_000, 1_000_000, 10_000_000),
        runs,
    ),
    Growing(
        "jobs",
        "Jobs simulated, each due once, 1,000 a minute",
        "job",
        (100, 1_000, 10_000, 100_000, 1_000_000),
        jobs,
    ),
    Growing(
        "servers",
        "Servers simulated for ten minutes, each with 4 workers and 80 jobs of a minute",
        "server",
        (1, 2, 5, 10, 20, 50),
        servers,
    ),
    Growing(
        "read",
        "Events read from a file, with their digest",
        "event",
        (10_000, 100_000, 1_000_000, 10_000_000),
        reading,
    ),
    Growing(
        "judge",
        "Events judged by every rule",
        "event",
        (10_000, 100_000, 1_000_000, 10_000_000),
        judging,
    ),
    Growing(
        "definitions",
        "Cron definitions read, each another one",
        "definition",
        (1_000, 10_000, 100_000),
        reading_definitions,
    ),
    Growing(
        "instants",
        "Instants of a cron definition in a time zone",
        "instant",
        (1_000, 10_000, 100_000, 1_000_000),
        instants,
    ),
)
BY_NAME = {growing.name: growing for growing in GROWING}
