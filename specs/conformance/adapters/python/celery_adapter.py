# /// script
# requires-python = ">=3.11"
# dependencies = ["celery>=5.5", "greenlet", "time-machine", "tzdata"]
# [tool.gnomon]
# levels = ["next", "tick"]
# ///
"""Adapter: Celery: its crontab schedule as beat asks it, and beat itself on its shelve file.

Beat runs; what it sends is caught in place of a broker. Its jobs are written in code.
"""

import clock_kit
from adapter_kit import Refused, counted, repeated, serve
from celery import Celery
from celery.beat import PersistentScheduler, Service
from celery.schedules import ParseException, crontab, schedule

KEYS = ("minute", "hour", "day_of_month", "month_of_year", "day_of_week")
LOOP = 0.001
"""Seconds that a turn of beat's loop takes: the moved clock stands still without a sleep."""

PROFILE = {
    "weekday_numbers": "sunday-0",
    "day_fields": "both",
    "gap": "shifted-first",
    "real_time": "never",
    "backward_ranges": "wrap",
    "nicknames": "refused",
    "star_in_list": "accepted",
}

BEHAVIOUR = {
    "anchor": "previous-firing",
    "first_firing": "after-an-interval",
    "early_wake": "10ms",
    "resume_interval": "re-phased",
    "clock_noticed": "at-next-wake",
}

KNOWN = [
    {
        "rule": "FIRE-5",
        "scenario": "FIRE-5/fold-new-york/*",
        "url": "https://github.com/celery/celery/pull/10608",
    },
    {
        "rule": "META-1",
        "scenario": "FIRE-5/fold-new-york/*",
        "url": "https://github.com/celery/celery/pull/10608",
    },
]


def crontab_of(cron, app, **options):
    """The schedule of a cron definition. Raises Refused."""
    fields = cron.split()
    if len(fields) != len(KEYS):
        raise Refused(f"crontab() takes five fields; given were {len(fields)}")
    try:
        return crontab(**dict(zip(KEYS, fields)), app=app, **options)
    except (ParseException, ValueError) as error:
        raise Refused(str(error)) from None


def schedule_of(job, app):
    """The schedule of a job. Raises Refused and Unsupported."""
    clock_kit.only(job, "cron", "every")
    return schedule(job["every"], app=app) if "every" in job else crontab_of(job["cron"], app)


def application(zone):
    """An application whose broker is never used."""
    app = Celery("conformance", broker="memory://", set_as_current=False)
    app.conf.update(timezone=zone, enable_utc=True)
    return app


def next_instants(cron, zone, after, count):
    now = after
    asked = crontab_of(cron, application(zone), nowfun=lambda: now)

    def step(previous):
        nonlocal now
        now = previous
        return previous + asked.remaining_estimate(previous)

    try:
        return repeated(step, after, count)
    except RuntimeError as error:  # it looks some thousand days ahead, and says that none matches
        raise Refused(str(error)) from None


def interval_instants(every, start, zone, after, count):
    now = after
    asked = schedule(every, app=application(zone), nowfun=lambda: now)

    def step(previous):
        nonlocal now
        now = previous
        return previous + asked.remaining_estimate(previous)

    return counted(step, start, after, count)


class Scheduler(clock_kit.JobsInCode):
    observes = ("payload",)

    def start(self):
        app = application(self.one_zone())
        app.set_current()  # entries that are read from the file belong to the current one
        app.conf.beat_schedule = {
            name: {
                "task": "conformance",
                "schedule": schedule_of(job, app),
                "kwargs": {"name": name, "payload": job.get("payload")},
            }
            for name, job in self.jobs.items()
        }
        service = Service(
            app,
            schedule_filename=f"{self.folder}/beat",
            scheduler_cls=catching(PersistentScheduler, self.fire),
        )
        self.thread = clock_kit.clock.run(service.start)

    def stop(self):
        self.thread.stop(SystemExit)

    def check(self, job):
        schedule_of(job, application("UTC"))


def catching(scheduler, fire):
    """A class of schedulers that calls `fire` in place of sending a task."""

    class Catching(scheduler):
        def tick(self, *args, **kwargs):
            delay = super().tick(*args, **kwargs)
            if not delay or delay <= 0:  # it comes again at once, and waits so for what is due soon
                clock_kit.clock.wait(LOOP, lag=False)
            return delay

        def send_task(self, task, args, kwargs, **options):
            fire(kwargs["name"], payload=kwargs["payload"])

    return Catching


if __name__ == "__main__":
    serve(
        "celery",
        next_instants,
        Scheduler,
        interval_instants=interval_instants,
        profile=PROFILE | BEHAVIOUR,
        known=KNOWN,
    )
