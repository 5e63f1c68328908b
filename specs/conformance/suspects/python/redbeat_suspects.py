# /// script
# dependencies = ["celery-redbeat>=2.3", "celery>=5.5", "time-machine", "tzdata"]
# [[tool.gnomon.suspect]]
# fault = "After a fold the next run is as much too late as the clock was set back."
# rules = ["FIRE-4", "FIRE-5", "PUB-1"]
# cases = ["zones/fold-*", "zones/hourly-through-a-fold", "zones/at-the-fold",
#          "zones/twice-an-hour-in-a-fold", "zones/restart-in-a-fold"]
# ///
"""Faults of RedBeat, without the adapter, a store or a broker."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import time_machine
from celery import Celery
from celery.schedules import crontab
from redbeat import RedBeatSchedulerEntry

app = Celery("suspect", set_as_current=False)
app.conf.update(timezone="America/New_York", redbeat_redis_url="redis://localhost:1")


def due_at(hour, minute, *ran):
    """When a job is due next that has just run."""
    ran = datetime(*ran, tzinfo=UTC).astimezone(ZoneInfo("America/New_York"))
    schedule = crontab(hour=hour, minute=minute, app=app)
    with time_machine.travel(ran, tick=False):
        entry = RedBeatSchedulerEntry("job", "task", schedule, app=app, last_run_at=ran)
        found = entry.due_at.astimezone(UTC)
    print(f"{minute} {hour} * * *, which ran at {ran.astimezone(UTC)}, is due at {found}")
    return found


# On 1 November 2026 the clock goes from 02:00 to 01:00, at 06:00Z.
assert due_at("1", "30", 2026, 10, 31, 5, 30) == datetime(2026, 11, 1, 5, 30, tzinfo=UTC)
assert due_at("1", "30", 2026, 11, 1, 5, 30) == datetime(2026, 11, 2, 7, 30, tzinfo=UTC)
assert due_at("*", "15", 2026, 11, 1, 5, 15) == datetime(2026, 11, 1, 8, 15, tzinfo=UTC)
