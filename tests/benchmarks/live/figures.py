"""Figures of Gnomon alone: lateness, delay, changes of the leader, and the cost of an idle server.

The one idea: the store's history has the time of every event, by one clock. So measuring does not
disturb what it measures.
"""

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.table import Table

from gnomon.reference import events
from gnomon.reference.live.store.connection import Connection
from gnomon.reference.live.store.redis_storage import RedisStorage
from gnomon.reference.live.store.storage import RecordedEvent
from gnomon.reference.schedule.clock import DAY, SECOND
from tests.benchmarks.live.leaders import Figures, handover, takeover
from tests.benchmarks.live.measured_process import MARKS, URL
from tests.benchmarks.live.ours import START, create, store
from tests.benchmarks.live.processes import all_started, calling
from tests.benchmarks.live.runs import marks_file
from tests.support.servers import on_a_socket


def lateness(jobs: int, how: str) -> Callable[[str], Figures]:
    """How late the occurrences of jobs of one second are published, in the last 6 s."""

    def measure(url: str) -> Figures:
        with all_started([calling("ours", "publish", jobs, how)], {URL: url}):
            time.sleep(14 if jobs > 1_000 else 8)
            told = _history(url)
        since = told[-1].event.at - 6 * SECOND
        late = [
            event.at - event.due
            for event in (one.event for one in told)
            if type(event) is events.Published and event.due >= since
        ]
        what = f"published late, {jobs:,} jobs of 1 s, {how}"
        return _percentiles(what, late)

    return measure


def delay(rate: int) -> Callable[[str], Figures]:
    """The time from due to start of a run, with this many occurrences a second."""

    def measure(url: str) -> Figures:
        create(store(url), rate, SECOND // rate)
        servers = [calling("ours", "work", name, 8) for name in ("s1", "s2")]
        with marks_file() as marks, all_started(servers, {URL: url, MARKS: str(marks)}):
            time.sleep(10)
            told = _history(url)
        due = {
            one.event.message: one.event.due for one in told if type(one.event) is events.Published
        }
        since = told[-1].event.at - 6 * SECOND
        waited = [
            one.event.at - due[one.event.message]
            for one in told
            if type(one.event) is events.Started and due[one.event.message] >= since
        ]
        return _percentiles(f"due to started, {rate:,}/s", waited)

    return measure


def idleness(url: str) -> Figures:
    """The cost of a server with 10,000 jobs while nothing is due."""
    create(store(url), 10_000, 0, START + 3_650 * DAY)
    client = store(url).client
    with all_started([calling("ours", "work", "s1", 4)], {URL: url}) as servers:
        time.sleep(6)
        commands, worked = _commands(client), _processor(servers[0].process.pid)
        time.sleep(20)
        commands = _commands(client) - commands
        worked = _processor(servers[0].process.pid) - worked
    return [
        ("idle with 10,000 jobs: commands to the store", commands / 20, "1/s"),
        ("idle with 10,000 jobs: processor", 100 * worked / 20, "% of a core"),
    ]


MEASURES: Sequence[Callable[[str], Figures]] = (
    lateness(1_000, "spread"),
    lateness(10_000, "spread"),
    lateness(10_000, "together"),
    delay(100),
    delay(1_000),
    takeover,
    handover,
    idleness,
)


OF_AIMS: Sequence[Callable[[str], Figures]] = (lateness(10_000, "together"), takeover, handover)
"""The figures that the project has aims for."""


def print_all(measures: Sequence[Callable[[str], Figures]], turns: int, console: Console) -> None:
    """Measure each figure `turns` times, and print the medians."""
    came: dict[tuple[str, str], list[float]] = {}
    for _ in range(turns):
        for measure in measures:
            with TemporaryDirectory(prefix="bench-") as folder, on_a_socket(Path(folder)) as server:
                for name, value, unit in measure(server.url):
                    came.setdefault((name, unit), []).append(value)
    grid = Table("", "unit", title="Gnomon alone", title_justify="left")
    grid.add_column("median", justify="right")
    grid.add_column("least to most", justify="right")
    for (name, unit), values in came.items():
        least, most = min(values), max(values)
        grid.add_row(name, unit, f"{median(values):.3g}", f"{least:.3g} to {most:.3g}")
    console.print(grid)


def _history(url: str) -> list[RecordedEvent]:
    storage = RedisStorage(Connection(lambda: store(url)))
    return list(storage.history(most=10_000_000))


def _percentiles(what: str, values: list[int]) -> Figures:
    values.sort()
    return [
        (f"{what}: {name}", values[len(values) * share // 1_000] / 1_000, "ms")
        for name, share in (("p50", 500), ("p99", 990), ("p99.9", 999))
    ]


def _commands(client: object) -> int:
    info = client.info("stats")  # type: ignore[attr-defined]
    return int(info["total_commands_processed"])


def _processor(process: int) -> float:
    """The processor time of a process so far (s)."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
