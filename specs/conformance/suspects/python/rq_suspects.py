# /// script
# dependencies = ["rq>=2.5", "croniter", "time-machine", "tzdata"]
# [[tool.gnomon.suspect]]
# fault = "A job that a gap postpones is lost if it is asked for between the gap and its time."
# rules = ["META-1"]
# cases = ["FIRE-5/gap-*", "FIRE-5/a-day-that-never-was/*", "FIRE-5/drawn/11"]
# ///
"""Faults of rq, without the adapter."""

import os
import time
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import time_machine
from rq.cron import CronJob

os.environ["TZ"] = "America/New_York"
time.tzset()


def nothing():
    """The job."""


def following(asked):
    with time_machine.travel(asked.astimezone(ZoneInfo("America/New_York")), tick=False):
        job = CronJob(func=nothing, queue_name="q", cron="30 2 * * *")
        found = job.get_next_enqueue_time().astimezone(UTC)
    print(f"30 2 * * * asked at {asked}: {found}")
    return found


assert following(datetime(2024, 3, 10, 6, 45, tzinfo=UTC)).day == 10
assert following(datetime(2024, 3, 10, 7, 10, tzinfo=UTC)).day == 11
