# /// script
# dependencies = ["apscheduler>=3.11,<4", "tzdata"]
# [[tool.gnomon.suspect]]
# fault = "A job that a gap postpones is lost if it is asked for between the gap and its time."
# rules = ["META-1"]
# cases = ["FIRE-5/gap-*", "FIRE-5/a-day-that-never-was/*", "FIRE-5/drawn/11"]
# [[tool.gnomon.suspect]]
# fault = "A day whose midnight a gap leaves out is left out."
# rules = ["FIRE-5"]
# cases = ["FIRE-5/gap-and-fold-elsewhere/27", "FIRE-5/gap-and-fold-elsewhere/28",
#          "FIRE-5/gap-and-fold-elsewhere/39", "FIRE-5/gap-and-fold-elsewhere/40",
#          "FIRE-5/gap-and-fold-elsewhere/45", "FIRE-5/gap-and-fold-elsewhere/46"]
# [[tool.gnomon.suspect]]
# fault = "It accepts what is left of a range, and digits that are not ASCII."
# rules = ["JOB-4"]
# cases = ["JOB-4/malformed/19", "JOB-4/malformed/20"]
# [[tool.gnomon.suspect]]
# fault = "It reports the latest of several missed instants only."
# rules = ["MISS-3"]
# cases = ["clock/*-forward", "intervals/late-by-more-than-the-interval", "restarts/*",
#          "together/a-hundred-missed"]
# ///
"""Faults of apscheduler3, without the adapter."""

import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from apscheduler import events
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger

trigger = CronTrigger.from_crontab("30 2 * * *", timezone=ZoneInfo("America/New_York"))
before = trigger.get_next_fire_time(None, datetime(2024, 3, 10, 6, 45, tzinfo=UTC))
after = trigger.get_next_fire_time(None, datetime(2024, 3, 10, 7, 10, tzinfo=UTC))
print(f"30 2 * * *: at 06:45 the next is {before.astimezone(UTC)}")
print(f"30 2 * * *: at 07:10 the next is {after.astimezone(UTC)}")
assert before.astimezone(UTC) == datetime(2024, 3, 10, 7, 30, tzinfo=UTC)
assert after.day == 11

trigger = CronTrigger.from_crontab("0 0 * * *", timezone=ZoneInfo("America/Havana"))
found = trigger.get_next_fire_time(None, datetime(2024, 3, 9, 12, tzinfo=UTC))
print(f"0 0 * * * in Havana on 9 March: {found}")
assert found.day == 11

for definition in ("0 0 * * MON-", "٣ * * * *"):
    print(f"{definition}: {CronTrigger.from_crontab(definition)}")

missed, submitted = [], []
now = datetime.now(UTC)
scheduler = BackgroundScheduler(timezone=UTC)
scheduler.add_listener(lambda seen: missed.append(seen.scheduled_run_time), events.EVENT_JOB_MISSED)
scheduler.add_listener(submitted.append, events.EVENT_JOB_SUBMITTED)
first = now - timedelta(seconds=190)
scheduler.add_job(print, "interval", minutes=1, start_date=first, next_run_time=first)
scheduler.start()
time.sleep(1)
scheduler.shutdown()
print(f"of the 4 instants that were missed, it reports {[at.isoformat() for at in missed]}")
assert (len(missed), len(submitted)) == (1, 1)
