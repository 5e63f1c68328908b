# /// script
# requires-python = ">=3.11"
# dependencies = ["rq>=2.5", "croniter", "time-machine", "tzdata"]
# ///
"""Adapter: rq, its CronJob. It knows no time zone but that of the process."""

from zoneinfo import ZoneInfo

import time_machine
from adapter_kit import Refused, repeated, serve, set_process_zone
from croniter.croniter import CroniterError
from rq.cron import CronJob

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


if __name__ == "__main__":
    serve("rq", next_instants, profile=PROFILE)
