# /// script
# requires-python = ">=3.11"
# dependencies = [
#   "apscheduler==4.0.0a6",
#   "sqlalchemy>=2",
#   "sniffio",
#   "greenlet",
#   "time-machine",
#   "tzdata",
# ]
# [tool.gnomon]
# levels = ["next", "tick"]
# ///
"""Adapter: APScheduler 4 (alpha): its CronTrigger, and its AsyncScheduler on SQLite."""

import asyncio
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import anyio.to_thread
import clock_kit
from adapter_kit import Refused, first, serve
from apscheduler import (
    AsyncScheduler,
    ConflictPolicy,
    JobReleased,
    current_job,
)
from apscheduler.datastores.sqlalchemy import SQLAlchemyDataStore
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.date import DateTrigger
from apscheduler.triggers.interval import IntervalTrigger
from sqlalchemy import create_engine, event

PROFILE = {
    "steps_on_names": "ignored",
    "large_steps": "refused-above-range",
    "day_fields": "both",
    "gap": "shifted-first",
    "fold": "both",
    "real_time": "never",
    "step_on_number": "to-end",
    "nicknames": "refused",
    "star_in_list": "accepted",
    "never_due": "accepted",
    "resume_interval": "caught-up",
    "resume_cron": "caught-up",
    "resume_one_time": "fires",
    "edit_interval": "at-once",
    "clock_noticed": "at-next-wake",
}

# Reported of version 3: the day, or the month, that follows a gap is left out.
KNOWN = [
    {
        "rule": "FIRE-5",
        "scenario": f"FIRE-5/{case}",
        "url": "https://github.com/agronholm/apscheduler/issues/606",
    }
    for case in (
        "gap-and-fold-elsewhere/03",
        "gap-and-fold-elsewhere/04",
        "gap-and-fold-elsewhere/15",
        "plain-zones/02",
        "plain-zones/27",
    )
]


def next_instants(cron, zone, after, count):
    try:
        trigger = CronTrigger.from_crontab(cron, timezone=ZoneInfo(zone))
    except ValueError as error:
        raise Refused(str(error)) from None
    trigger.start_time = (after + timedelta(seconds=1)).astimezone(ZoneInfo(zone))
    return first(iter(trigger.next, None), count)


def interval_instants(every, start, zone, after, count):
    trigger = IntervalTrigger(seconds=every, start_time=start.astimezone(ZoneInfo(zone)))
    return instants_of(trigger, after, count)


def one_time_instants(at, zone, after, count):
    return instants_of(DateTrigger(at.astimezone(ZoneInfo(zone))), after, count)


def instants_of(trigger, after, count):
    """Those later than `after`: these triggers count from their start, whatever the time is."""
    later = (instant for instant in iter(trigger.next, None) if instant > after)
    return first(later, count)


async def run_here(function, *args, **_):
    """In place of a thread: the moved clock would not wait for one."""
    return function(*args)


anyio.to_thread.run_sync = run_here


async def work(name, payload, takes):
    """The task of every schedule."""
    job = current_job.get()
    Scheduler.current.fire(name, due=job.scheduled_fire_time, payload=payload, run=str(job.id))
    await asyncio.sleep(takes)
    Scheduler.current.fire(name, run=str(job.id), outcome="ok")


class Scheduler(clock_kit.Peer):
    observes = ("due", "payload", "misfires", "runs")

    def start(self):
        Scheduler.current = self
        engine = create_engine(f"sqlite:///{self.folder}/jobs.sqlite")
        # A process that is killed loses nothing by it, and no write waits for the disk.
        event.listen(engine, "connect", lambda link, _: link.execute("PRAGMA synchronous = OFF"))
        self.loop = clock_kit.EventLoop()
        self.scheduler = AsyncScheduler(SQLAlchemyDataStore(engine))
        self.thread = clock_kit.clock.run(self.loop.run_until_complete, self.run())

    async def run(self):
        async with self.scheduler:
            self.scheduler.subscribe(self.released, {JobReleased})
            await self.scheduler.run_until_stopped()

    def released(self, seen):
        if seen.outcome.name == "missed_start_deadline":
            self.fire(seen.schedule_id, due=seen.scheduled_start, outcome="misfired")

    def stop(self):
        self.loop.call(self.scheduler.stop())

    def create(self, job):
        self.put(job, ConflictPolicy.exception)

    def edit(self, job):
        self.put(job, ConflictPolicy.replace)

    def put(self, job, policy):
        arguments = {"name": job["id"], "payload": job.get("payload"), "takes": job.get("takes", 0)}
        self.loop.call(
            self.scheduler.add_schedule(
                work, trigger_of(job), id=job["id"], kwargs=arguments, conflict_policy=policy
            )
        )

    def delete(self, name):
        self.loop.call(self.scheduler.remove_schedule(name))

    def pause(self, name):
        self.loop.call(self.scheduler.pause_schedule(name))

    def resume(self, name):
        self.loop.call(self.scheduler.unpause_schedule(name))


def trigger_of(job):
    clock_kit.only(job, "cron", "every", "at", "start")
    start = {"start_time": datetime.fromisoformat(job["start"])} if "start" in job else {}
    if "at" in job:
        return DateTrigger(datetime.fromisoformat(job["at"]))
    if "every" in job:
        return IntervalTrigger(seconds=job["every"], **start)
    try:
        trigger = CronTrigger.from_crontab(job["cron"], timezone=ZoneInfo(job.get("zone", "UTC")))
    except ValueError as error:
        raise Refused(str(error)) from None
    if start:
        trigger.start_time = start["start_time"]
    return trigger


if __name__ == "__main__":
    serve(
        "apscheduler",
        next_instants,
        Scheduler,
        interval_instants=interval_instants,
        one_time_instants=one_time_instants,
        profile=PROFILE,
        known=KNOWN,
    )
