# /// script
# requires-python = ">=3.11"
# dependencies = ["apscheduler>=3.11,<4", "sqlalchemy>=2", "greenlet", "time-machine", "tzdata"]
# [tool.gnomon]
# levels = ["next", "tick"]
# ///
"""Adapter: APScheduler 3: its CronTrigger, and its BlockingScheduler on a store of its own."""

import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import clock_kit
from adapter_kit import Refused, serve
from apscheduler import events
from apscheduler.executors.pool import BasePoolExecutor
from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers import blocking
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.date import DateTrigger
from apscheduler.triggers.interval import IntervalTrigger
from sqlalchemy import event

INSTANT = timedelta(microseconds=1)

PROFILE = {
    "steps_on_names": "ignored",
    "large_steps": "refused-above-range",
    "weekday_numbers": "monday-0",
    "day_fields": "both",
    "gap": "shifted-first",
    "fold": "both",
    "real_time": "never",
    "step_on_number": "to-end",
    "nicknames": "refused",
    "star_in_list": "accepted",
    "never_due": "accepted",
    "first_firing": "after-an-interval",
    "one_time_past": "never",
    "catch_up": "grace-1s",
    "overlap": "skipped",
    "one_time_missed": "never",
    "resume_one_time": "never",
    "edit_interval": "re-phased",
    "clock_noticed": "at-next-wake",
}

KNOWN = [
    {
        "rule": "FIRE-5",
        "scenario": "FIRE-5/gap-and-fold-elsewhere/03",
        "url": "https://github.com/agronholm/apscheduler/issues/606",
    },
    {
        "rule": "FIRE-5",
        "scenario": "FIRE-5/gap-and-fold-elsewhere/04",
        "url": "https://github.com/agronholm/apscheduler/issues/606",
    },
    {
        "rule": "FIRE-5",
        "scenario": "FIRE-5/gap-and-fold-elsewhere/15",
        "url": "https://github.com/agronholm/apscheduler/issues/606",
    },
    {
        "rule": "FIRE-5",
        "scenario": "FIRE-5/plain-zones/02",
        "url": "https://github.com/agronholm/apscheduler/issues/606",
    },
    {
        "rule": "FIRE-5",
        "scenario": "FIRE-5/plain-zones/27",
        "url": "https://github.com/agronholm/apscheduler/issues/606",
    },
]


def next_instants(cron, zone, after, count):
    try:
        trigger = CronTrigger.from_crontab(cron, timezone=ZoneInfo(zone))
    except ValueError as error:
        raise Refused(str(error)) from None
    return instants_of(trigger, after, count)


def interval_instants(every, start, zone, after, count):
    trigger = IntervalTrigger(seconds=every, start_date=start, timezone=ZoneInfo(zone))
    return instants_of(trigger, after, count)


def one_time_instants(at, zone, after, count):
    found = instants_of(DateTrigger(at, ZoneInfo(zone)), after, count)
    return [instant for instant in found if instant > after]  # it does not look at the clock


def instants_of(trigger, after, count):
    found, previous, now = [], None, after + INSTANT
    while len(found) < count:
        previous = trigger.get_next_fire_time(previous, now)
        if previous is None:
            break
        found.append(previous)
        now = previous.astimezone(UTC) + INSTANT  # a local sum would drop the fold
    return found


blocking.Event = clock_kit.Event  # its loop waits on one


def work(name, payload, takes):
    """The function of every job; the store keeps its name only."""
    peer = Scheduler.current
    due = peer.submitted[name].pop(0)
    run = peer.new_run()
    peer.fire(name, due=due, payload=payload, run=run)
    time.sleep(takes)
    peer.fire(name, run=run, outcome="ok")


class GreenExecutor(BasePoolExecutor):
    def __init__(self):
        super().__init__(clock_kit.Pool())


class Scheduler(clock_kit.Peer):
    """Jobs in SQLite, runs in a pool of green threads; all else is as it is by default."""

    observes = ("due", "payload", "misfires", "runs")

    def start(self):
        Scheduler.current, self.submitted = self, {}
        self.scheduler = blocking.BlockingScheduler(
            timezone=ZoneInfo(self.zone),
            jobstores={"default": self.job_store()},
            executors={"default": GreenExecutor()},
        )
        self.scheduler.add_listener(self.submit, events.EVENT_JOB_SUBMITTED)
        self.scheduler.add_listener(
            lambda seen: self.fire(seen.job_id, due=seen.scheduled_run_time, outcome="misfired"),
            events.EVENT_JOB_MISSED,
        )
        self.scheduler.add_listener(self.refuse, events.EVENT_JOB_MAX_INSTANCES)
        clock_kit.clock.run(self.scheduler.start)

    def stop(self):
        self.scheduler.shutdown()

    def job_store(self):
        store = SQLAlchemyJobStore(f"sqlite:///{self.folder}/jobs.sqlite")
        # A process that is killed loses nothing by it, and no write waits for the disk.
        event.listen(
            store.engine, "connect", lambda link, _: link.execute("PRAGMA synchronous = OFF")
        )
        return store

    def submit(self, seen):
        self.submitted[seen.job_id] = list(seen.scheduled_run_times)

    def refuse(self, seen):
        for due in seen.scheduled_run_times:
            self.fire(seen.job_id, due=due, outcome="misfired")

    def create(self, job):
        self.scheduler.add_job(work, trigger_of(job), id=job["id"], kwargs=arguments(job))

    def edit(self, job):
        self.scheduler.modify_job(job["id"], kwargs=arguments(job))
        self.scheduler.reschedule_job(job["id"], trigger=trigger_of(job))

    def delete(self, name):
        self.scheduler.remove_job(name)

    def pause(self, name):
        self.scheduler.pause_job(name)

    def resume(self, name):
        self.scheduler.resume_job(name)


def arguments(job):
    return {"name": job["id"], "payload": job.get("payload"), "takes": job.get("takes", 0)}


def trigger_of(job):
    clock_kit.only(job, "cron", "every", "at", "start")
    start = datetime.fromisoformat(job["start"]) if "start" in job else None
    if "at" in job:
        return DateTrigger(datetime.fromisoformat(job["at"]))
    if "every" in job:
        return IntervalTrigger(seconds=job["every"], start_date=start, timezone=UTC)
    try:
        trigger = CronTrigger.from_crontab(job["cron"], ZoneInfo(job.get("zone", "UTC")))
    except ValueError as error:
        raise Refused(str(error)) from None
    trigger.start_date = start
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
