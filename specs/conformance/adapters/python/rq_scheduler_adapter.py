# /// script
# requires-python = ">=3.11"
# dependencies = ["rq-scheduler>=0.14", "time-machine", "tzdata"]
# ///
"""Adapter: rq-scheduler, with use_local_timezone. It knows no zone but that of the process."""

from datetime import UTC
from zoneinfo import ZoneInfo

import time_machine
from adapter_kit import Refused, repeated, serve, set_process_zone
from rq_scheduler.utils import get_next_scheduled_time

PROFILE = {
    "day_fields": "both",
    "real_time": "never",
    "step_on_number": "to-end",
    "large_steps": "refused",
    "nickname_case": "lower",
    "star_in_list": "accepted",
    "question_mark": "any",
    "last_day": "accepted",
    "sixth_field": "year",
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


if __name__ == "__main__":
    serve("rq-scheduler", next_instants, profile=PROFILE)
