# /// script
# dependencies = ["cron-converter>=2", "tzdata"]
# [[tool.gnomon.suspect]]
# fault = "A job that a gap postpones is lost if it is asked for between the gap and its time."
# rules = ["META-1"]
# cases = ["FIRE-5/gap-new-york/01", "FIRE-5/gap-new-york/06", "FIRE-5/gap-new-york/14",
#          "FIRE-5/gap-new-york/17", "FIRE-5/gap-new-york/22", "FIRE-5/gap-new-york/30",
#          "FIRE-5/gap-and-fold-elsewhere/*", "FIRE-5/a-day-that-never-was/01",
#          "FIRE-5/a-day-that-never-was/04", "FIRE-5/drawn/11"]
# [[tool.gnomon.suspect]]
# fault = "The hour, or the day, after a gap comes twice: it answers with one instant two times."
# rules = ["FIRE-5", "META-1"]
# cases = ["FIRE-5/gap-new-york/08", "FIRE-5/gap-new-york/15", "FIRE-5/gap-new-york/24",
#          "FIRE-5/gap-new-york/26", "FIRE-5/gap-new-york/27", "FIRE-5/gap-new-york/28",
#          "FIRE-5/gap-new-york/31", "FIRE-5/a-day-that-never-was/02",
#          "FIRE-5/a-day-that-never-was/03"]
# [[tool.gnomon.suspect]]
# fault = "Asked in the second copy of a repeated hour, it answers with a time of the first one."
# rules = ["FIRE-5", "META-1"]
# cases = ["FIRE-5/fold-new-york/3?", "FIRE-5/fold-new-york/4?"]
# [[tool.gnomon.suspect]]
# fault = "In a range with a step, Sunday as 7 counts as if it were the first day."
# rules = ["FIRE-4"]
# cases = ["FIRE-4/sunday/08"]
# [[tool.gnomon.suspect]]
# fault = "It looks no further than 24 months that match: a 29 February on a Monday may be later."
# rules = ["FIRE-4"]
# cases = ["FIRE-4/either-day-field/05", "FIRE-4/either-day-field/14"]
# [[tool.gnomon.suspect]]
# fault = "It accepts digits and letters that are not ASCII."
# rules = ["JOB-4"]
# cases = ["JOB-4/malformed/20", "JOB-4/malformed/21"]
# ///
"""Faults of cron-converter, without the adapter."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from cron_converter import Cron


def following(definition, *asked, zone="America/New_York", count=1):
    asked = datetime(*asked, tzinfo=UTC)
    schedule = Cron(definition).schedule(asked.astimezone(ZoneInfo(zone)))
    found = [schedule.next().astimezone(UTC) for _ in range(count)]
    print(f"{definition} asked at {asked}: {', '.join(map(str, found))}")
    return found


assert following("30 2 * * *", 2024, 3, 10, 6, 45) == [datetime(2024, 3, 10, 7, 30, tzinfo=UTC)]
assert following("30 2 * * *", 2024, 3, 10, 7) == [datetime(2024, 3, 11, 6, 30, tzinfo=UTC)]
for definition in ("0 * * * *", "30 2,3 * * *"):
    first, second = following(definition, 2024, 3, 10, 6, 45, count=2)
    assert first == second
first, *_, last = following("*/15 * * * *", 2024, 3, 10, 6, 45, count=5)
assert first == last
first, second = following("0 0 * * *", 2011, 12, 29, 12, zone="Pacific/Apia", count=2)
assert first == second
assert following("30 1 * * *", 2024, 11, 3, 6, 15) == [datetime(2024, 11, 3, 5, 30, tzinfo=UTC)]
days = following("0 0 * * 1-7/3", 2026, 1, 1, zone="UTC", count=2)
assert [day.day for day in days] == [5, 8]  # and not Sunday, 4 January
print(Cron("٣ * * * *"), Cron("0 0 * * ſUN"))
try:
    following("0 0 29 2 1", 2072, 3, 1)  # it is in 2112
except Exception as error:  # it has no type of its own
    print(f"0 0 29 2 1: {error!r}")
else:
    raise AssertionError("29 February on a Monday was found")
