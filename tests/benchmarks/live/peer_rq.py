"""RQ: its CronScheduler publishes; its workers run.

Between rounds the scheduler saves all its jobs. A round of 10,000 jobs takes longer than the
counting does, so its figure may not include that.
"""

import time
from types import SimpleNamespace
from unittest.mock import patch

import rq
import rq.cron
from redis import Redis

from tests.benchmarks.live.measured_process import mark, server_url
from tests.benchmarks.live.publishing import SteppingClock

QUEUE = "bench"


def schedule(jobs: str) -> None:
    """Publish jobs of one second with the scheduler's own loop, until killed."""
    scheduler = rq.cron.CronScheduler(Redis.from_url(server_url()), logging_level="WARNING")
    for number in range(int(jobs)):
        scheduler.register(mark, QUEUE, interval=1, name=f"job {number}")
    scheduler.start()


def schedule_with_steps(jobs: str) -> None:
    """The same with a stepping clock, wherever the scheduler reads a clock."""
    clock = SteppingClock()
    stepping = SimpleNamespace(sleep=clock.sleep, time=time.time)
    with patch.multiple(rq.cron, now=clock.now, time=stepping):
        schedule(jobs)


def enqueue(runs: str) -> None:
    """Enqueue no-ops."""
    queue = rq.Queue(QUEUE, connection=Redis.from_url(server_url()))
    for _ in range(int(runs)):
        queue.enqueue(mark)


def work(kind: str) -> None:
    """Run a worker of that class, until killed."""
    worker = getattr(rq, kind)([QUEUE], connection=Redis.from_url(server_url()))
    worker.work(logging_level="WARNING")
