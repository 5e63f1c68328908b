# /// script
# dependencies = ["celery>=5.5", "tzdata"]
# [[tool.gnomon.suspect]]
# adapters = ["redbeat"]
# fault = "A job that a gap postpones is lost if it is asked for between the gap and its time."
# rules = ["META-1"]
# cases = ["FIRE-5/gap-*", "FIRE-5/a-day-that-never-was/*", "FIRE-5/drawn/11"]
# [[tool.gnomon.suspect]]
# adapters = ["redbeat"]
# fault = "It accepts names of other fields, names with more letters, and terms that go on."
# rules = ["JOB-4"]
# cases = ["JOB-4/out-of-range/1?", "JOB-4/malformed/1?", "JOB-4/malformed/20", "JOB-4/drawn/04"]
# ///
"""Faults of celery, without the adapter."""

from datetime import UTC, datetime

from celery import Celery
from celery.schedules import crontab

app = Celery("suspect", set_as_current=False)
app.conf.timezone = "America/New_York"


def following(asked):
    schedule = crontab(minute="30", hour="2", nowfun=lambda: asked, app=app)
    found = asked + schedule.remaining_estimate(asked)
    print(f"30 2 * * * asked at {asked}: {found}")
    return found


assert following(datetime(2024, 3, 10, 6, 45, tzinfo=UTC)).day == 10
assert following(datetime(2024, 3, 10, 7, 10, tzinfo=UTC)).day == 11

print(crontab(minute="0", hour="0", month_of_year="JANUAR"))
print(crontab(minute="MON"), crontab(minute="1-2-3"), crontab(minute="*/5/2"), crontab(minute="٣"))
print(crontab(minute="0", hour="0", day_of_week="MON-"))
