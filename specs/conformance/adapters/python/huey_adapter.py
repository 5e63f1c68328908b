# /// script
# requires-python = ">=3.11"
# dependencies = ["huey>=2.5", "greenlet", "time-machine", "tzdata"]
# [tool.gnomon]
# levels = ["next", "tick"]
# ///
"""Adapter: huey, whose crontab() is asked at every minute whether a task is due.

Its scheduler runs on SQLite; what it puts into the queue is caught. Periodic tasks are written in
code; a task with a time is in the store.
"""

import time
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import clock_kit
from adapter_kit import Refused, Unsupported, scan, serve, set_process_zone
from huey import SqliteHuey, crontab
from huey.consumer import Scheduler as Consumed

KEYS = ("minute", "hour", "day", "month", "day_of_week")

PROFILE = {
    "day_fields": "both",
    "gap": "skipped",
    "fold": "both",
    "backward_ranges": "wrap",
    "names": "refused",
    "steps_on_weekdays": "ranges",
    "nicknames": "refused",
    "star_in_list": "accepted",
    "never_due": "accepted",
    # Once a minute, at the second at which it was started: coleifer/huey#606, where its author
    # answers that nothing else is supported.
    "polling": "cron-60s",
    "minute_matching": "yes",
    "first_cron": "present-minute",
    "changes": "restart",
    "clock_back": "repeats",
}


def crontab_of(cron):
    """The function that huey asks. Raises Refused."""
    fields = cron.split()
    if len(fields) != len(KEYS):
        raise Refused(f"crontab() takes five fields; given were {len(fields)}")
    try:
        return crontab(**dict(zip(KEYS, fields)), strict=True)
    except ValueError as error:
        raise Refused(str(error)) from None


def next_instants(cron, zone, after, count):
    is_due = crontab_of(cron)
    local = ZoneInfo(zone)
    return scan(lambda minute: is_due(minute.astimezone(local).replace(tzinfo=None)), after, count)


class Catching(SqliteHuey):
    """A queue that calls `fire` in place of keeping a task for a worker."""

    def enqueue(self, task):
        """A periodic task has no arguments; its name is that of the job."""
        self.fire(*(task.args or (task.name,)))


class Polling(Consumed):
    """The scheduler, without the polls that find nothing."""

    def sleep_for_interval(self, start_ts, nseconds):
        """Sleep until a poll that may find something."""
        has_schedule = self.huey.scheduled_count() > 0
        idle = 0 if has_schedule else self._next_periodic - time.monotonic() - self.interval
        polls = clock_kit.clock.idle_polls(nseconds, idle)
        self._next_loop += (polls - 1) * nseconds
        super().sleep_for_interval(start_ts, polls * nseconds)


def once(name, payload):
    """A task with a time."""


def periodic():
    """A periodic task."""


class Scheduler(clock_kit.JobsInCode):
    def start(self):
        zone = self.one_zone()
        set_process_zone(zone)
        self.huey = Catching(filename=f"{self.folder}/huey.sqlite", utc=zone == "UTC", fsync=False)
        self.huey.fire = lambda name, payload=None: self.fire(name, payload=payload)
        self.once = self.huey.task()(once)
        for name, job in self.jobs.items():
            self.huey.periodic_task(crontab_of(job["cron"]), name=name)(periodic)
        self.stop_flag = clock_kit.Event()
        self.scheduler = Polling(self.huey, self.stop_flag, interval=1, periodic=True)
        clock_kit.clock.run(self.loop)

    def loop(self):
        self.scheduler.initialize()
        while not self.stop_flag.is_set():
            self.scheduler.loop()

    def stop(self):
        self.stop_flag.set()

    def create(self, job):
        if "at" not in job:
            super().create(job)
            return
        clock_kit.only(job, "at")
        due = datetime.fromisoformat(job["at"]).astimezone(UTC if self.huey.utc else None)
        # A worker does this with a task that has a time.
        self.huey.add_schedule(
            self.once.s(job["id"], job.get("payload"), eta=due.replace(tzinfo=None))
        )

    def pause(self, name):
        if name not in self.jobs:
            raise Unsupported("to pause a task with a time")
        super().pause(name)

    def check(self, job):
        clock_kit.only(job, "cron")
        crontab_of(job["cron"])


if __name__ == "__main__":
    serve("huey", next_instants, Scheduler, profile=PROFILE)
