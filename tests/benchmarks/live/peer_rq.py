"""RQ: its CronScheduler publishes; its workers run.

Between rounds the scheduler saves all its jobs. A round of 10,000 takes longer than the counting
does, so that its figure may be without that.
"""

import time
from types import SimpleNamespace
from unittest.mock import patch

import rq
import rq.cron
from redis import Redis

from tests.benchmarks.live.inside import mark, server_url
from tests.benchmarks.live.publishing import LeapingClock

QUEUE = "bench"


def schedule(jobs: str) -> None:
    """Publish jobs of one second with the scheduler's own loop, until ended."""
    scheduler = rq.cron.CronScheduler(Redis.from_url(server_url()), logging_level="WARNING")
    for number in range(int(jobs)):
        scheduler.register(mark, QUEUE, interval=1, name=f"job {number}")
    scheduler.start()


def schedule_at_leaps(jobs: str) -> None:
    """The same with a clock that leaps, in the places where the scheduler looks at one."""
    clock = LeapingClock()
    leaping = SimpleNamespace(sleep=clock.sleep, time=time.time)
    with patch.multiple(rq.cron, now=clock.now, time=leaping):
        schedule(jobs)


def enqueue(runs: str) -> None:
    """Enqueue no-ops."""
    queue = rq.Queue(QUEUE, connection=Redis.from_url(server_url()))
    for _ in range(int(runs)):
        queue.enqueue(mark)


def work(kind: str) -> None:
    """Run a worker of that class, until ended."""
    worker = getattr(rq, kind)([QUEUE], connection=Redis.from_url(server_url()))
    worker.work(logging_level="WARNING")
