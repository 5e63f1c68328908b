# /// script
# requires-python = ">=3.11"
# dependencies = ["taskiq>=0.11", "greenlet", "time-machine", "tzdata"]
# [tool.gnomon]
# levels = ["next", "tick"]
# ///
"""Adapter: taskiq, whose scheduler asks at every minute whether a task is due.

Its scheduler loop runs; what it gives to the broker is caught. Its jobs are labels of tasks, which
are written in code.
"""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import clock_kit
from adapter_kit import Refused, Unsupported, scan, serve
from taskiq import InMemoryBroker, TaskiqScheduler
from taskiq.cli.scheduler import run
from taskiq.schedule_sources import LabelScheduleSource
from taskiq.scheduler.scheduled_task import ScheduledTask

POLL = 1
"""Seconds between two polls; the default."""
UPDATE = 60
"""Seconds after which it asks its sources again; the default."""

PROFILE = {
    "day_fields": "either-unless-star",
    "gap": "skipped",
    "fold": "both",
    "names": "weekdays",
    "nicknames": "refused",
    "malformed": "never-due",
    "anchor": "previous-firing",
    "minute_matching": "60s-apart",
    "first_cron": "present-minute",
    "polling": "after-1s",
    "changes": "restart",
    "restart_interval": "at-once",
    "one_time_missed": "fires-again",
    "resume_interval": "at-once",
    "resume_one_time": "fires",
    "edit_interval": "at-once",
}

# pycron, which reads its crons, does not know 7 as Sunday.
KNOWN = [
    {
        "rule": "FIRE-4",
        "scenario": f"FIRE-4/sunday/{case}",
        "url": "https://github.com/kipe/pycron/issues/26",
    }
    for case in ("01", "03", "04", "07", "08")
]


def next_instants(cron, zone, after, count):
    if not hasattr(run, "is_cron_task_now"):
        raise Unsupported("this version has no is_cron_task_now")
    try:
        ScheduledTask(task_name="t", labels={}, args=[], kwargs={}, cron=cron, cron_offset=zone)
        return scan(lambda minute: run.is_cron_task_now(cron, minute, zone), after, count)
    except (ValueError, run.CronValueError) as error:
        raise Refused(str(error)) from None


class Catching(InMemoryBroker):
    """A broker that calls `fire` in place of sending."""

    async def kick(self, message):
        name, payload = self.formatter.loads(message.message).args
        self.fire(name, payload=payload)


def nothing(name, payload):
    """The task."""


class Scheduler(clock_kit.JobsInCode):
    observes = ("payload",)
    has_zones = True

    def start(self):
        broker = Catching()
        broker.fire = self.fire
        for name, job in self.jobs.items():
            label = label_of(job) | {"args": [name, job.get("payload")]}
            broker.register_task(nothing, task_name=name, schedule=[label])
        scheduler = TaskiqScheduler(broker, [LabelScheduleSource(broker)])
        self.loop = clock_kit.EventLoop(POLL, self.idle)
        self.polling = run.SchedulerLoop(scheduler, event_loop=self.loop)
        self.thread = clock_kit.clock.run(self.loop.run_until_complete, self.run(scheduler))

    async def run(self, scheduler):
        for source in scheduler.sources:
            await source.startup()
        await scheduler.startup()
        await self.polling.run()

    def idle(self):
        """Seconds in which no poll finds a task that is due."""
        now, polling = datetime.now(UTC), self.polling
        updated = (now - polling.scheduled_tasks_updated_at).total_seconds()
        found = [UPDATE - updated]
        for _, tasks in polling.scheduled_tasks:
            for task in tasks:
                if task.cron is not None:
                    found.append(idle_cron(task, now))
                elif task.interval is not None:
                    last = polling.interval_tasks_last_run.get(task.schedule_id)
                    found.append(idle_interval(task.interval, last, now))
                else:
                    found.append((run.to_tz_aware(task.time) - now).total_seconds())
        return min(found) - POLL

    def stop(self):
        self.thread.stop(KeyboardInterrupt)

    def check(self, job):
        clock_kit.only(job, "cron", "every", "at")
        try:
            ScheduledTask(task_name="t", labels={}, args=[], kwargs={}, **label_of(job))
        except ValueError as error:
            raise Refused(str(error)) from None


def idle_cron(task, now):
    """Seconds until the next minute; none in a minute that the definition matches."""
    with suppress(run.CronValueError):  # it is never due
        if run.is_cron_task_now(task.cron, now, task.cron_offset):
            return 0
    return 60 - now.second - now.microsecond / 1e6


def idle_interval(interval, last, now):
    """Seconds until an interval is over; it is at the start."""
    if last is None:
        return 0
    seconds = interval.total_seconds() if isinstance(interval, timedelta) else interval
    return seconds - (now - last).total_seconds()


def label_of(job):
    if "at" in job:
        return {"time": datetime.fromisoformat(job["at"])}
    if "every" in job:
        return {"interval": job["every"]}
    return {"cron": job["cron"], "cron_offset": job.get("zone", "UTC")}


if __name__ == "__main__":
    serve("taskiq", next_instants, Scheduler, profile=PROFILE, known=KNOWN)
