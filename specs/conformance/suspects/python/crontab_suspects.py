# /// script
# dependencies = ["crontab", "tzdata"]
# [[tool.gnomon.suspect]]
# fault = "Asked in the second copy of a repeated hour, it answers with a time of the first one."
# rules = ["FIRE-5", "META-1"]
# cases = ["FIRE-5/fold-new-york/3?", "FIRE-5/fold-new-york/4?"]
# [[tool.gnomon.suspect]]
# fault = "A job that a gap postpones is lost if it is asked for between the gap and its time."
# rules = ["META-1"]
# cases = ["FIRE-5/gap-*", "FIRE-5/a-day-that-never-was/*", "FIRE-5/drawn/11"]
# [[tool.gnomon.suspect]]
# fault = "It accepts digits that are not ASCII."
# rules = ["JOB-4"]
# cases = ["JOB-4/malformed/20"]
# ///
"""Faults of crontab, without the adapter."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from crontab import CronTab


def following(definition, asked):
    local = asked.astimezone(ZoneInfo("America/New_York"))
    wait = CronTab(definition).next(now=local, default_utc=False)
    found = asked + timedelta(seconds=round(wait))
    print(f"{definition} asked at {asked}: in {wait} s, which is {found}")
    return found


asked = datetime(2024, 11, 3, 6, 15, tzinfo=UTC)  # 01:15 for the second time
assert following("30 1 * * *", asked) < asked
assert following("30 2 * * *", datetime(2024, 3, 10, 6, 45, tzinfo=UTC)).day == 10
assert following("30 2 * * *", datetime(2024, 3, 10, 7, 10, tzinfo=UTC)).day == 11
print(CronTab("٣ * * * *"))
