# /// script
# requires-python = ">=3.11"
# dependencies = ["schedule", "pytz", "greenlet", "time-machine", "tzdata"]
# [tool.gnomon]
# levels = ["next", "tick"]
# ///
"""Adapter: schedule, which has intervals and times of day, and no cron definitions.

At level tick a definition of every minute, of a minute of each hour and of a time of each day is
written as `every().minute`, `.hour` and `.day.at()`. Its jobs are written in code.
"""

import time

import clock_kit
import schedule
import time_machine
from adapter_kit import Unsupported, counted, serve

PROFILE = {
    "anchor": "previous-firing",
    "first_firing": "after-an-interval",
    "polling": "1s",
    "overlap": "skipped",
    "restart_interval": "from-the-start",
    "restart_cron": "skipped",
    "resume_interval": "re-phased",
    "edit_interval": "re-phased",
}

# Nothing runs in the repeated hour.
KNOWN = [
    {
        "rule": "FIRE-5",
        "scenario": "zones/hourly-through-a-fold",
        "url": "https://github.com/dbader/schedule/issues/649",
    }
]


def interval_instants(every, start, zone, after, count):
    def step(previous):
        with time_machine.travel(previous, tick=False):
            job = schedule.Scheduler().every(every).seconds.do(print)
            return job.next_run.astimezone()

    return counted(step, start, after, count)


class Scheduler(clock_kit.JobsInCode):
    observes = ("due", "payload", "runs")
    has_zones = True

    def start(self):
        self.scheduler = schedule.Scheduler()
        for name, job in self.jobs.items():
            planned_in(self.scheduler, job).do(self.work, job).tag(name)
        self.thread = clock_kit.clock.run(self.loop)

    def loop(self):
        """The loop of its documentation."""
        while True:
            self.scheduler.run_pending()
            time.sleep(1)

    def work(self, job):
        (planned,) = self.scheduler.get_jobs(job["id"])
        run = self.new_run()
        due = planned.next_run.astimezone()
        self.fire(job["id"], due=due, payload=job.get("payload"), run=run)
        time.sleep(job.get("takes", 0))
        self.fire(job["id"], run=run, outcome="ok")

    def stop(self):
        self.thread.stop(KeyboardInterrupt)

    def check(self, job):
        planned_in(schedule.Scheduler(), job)


def planned_in(scheduler, job):
    """A job of the scheduler that has no function yet. Raises Unsupported."""
    clock_kit.only(job, "every", "cron")
    if "every" in job:
        return scheduler.every(int(job["every"])).seconds
    zone = job.get("zone", "UTC")
    match job["cron"].split():
        case ["*", "*", "*", "*", "*"]:
            return scheduler.every().minute.at(":00")
        case [minute, "*", "*", "*", "*"] if minute.isdigit():
            return scheduler.every().hour.at(f":{int(minute):02}")
        case [minute, hour, "*", "*", "*"] if minute.isdigit() and hour.isdigit():
            return scheduler.every().day.at(f"{int(hour):02}:{int(minute):02}", zone)
    raise Unsupported("cron definitions other than of a minute, an hour or a day")


if __name__ == "__main__":
    serve(
        "schedule",
        None,
        Scheduler,
        interval_instants=interval_instants,
        profile=PROFILE,
        known=KNOWN,
    )
