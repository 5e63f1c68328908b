"""Celery: beat publishes; its workers run, and acknowledge before the run (the default)."""

import time
from collections.abc import Callable
from datetime import datetime
from types import SimpleNamespace
from unittest.mock import patch

import celery
import celery.beat
import celery.schedules

from tests.benchmarks.live.measured_process import mark, server_url
from tests.benchmarks.live.publishing import SteppingClock

app = celery.Celery(
    broker=server_url().replace("unix://", "redis+socket://"),
    task_ignore_result=True,
)
no_op = app.task(name="no-op")(mark)


def schedule(jobs: str) -> None:
    """Publish jobs of one second with beat's own loop, until killed."""
    start(jobs, None)


def schedule_with_steps(jobs: str) -> None:
    """The same with a stepping clock, wherever beat reads a clock."""
    clock = SteppingClock()
    stepping = SimpleNamespace(sleep=clock.sleep, monotonic=time.monotonic)
    with patch.multiple(celery.beat, time=stepping):
        start(jobs, clock.now)


def start(jobs: str, now: Callable[[], datetime] | None) -> None:
    """Run beat with the scheduler that keeps its entries in memory only, not in a file."""
    every_second = celery.schedules.schedule(1, nowfun=now, app=app)
    app.conf.beat_schedule = {
        f"job {number}": {"task": no_op.name, "schedule": every_second}
        for number in range(int(jobs))
    }
    celery.beat.Service(app, scheduler_cls=celery.beat.Scheduler).start()


def enqueue(runs: str) -> None:
    """Enqueue no-ops through one producer."""
    with app.producer_or_acquire() as producer:
        for _ in range(int(runs)):
            no_op.apply_async(producer=producer)
