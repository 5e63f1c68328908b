# /// script
# requires-python = ">=3.11"
# dependencies = ["procrastinate", "greenlet", "time-machine", "tzdata"]
# [tool.gnomon]
# levels = ["next", "tick"]
# ///
"""Adapter: procrastinate, whose periodic tasks know UTC only.

Its periodic deferrer runs on its connector in memory; what it defers is caught. Its jobs are
written in code. Its database remembers what was deferred last: a file in the store stands for it.
"""

import json
from datetime import UTC, datetime
from pathlib import Path

import clock_kit
from adapter_kit import Refused, Unsupported, repeated, serve
from croniter import CroniterError
from procrastinate import App
from procrastinate.periodic import PeriodicDeferrer, PeriodicRegistry
from procrastinate.testing import InMemoryConnector

PROFILE = {
    "equal_ranges": "whole-field",
    "backward_ranges": "wrap",
    "step_on_number": "to-end",
    "nicknames": "midnight",
    "star_in_list": "accepted",
    "question_mark": "any",
    "last_day": "accepted",
    "nth_weekday": "accepted",
    "sixth_field": "seconds-last",
    "nearest_weekday": "accepted",
    "seventh_field": "year",
    # It is documented: what is at most ten minutes late is deferred when the worker starts.
    "first_cron": "latest-10min",
    "restart_cron": "latest-10min",
    "resume_cron": "latest-10min",
    "catch_up": "all",
    "clock_noticed": "at-next-wake",
}


class Task:
    name = "t"
    queueing_lock = None


def next_instants(cron, zone, after, count):
    if zone != "UTC":
        raise Unsupported("time zones other than UTC")
    try:
        task = PeriodicRegistry().register_task(
            task=Task(), cron=cron, periodic_id="", configure_kwargs={}
        )

        def step(previous):
            found = task.croniter.get_next(ret_type=float, start_time=previous.timestamp())
            return datetime.fromtimestamp(found, UTC)

        return repeated(step, after, count)
    except (CroniterError, ValueError) as error:
        raise Refused(str(error)) from None


class Database(InMemoryConnector):
    """The connector in memory, with the table of what was deferred last in a file."""

    def __init__(self, folder, fire):
        super().__init__()
        self.file, self.fire = Path(folder) / "deferred.json", fire
        if self.file.exists():
            self.periodic_defers = {
                (name, ""): due for name, due in json.loads(self.file.read_text())
            }

    async def defer_periodic_job_one(self, task_name, periodic_id, defer_timestamp, **job):
        done = await super().defer_periodic_job_one(
            task_name=task_name, periodic_id=periodic_id, defer_timestamp=defer_timestamp, **job
        )
        if done["id"] is not None:
            due = datetime.fromtimestamp(defer_timestamp, UTC)
            self.fire(task_name, due=due, payload=job["args"]["payload"])
        self.file.write_text(
            json.dumps([[name, due] for (name, _), due in self.periodic_defers.items()])
        )
        return done


async def nothing(timestamp, payload):
    """The task."""


class Scheduler(clock_kit.JobsInCode):
    observes = ("due", "payload")

    def start(self):
        app = App(connector=Database(self.folder, self.fire))
        for name, job in self.jobs.items():
            task = app.task(nothing, name=name)
            arguments = {"payload": job.get("payload")}
            app.periodic(cron=job["cron"], task_kwargs=arguments)(task)
        deferrer = PeriodicDeferrer(app.periodic_registry)
        loop = clock_kit.EventLoop()
        self.thread = clock_kit.clock.run(loop.run_until_complete, deferrer.worker())

    def stop(self):
        self.thread.stop(KeyboardInterrupt)

    def check(self, job):
        clock_kit.only(job, "cron")
        next_instants(job["cron"], job.get("zone", "UTC"), datetime.now(UTC), 1)


if __name__ == "__main__":
    serve("procrastinate", next_instants, Scheduler, profile=PROFILE)
