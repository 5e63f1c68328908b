# /// script
# dependencies = ["rq-scheduler>=0.14", "time-machine", "tzdata"]
# [[tool.gnomon.suspect]]
# fault = "With a local time zone, a time near a change of offset is an hour off, or in the past."
# rules = ["FIRE-4", "FIRE-5", "META-1", "PUB-1"]
# cases = ["FIRE-5/gap-*", "FIRE-5/fold-*", "FIRE-5/drawn/*", "FIRE-5/a-day-that-never-was/*",
#          "zones/gap-*", "zones/hourly-through-a-gap"]
# [[tool.gnomon.suspect]]
# fault = "A definition that is not due before 2100 fails with an AttributeError."
# rules = ["JOB-4", "FIRE-4"]
# cases = ["JOB-4/never-due/*", "JOB-4/extensions/1?", "FIRE-4/either-day-field/*",
#          "FIRE-4/ends-of-months-and-years/21"]
# [[tool.gnomon.suspect]]
# fault = "It accepts digits that are not ASCII."
# rules = ["JOB-4"]
# cases = ["JOB-4/malformed/20"]
# ///
"""Faults of rq-scheduler, without the adapter."""

import os
import time
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import time_machine
from rq_scheduler.utils import get_next_scheduled_time


def following(definition, asked, zone="America/New_York"):
    os.environ["TZ"] = zone
    time.tzset()
    with time_machine.travel(asked.astimezone(ZoneInfo(zone)), tick=False):
        found = get_next_scheduled_time(definition, use_local_timezone=True)
    found = found if found.tzinfo else found.replace(tzinfo=UTC)
    print(f"{definition} asked at {asked}: {found.astimezone(UTC)}")
    return found


asked = datetime(2024, 3, 10, 6, 45, tzinfo=UTC)  # 01:45, a quarter of an hour before the gap
found = following("30 2 * * *", asked)
assert found <= asked or found.day == 11, found

asked = datetime(2011, 12, 29, 12, tzinfo=UTC)  # Apia has no 30 December 2011
assert following("0 0 * * *", asked, "Pacific/Apia") < asked

asked = datetime(2026, 1, 1, tzinfo=UTC)
assert following("٣ * * * *", asked, "UTC").minute == 3
for definition in ("0 0 30 2 *", "0 0 31 2,4,6 *", "0 0 1 1 * 2025", "0 0 0 1 1 * 2025"):
    try:
        following(definition, asked, "UTC")
    except AttributeError as error:
        print(f"{definition}: {error!r}")
    else:
        raise AssertionError(definition)
