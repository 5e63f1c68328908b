"""How many occurrences a second a scheduler process publishes, counted from outside.

The one idea: the scheduler runs its own unchanged loop in a process of its own, and the benchmark
reads the length of its queue at the start and at the end of a few seconds. Nothing consumes the
queue. Jobs are due every second and do nothing. Two figures:

    sustained   with the real clock: the rate in practice; below N a second, it falls behind
    capacity    with a stepping clock: it stands still while the scheduler works, and every sleep
                advances it by a second, so that everything is due again at once

Counting begins half a second after the first occurrence and lasts whole seconds: in that time, a
scheduler that keeps up publishes the same number wherever the counting begins.
"""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from redis import Redis

from tests.benchmarks.live.comparison import CannotMeasure
from tests.benchmarks.live.measured_process import URL
from tests.benchmarks.live.processes import Started, started

SETTLING = 0.5
SECONDS = 4
PATIENCE = 60.0
POLL = 0.01

Asked = tuple[str, str]
"""The command that reads the length of a queue, and the queue's key."""


class SteppingClock:
    """A clock that stands still; every sleep, however short, advances it by a second."""

    def __init__(self) -> None:
        self.instant = datetime(2026, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        """The current instant."""
        return self.instant

    def sleep(self, _: float) -> None:
        """Advance by a second, at once."""
        self.instant += timedelta(seconds=1)


def published_per_second(url: str, command: Sequence[str], length: Asked) -> float:
    """How fast the queue grows while `command` runs; `length` reads its length.

    Raises:
        CannotMeasure: the scheduler ended, or published nothing for a minute.
    """
    with Redis.from_url(url) as client, started(command, {URL: url}) as scheduler:

        def published() -> int:
            return int(client.execute_command(*length))

        wait_for_the_first(scheduler, published)
        time.sleep(SETTLING)
        before, began = published(), time.perf_counter()
        time.sleep(SECONDS)
        after, ended = published(), time.perf_counter()
        scheduler.must_live()
    return (after - before) / (ended - began)


def wait_for_the_first(scheduler: Started, published: Callable[[], int]) -> None:
    """Wait until the first message has been published."""
    until = time.monotonic() + PATIENCE
    while not published():
        scheduler.must_live()
        if time.monotonic() > until:
            raise CannotMeasure(f"nothing published within {PATIENCE:g} s")
        time.sleep(POLL)
