# /// script
# dependencies = ["schedule", "pytz", "time-machine", "tzdata"]
# [[tool.gnomon.suspect]]
# fault = "After a job of the gap, and on the day after it, it runs an hour early as well."
# rules = ["FIRE-5", "PUB-1", "LEAD-4"]
# cases = ["zones/gap-*", "zones/restart-in-a-gap"]
# [[tool.gnomon.suspect]]
# fault = "Interval and hourly jobs count by the wall clock: after a gap they come an hour early."
# rules = ["FIRE-2", "FIRE-5", "PUB-1"]
# cases = ["zones/hourly-through-a-gap", "zones/interval-through-a-gap"]
# [[tool.gnomon.suspect]]
# fault = "Started in the second copy of a repeated hour, it runs again what ran in the first."
# rules = ["FIRE-5", "PUB-1"]
# cases = ["zones/restart-in-a-fold"]
# ///
"""Faults of schedule, without the adapter."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import schedule
import time_machine

STEP = 10  # seconds from one run_pending to the next


def runs(make, zone, hours, *start):
    """When a job runs within `hours` from `start` (UTC), in a process in `zone`."""
    found = []
    asked = datetime(*start, tzinfo=UTC).astimezone(ZoneInfo(zone))
    with time_machine.travel(asked, tick=False) as clock:
        jobs = schedule.Scheduler()
        make(jobs).do(lambda: found.append(f"{datetime.now(UTC):%d %H:%M}"))
        for _ in range(hours * 3600 // STEP):
            clock.shift(STEP)
            jobs.run_pending()
    print(f"{zone} from {asked}: {', '.join(found[:5])} and {max(0, len(found) - 5)} more")
    return found


def daily(time, zone):
    return lambda jobs: jobs.every().day.at(time, zone)


new_york = "America/New_York"
found = runs(daily("02:30", new_york), new_york, 26, 2026, 3, 8, 5)
assert found == ["08 07:30", "09 05:30", "09 06:30"]
found = runs(daily("00:30", "Africa/Cairo"), "Africa/Cairo", 26, 2026, 4, 23, 20)
assert len(found) > 100  # at each turn of the loop for half an hour
found = runs(lambda jobs: jobs.every(3600).seconds, new_york, 4, 2026, 3, 8, 4, 30)
assert found[:3] == ["08 05:30", "08 06:30", "08 07:00"]
found = runs(lambda jobs: jobs.every().hour.at(":15"), new_york, 3, 2026, 3, 8, 5)
assert found == ["08 05:15", "08 06:15", "08 07:00", "08 07:15"]
assert runs(daily("01:30", new_york), new_york, 2, 2026, 11, 1, 6, 1) == ["01 06:30"]
