# /// script
# requires-python = ">=3.11"
# dependencies = ["arq", "fakeredis", "greenlet", "time-machine", "tzdata"]
# [tool.gnomon]
# levels = ["next", "tick"]
# ///
"""Adapter: arq: the next instant of its cron jobs, and its worker, which runs them.

Its cron jobs have sets of numbers in place of a definition; this file writes definitions of
numbers, lists, ranges and steps as such sets. They are written in code. The worker runs on a store
in this process, which does not outlive it.
"""

import asyncio
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import clock_kit
from adapter_kit import Unsupported, repeated, serve
from arq import worker
from arq.connections import ArqRedis
from arq.cron import cron as planned
from arq.cron import next_cron
from fakeredis import FakeAsyncRedis, FakeRedis, FakeServer

POLL = 0.5
"""Seconds between two polls of a worker; arq's default."""

FIELDS = {
    "minute": (0, 59),
    "hour": (0, 23),
    "day": (1, 31),
    "month": (1, 12),
    "weekday": (0, 7),
}


def sets_of(cron):
    """The arguments of arq for a definition, without the fields that are a star."""
    fields = cron.split()
    if len(fields) != len(FIELDS):
        raise Unsupported("definitions without five fields")
    return {
        name: values_of(name, text, *ends)
        for text, (name, ends) in zip(fields, FIELDS.items())
        if text != "*"
    }


def values_of(name, text, lowest, highest):
    values = set()
    for part in text.split(","):
        whole, _, step = part.partition("/")
        first, _, last = (f"{lowest}-{highest}" if whole == "*" else whole).partition("-")
        if not first.isdigit() or (step and not step.isdigit()) or (step and not last):
            raise Unsupported(f"{name} {text}: only numbers, lists, ranges and steps")
        numbers = range(int(first), int(last or first) + 1, int(step or 1))
        if not numbers or numbers[0] < lowest or numbers[-1] > highest:
            raise Unsupported(f"{name} {text}: numbers that arq does not check")
        values.update((number - 1) % 7 if name == "weekday" else number for number in numbers)
    return values


def next_instants(cron, zone, after, count):
    sets, local = sets_of(cron), ZoneInfo(zone)

    def step(previous):
        return next_cron(previous.astimezone(local), **sets, microsecond=0)

    return repeated(step, after, count)


async def log_nothing(*_):
    """In place of a line about the server, which the store in this process cannot answer."""


worker.log_redis_info = log_nothing


PROFILE = {"restart_cron": "skipped"}


class Scheduler(clock_kit.JobsInCode):
    observes = ("due", "payload", "runs")

    def start(self):
        self.loop = clock_kit.EventLoop(POLL, self.idle)
        asyncio.set_event_loop(self.loop)
        jobs = [
            planned(self.function_of(job), name=name, microsecond=0, **sets_of(job["cron"]))
            for name, job in self.jobs.items()
        ]
        if not jobs:
            self.thread = None
            return
        server = FakeServer()
        self.queue = FakeRedis(server=server)
        self.worker = worker.Worker(
            cron_jobs=jobs,
            redis_pool=ArqRedis(FakeAsyncRedis(server=server).connection_pool),
            handle_signals=False,
            poll_delay=POLL,
            timezone=ZoneInfo(self.one_zone()),
        )
        self.thread = clock_kit.clock.run(self.loop.run_until_complete, self.worker.async_run())

    def idle(self):
        """Seconds in which no poll has a job to enqueue or to start."""
        jobs = self.worker.cron_jobs
        if (
            self.worker.tasks
            or any(job.next_run is None for job in jobs)
            or self.queue.zcard(self.worker.queue_name)
        ):
            return 0
        now = datetime.now(self.worker.timezone)
        # A job is enqueued at the last two polls before it is due.
        return min((job.next_run - now).total_seconds() for job in jobs) - 2 * POLL

    def function_of(self, job):
        async def function(context):
            due = datetime.fromtimestamp(context["score"] / 1000, UTC)
            run = self.new_run()
            self.fire(job["id"], due=due, payload=job.get("payload"), run=run)
            await asyncio.sleep(job.get("takes", 0))
            self.fire(job["id"], run=run, outcome="ok")

        function.__qualname__ = job["id"]
        return function

    def stop(self):
        if self.thread is not None:
            self.thread.stop(KeyboardInterrupt)

    def check(self, job):
        clock_kit.only(job, "cron")
        sets_of(job["cron"])


if __name__ == "__main__":
    serve("arq", next_instants, Scheduler, profile=PROFILE)
