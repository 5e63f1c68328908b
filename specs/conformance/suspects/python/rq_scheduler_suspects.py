# /// script
# dependencies = ["rq-scheduler>=0.14", "time-machine", "tzdata"]
# [[tool.gnomon.suspect]]
# fault = "With a local time zone, a time near a change of offset is an hour off, or in the past."
# rules = ["FIRE-5", "META-1"]
# cases = ["FIRE-5/gap-*", "FIRE-5/fold-*", "FIRE-5/drawn/*"]
# ///
"""Faults of rq-scheduler, without the adapter."""

import os
import time
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import time_machine
from rq_scheduler.utils import get_next_scheduled_time

os.environ["TZ"] = "America/New_York"
time.tzset()


def following(definition, asked):
    with time_machine.travel(asked.astimezone(ZoneInfo("America/New_York")), tick=False):
        found = get_next_scheduled_time(definition, use_local_timezone=True)
    found = found if found.tzinfo else found.replace(tzinfo=UTC)
    print(f"{definition} asked at {asked}: {found.astimezone(UTC)}")
    return found


asked = datetime(2024, 3, 10, 6, 45, tzinfo=UTC)  # 01:45, a quarter of an hour before the gap
found = following("30 2 * * *", asked)
assert found <= asked or found.day == 11, found
