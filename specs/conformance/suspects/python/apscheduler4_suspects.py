# /// script
# dependencies = ["apscheduler==4.0.0a6", "tzdata"]
# [[tool.gnomon.suspect]]
# fault = "A job that a gap postpones is lost if it is asked for between the gap and its time."
# rules = ["META-1"]
# cases = ["FIRE-5/gap-*", "FIRE-5/a-day-that-never-was/*", "FIRE-5/drawn/11"]
# [[tool.gnomon.suspect]]
# fault = "The day after a gap, or the month, is left out."
# rules = ["FIRE-5"]
# cases = ["FIRE-5/plain-zones/*", "FIRE-5/gap-and-fold-elsewhere/*"]
# [[tool.gnomon.suspect]]
# fault = "Steps on days of the week count from Monday, although Sunday is 0."
# rules = ["FIRE-4"]
# cases = ["FIRE-4/*"]
# [[tool.gnomon.suspect]]
# fault = "A day of the week above 7 fails with an IndexError."
# rules = ["JOB-4"]
# cases = ["JOB-4/out-of-range/*"]
# [[tool.gnomon.suspect]]
# fault = "It accepts what is left of a range, and digits that are not ASCII."
# rules = ["JOB-4"]
# cases = ["JOB-4/malformed/19", "JOB-4/malformed/20"]
# [[tool.gnomon.suspect]]
# fault = "An interval counts in local time: an instant of a gap comes twice, later ones shift."
# rules = ["FIRE-2", "META-1"]
# cases = ["FIRE-2/through-a-change-of-offset/*", "FIRE-2/drawn/*"]
# ///
"""Faults of apscheduler4, without the adapter."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger


def first(definition, zone, start, count=1):
    local = start.astimezone(ZoneInfo(zone))
    trigger = CronTrigger.from_crontab(definition, timezone=ZoneInfo(zone))
    trigger.start_time = local
    found = [trigger.next() for _ in range(count)]
    print(f"{definition} from {local}: {[str(one) for one in found]}")
    return found


(before,) = first("30 2 * * *", "America/New_York", datetime(2024, 3, 10, 6, 45, tzinfo=UTC))
(after,) = first("30 2 * * *", "America/New_York", datetime(2024, 3, 10, 7, 10, tzinfo=UTC))
assert before.astimezone(UTC) == datetime(2024, 3, 10, 7, 30, tzinfo=UTC)
assert after.astimezone(UTC).day == 11

found = first("0 0 1 * *", "Europe/Warsaw", datetime(2026, 1, 15, tzinfo=UTC), 3)
assert [one.month for one in found] == [2, 3, 5]

found = first("0 12 * * */2", "UTC", datetime(2026, 1, 1, tzinfo=UTC), 2)
assert [one.day for one in found] == [2, 4]  # a Friday, and a Sunday

hourly = IntervalTrigger(
    hours=1, start_time=datetime(2024, 3, 10, 1, 30, tzinfo=ZoneInfo("America/New_York"))
)
found = [hourly.next() for _ in range(3)]
print(f"every hour from {found[0]}: {[str(one.astimezone(UTC)) for one in found]}")
assert found[1].astimezone(UTC) == found[2].astimezone(UTC)

for definition in ("* * * * 8", "0 0 * * MON-", "٣ * * * *"):
    try:
        print(f"{definition}: {CronTrigger.from_crontab(definition)}")
    except IndexError as error:
        print(f"{definition}: IndexError: {error}")
