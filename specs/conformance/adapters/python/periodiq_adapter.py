# /// script
# requires-python = ">=3.11"
# dependencies = ["periodiq", "greenlet", "time-machine", "tzdata"]
# [tool.gnomon]
# levels = ["next", "tick"]
# ///
"""Adapter: periodiq, the periodic tasks of Dramatiq: what its `next_valid_date` answers.

Its scheduler checks each date again before it sends a message, so that a wrong answer here may be
repaired there. It runs; what it gives to the broker is caught. Its jobs are written in code.
"""

import time
from argparse import Namespace

import clock_kit
import dramatiq
import pendulum
import periodiq
from adapter_kit import Refused, repeated, serve, set_process_zone
from dramatiq.brokers.stub import StubBroker
from periodiq import cron as read

PROFILE = {
    "day_fields": "either-unless-full",
    "gap": "skipped",
    "fold": "both",
    "step_on_number": "alone",
    "names": "weekdays",
    "range_to_sunday": "refused",
    "nicknames": "midnight",
    "nickname_case": "lower",
    "star_in_list": "accepted",
    "minute_matching": "yes",
    "first_cron": "present-minute-55s",
    "clock_back": "repeats",
    "clock_noticed": "at-next-wake",
}


def spec_of(cron):
    """The definition as periodiq reads it. Raises Refused."""
    try:
        return read(cron)
    except (ValueError, TypeError) as error:
        raise Refused(str(error)) from None


def next_instants(cron, zone, after, count):
    spec = spec_of(cron)

    def step(previous):
        return spec.next_valid_date(pendulum.instance(previous).in_timezone(zone))

    return repeated(step, after, count)


class Catching(StubBroker):
    """A broker that calls `fire` in place of sending."""

    def enqueue(self, message, *, delay=None):
        self.fire(message.actor_name)  # its `scheduled_at` is the instant of the message


class Alarms:
    """Its queue of alarms, alarm() and signal(), by the clock that is moved."""

    def __init__(self):
        self.waiting = 0
        self.handler = None
        periodiq.Queue, periodiq.alarm, periodiq.signal = lambda: self, self.alarm, self.signal

    def alarm(self, seconds):
        def ring():
            time.sleep(seconds)
            self.handler()

        clock_kit.clock.run(ring)

    def signal(self, _, handler):
        self.handler = handler

    def put_nowait(self, _):
        self.waiting += 1

    def get(self, block):
        if not self.waiting:
            clock_kit.clock.wait(None, lambda: self.waiting)
        self.waiting -= 1
        return True


class Scheduler(clock_kit.JobsInCode):
    def start(self):
        set_process_zone(self.one_zone())
        broker = Catching(middleware=[periodiq.PeriodiqMiddleware()])
        broker.fire = self.fire
        for name, job in self.jobs.items():
            dramatiq.actor(
                lambda: None, actor_name=name, broker=broker, periodic=spec_of(job["cron"])
            )
        periodiq.import_broker = lambda _: (None, broker)
        Alarms()
        self.thread = clock_kit.clock.run(
            periodiq.main, Namespace(broker="", modules=[], path=[], verbose=0)
        )

    def stop(self):
        self.thread.stop(KeyboardInterrupt)

    def check(self, job):
        clock_kit.only(job, "cron")
        spec_of(job["cron"])


if __name__ == "__main__":
    serve("periodiq", next_instants, Scheduler, profile=PROFILE)
