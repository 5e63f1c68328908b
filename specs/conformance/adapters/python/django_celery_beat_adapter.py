# /// script
# requires-python = ">=3.11"
# dependencies = ["django-celery-beat>=2.8", "celery>=5.5", "greenlet", "time-machine", "tzdata"]
# [tool.gnomon]
# levels = ["next", "tick"]
# ///
"""Adapter: django-celery-beat, the scheduler of Celery beat with its jobs in a database of Django.

It runs on SQLite; what it sends is caught. Celery's crontab answers level next. It sees a change
within its first seconds only five minutes later, and is therefore started before a scenario begins.
"""

import json
import time
from datetime import datetime, timedelta
from pathlib import Path

import celery_adapter
import clock_kit
import django
from adapter_kit import serve
from celery.beat import Service
from django.conf import settings
from django.core.management import call_command

EARLIER = 20
"""Seconds that it has run when a scenario begins."""
LONGEST_UNREAD = 300
"""Seconds after which it reads all jobs again (its SCHEDULE_SYNC_MAX_INTERVAL)."""
LONGEST_SLEEP = 10
"""Seconds after which it looks for changes; with its default of 5, days take too long here."""


class Scheduler(clock_kit.Peer):
    observes = ("payload",)

    def open(self, store, now, zone, lag):
        if settings.configured or any(Path(store).iterdir()):
            super().open(store, now, zone, lag)
        else:
            super().open(store, now - timedelta(seconds=EARLIER), zone, lag)
            self.advance(EARLIER)

    def start(self):
        if not settings.configured:
            configure(self.folder, self.zone)
        # Its models can be imported only when Django is configured.
        from django_celery_beat import models  # noqa: PLC0415
        from django_celery_beat.schedulers import DatabaseScheduler  # noqa: PLC0415

        self.models = models
        self.app = celery_adapter.application(self.zone)
        self.app.conf.beat_max_loop_interval = LONGEST_SLEEP
        self.app.set_current()
        scheduler = celery_adapter.catching(polling(DatabaseScheduler), self.fire)
        self.thread = clock_kit.clock.run(Service(self.app, scheduler_cls=scheduler).start)

    def stop(self):
        self.thread.stop(SystemExit)

    def create(self, job):
        arguments = json.dumps({"name": job["id"], "payload": job.get("payload")})
        self.models.PeriodicTask.objects.create(
            name=job["id"], task="conformance", kwargs=arguments, **self.schedule_of(job)
        )

    def edit(self, job):
        task = self.task(job["id"])
        task.interval = task.crontab = task.clocked = None
        for field, value in self.schedule_of(job).items():
            setattr(task, field, value)
        task.kwargs = json.dumps({"name": job["id"], "payload": job.get("payload")})
        task.save()

    def delete(self, name):
        self.task(name).delete()

    def pause(self, name):
        self.enable(name, False)

    def resume(self, name):
        self.enable(name, True)

    def enable(self, name, enabled):
        task = self.task(name)
        task.enabled = enabled
        task.save()

    def task(self, name):
        return self.models.PeriodicTask.objects.get(name=name)

    def schedule_of(self, job):
        """The fields of a task that hold its schedule."""
        clock_kit.only(job, "cron", "every", "at", "start")
        start = {"start_time": datetime.fromisoformat(job["start"])} if "start" in job else {}
        if "at" in job:
            at = datetime.fromisoformat(job["at"])
            clocked, _ = self.models.ClockedSchedule.objects.get_or_create(clocked_time=at)
            return {"clocked": clocked, "one_off": True}
        if "every" in job:
            interval, _ = self.models.IntervalSchedule.objects.get_or_create(
                every=int(job["every"]), period=self.models.IntervalSchedule.SECONDS
            )
            return {"interval": interval, **start}
        celery_adapter.crontab_of(job["cron"], self.app)
        fields = dict(zip(celery_adapter.KEYS, job["cron"].split()))
        crontab, _ = self.models.CrontabSchedule.objects.get_or_create(
            timezone=job.get("zone", "UTC"), **fields
        )
        return {"crontab": crontab, **start}


def polling(scheduler):
    """A class of schedulers that knows how long it finds nothing."""

    class Polling(scheduler):
        def idle(self):
            """Seconds in which there is nothing to run, to write, or to read again."""
            if not self._last_sync or self.Changes.last_change() != self._last_timestamp:
                return 0
            now = datetime.now()  # noqa: DTZ005 - as the scheduler does
            found = [
                self.sync_every - (time.monotonic() - self._last_sync),
                LONGEST_UNREAD - (now - self._last_full_sync).total_seconds(),
            ]
            if self._heap:
                first = self._heap[0]
                found.append(first.time - self._when(first.entry, 0) - self.max_interval)
            return min(found) - 1e-3

    return Polling


def configure(store, zone):
    """Configure Django on a database in the store, and create its tables."""
    settings.configure(
        INSTALLED_APPS=["django_celery_beat"],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": f"{store}/db.sqlite",
                "CONN_MAX_AGE": None,
                # A process that is killed loses nothing by it, and no write waits for the disk.
                "OPTIONS": {"init_command": "PRAGMA synchronous = OFF"},
            }
        },
        MIGRATION_MODULES={"django_celery_beat": None},  # the tables as they are, in one step
        USE_TZ=True,
        TIME_ZONE=zone,
    )
    django.setup()
    call_command("migrate", run_syncdb=True, verbosity=0)


if __name__ == "__main__":
    serve(
        "django-celery-beat",
        celery_adapter.next_instants,
        Scheduler,
        profile=celery_adapter.PROFILE,
        known=celery_adapter.KNOWN,
    )
