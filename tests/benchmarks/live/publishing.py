"""How many occurrences a second a scheduler process publishes, counted from outside.

The one idea: the scheduler runs its own unchanged loop in a process of its own, and the bench asks
the server how long the queue is at the beginning and at the end of a few seconds. Nothing consumes
the queue. Jobs are due every second and do nothing. Two figures:

    sustained   with the real clock: what really comes out; below N a second, it cannot keep up
    capacity    with a clock that leaps: it stands still while the scheduler works, and every sleep
                takes it on by a second, so that everything is due again at once

Counting begins half a second after the first occurrence, and goes on for whole seconds: in that
time whoever keeps up publishes the same number wherever the counting begins.
"""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from redis import Redis

from tests.benchmarks.live.contest import CannotMeasure
from tests.benchmarks.live.inside import URL
from tests.benchmarks.live.processes import Started, started

SETTLING = 0.5
SECONDS = 4
PATIENCE = 60.0
POLL = 0.01

Asked = tuple[str, str]
"""A command that tells how long a queue is, and the queue's key."""


class LeapingClock:
    """Stands still; every sleep, however short it was to be, takes it on by a second."""

    def __init__(self) -> None:
        self.instant = datetime(2026, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        """The instant it shows."""
        return self.instant

    def sleep(self, _: float) -> None:
        """Go on by a second, at once."""
        self.instant += timedelta(seconds=1)


def published_per_second(url: str, command: Sequence[str], length: Asked) -> float:
    """How fast the queue, whose length `length` asks for, grows while `command` runs.

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
    """Wait until something has been published."""
    until = time.monotonic() + PATIENCE
    while not published():
        scheduler.must_live()
        if time.monotonic() > until:
            raise CannotMeasure(f"nothing published within {PATIENCE:g} s")
        time.sleep(POLL)
