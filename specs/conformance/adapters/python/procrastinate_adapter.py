# /// script
# requires-python = ">=3.11"
# dependencies = ["procrastinate", "tzdata"]
# ///
"""Adapter: procrastinate, whose periodic tasks know UTC only."""

from datetime import UTC, datetime

from adapter_kit import Refused, Unsupported, repeated, serve
from croniter import CroniterError
from procrastinate.periodic import PeriodicRegistry

PROFILE = {
    "equal_ranges": "whole-field",
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


class Task:
    name = "t"
    queueing_lock = None


def next_instants(cron, zone, after, count):
    if zone != "UTC":
        raise Unsupported("time zones other than UTC")
    try:
        task = PeriodicRegistry().register_task(
            task=Task(), cron=cron, periodic_id="", configure_kwargs={}
        )

        def step(previous):
            found = task.croniter.get_next(ret_type=float, start_time=previous.timestamp())
            return datetime.fromtimestamp(found, UTC)

        return repeated(step, after, count)
    except (CroniterError, ValueError) as error:
        raise Refused(str(error)) from None


if __name__ == "__main__":
    serve("procrastinate", next_instants, profile=PROFILE)
