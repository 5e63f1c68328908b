"""Figures of a change of leaders with 100,000 jobs: after a crash, and after a clean stop.

The one idea: a thousand jobs are due each second, so the next publish shows when the next leader
leads; the store's history has the instants of the change, by one clock.
"""

import time
from collections.abc import Callable
from contextlib import ExitStack
from statistics import median

from gnomon.reference import events
from gnomon.reference.live.store.connection import Connection
from gnomon.reference.live.store.redis_storage import RedisStorage
from gnomon.reference.schedule.clock import MILLISECOND, SECOND
from tests.benchmarks.live.measured_process import URL
from tests.benchmarks.live.ours import create, store
from tests.benchmarks.live.processes import Started, calling, started

Figures = list[tuple[str, float, str]]
"""Names, values and units."""

JOBS = 100_000
LEASE = "3s"
HANDOVERS = 20
PATIENCE = 120.0


def takeover(url: str) -> Figures:
    """The time from the lapse of a killed leader's lease to the next publish."""
    with _Cluster(url) as cluster:
        cluster.running["s1"].process.kill()
        lapse = cluster.storage.overview().lease.until
        led = cluster.wait_for(lambda one: type(one) is events.LeaseAcquired)
        published = cluster.wait_for(_is_published_by("s2"))
    what = f"crash of the leader of {JOBS:,} jobs"
    return [
        (f"{what}: lapse of the lease to the next publish", (published - lapse) / SECOND, "s"),
        (f"{what}: the next lease to the next publish", (published - led) / SECOND, "s"),
    ]


def handover(url: str) -> Figures:
    """The time from a leader's Resign to the next publish, by another server."""
    took: list[float] = []
    leader, other = "s1", "s2"
    with _Cluster(url) as cluster:
        for _ in range(HANDOVERS):
            cluster.running[leader].process.terminate()
            released = cluster.wait_for(lambda one: type(one) is events.LeaseReleased)
            published = cluster.wait_for(_is_published_by(other))
            took.append((published - released) / MILLISECOND)
            cluster.running[leader].must_succeed(PATIENCE)
            cluster.start(leader)
            leader, other = other, leader
    what = f"clean stop of the leader of {JOBS:,} jobs, {HANDOVERS} times: Resign to next publish"
    return [(f"{what}, median", median(took), "ms"), (f"{what}, longest", max(took), "ms")]


def _is_published_by(server: str) -> Callable[[object], bool]:
    return lambda one: type(one) is events.Published and one.server == server


class _Cluster:
    """Two servers without workers, of which s1 leads when the block begins."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._stack = ExitStack()
        self._seen = 0
        self.storage = RedisStorage(Connection(lambda: store(url)))
        self.running: dict[str, Started] = {}

    def __enter__(self) -> "_Cluster":
        create(store(self._url), JOBS, SECOND // 1_000, seconds=JOBS // 1_000)
        self.start("s1")
        self.wait_for(_is_published_by("s1"))
        self.start("s2")
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def start(self, name: str) -> None:
        """Start a server, and give it a second to know who leads."""
        command = calling("ours", "work", name, 0, LEASE)
        self.running[name] = self._stack.enter_context(started(command, {URL: self._url}))
        self.wait_for(lambda one: type(one) is events.ServerStarted and one.server == name)
        time.sleep(1)

    def wait_for(self, is_it: Callable[[object], bool]) -> int:
        """The instant of the next such event (µs), once it has happened."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            for recorded in self.storage.history(self._seen, 100_000):
                self._seen = recorded.seq
                if is_it(recorded.event):
                    return recorded.event.at
            time.sleep(0.05)
        raise TimeoutError(f"no such event within {PATIENCE:g} s")
