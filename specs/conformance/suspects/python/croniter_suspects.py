# /// script
# dependencies = ["croniter>=6", "tzdata"]
# [[tool.gnomon.suspect]]
# adapters = ["procrastinate", "rq"]
# fault = "A step on a range that wraps loses the numbers after the end of the field."
# rules = ["JOB-4"]
# cases = ["JOB-4/backward-ranges/06"]
# [[tool.gnomon.suspect]]
# fault = "A job of every second hour runs at 03:00 after a gap that left out 02:00."
# rules = ["FIRE-5"]
# cases = ["FIRE-5/gap-new-york/29", "FIRE-5/drawn/45"]
# ///
"""Faults of croniter, without the adapter."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from croniter import croniter

start = datetime(2026, 1, 1)
found = [croniter("50-10/20 * * * *", start).get_next(datetime)]
found.append(croniter("50-10/20 * * * *", found[0]).get_next(datetime))
print(f"50-10/20 * * * *: {found}")  # 50, 10, 30 minutes later and so on, if a range wraps
assert [one.minute for one in found] == [50, 50]

start = datetime(2024, 3, 10, 6, 45, tzinfo=UTC).astimezone(ZoneInfo("America/New_York"))
found = croniter("0 */2 * * *", start).get_next(datetime)
print(f"0 */2 * * * asked at {start}: {found}")  # 03:00 is no multiple of two hours
assert (found.hour, found.minute) == (3, 0)
