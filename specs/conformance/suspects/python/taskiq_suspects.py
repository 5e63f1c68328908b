# /// script
# dependencies = ["taskiq>=0.11", "tzdata"]
# [[tool.gnomon.suspect]]
# fault = "It checks nothing: a term that it does not understand is passed over, the others count."
# rules = ["JOB-4", "FIRE-4"]
# cases = ["JOB-4/out-of-range/*", "JOB-4/extensions/*", "JOB-4/malformed/*", "JOB-4/drawn/*",
#          "FIRE-4/drawn/45"]
# [[tool.gnomon.suspect]]
# fault = "A range to Sunday, or beyond it, ends on Saturday."
# rules = ["JOB-4", "FIRE-4"]
# cases = ["JOB-4/backward-ranges/*", "FIRE-4/names/10"]
# [[tool.gnomon.suspect]]
# fault = "A range of names with a step is never due, although it may begin with a number."
# rules = ["FIRE-4"]
# cases = ["FIRE-4/names/04"]
# [[tool.gnomon.suspect]]
# fault = "A * anywhere in a day field makes both day fields necessary."
# rules = ["FIRE-4"]
# cases = ["FIRE-4/drawn/35"]
# [[tool.gnomon.suspect]]
# fault = "Two spaces between fields raise an error each time it asks whether the job is due."
# rules = ["JOB-4"]
# cases = ["JOB-4/drawn/17", "JOB-4/drawn/55"]
# ///
"""Faults of taskiq, whose crons pycron reads, without the adapter."""

from datetime import UTC, datetime

from taskiq.cli.scheduler.run import CronValueError, is_cron_task_now
from taskiq.scheduler.scheduled_task import ScheduledTask

FRIDAY, SUNDAY, MONDAY = (datetime(2026, 1, day, tzinfo=UTC) for day in (2, 4, 5))


def is_due(cron, now=FRIDAY):
    ScheduledTask(task_name="t", labels={}, args=[], kwargs={}, cron=cron)
    found = is_cron_task_now(cron, now, "UTC")
    print(f"{cron} at {now:%A %H:%M}: {found}")
    return found


for cron in ("0-60 * * * *", "0,,2 * * * *", ",0 * * * *", "*,0 * * * *", "0 393,0 * * *"):
    assert is_due(cron)
for cron in ("0 0 * 1,X *", "0 0 ? * FRI", "٠ * * * *", "0 0 * SEP,1 *"):
    assert is_due(cron)
assert not is_due("0 0 2x * *")
assert not is_due("0 0 * * ſUN", SUNDAY)
for cron, later in (("0 0 * * FRI-MON", MONDAY), ("0 0 * * FRI-SUN", SUNDAY)):
    assert is_due(cron)
    assert not is_due(cron, later)
assert is_due("0 0 * * 2-FRI/3")
assert not is_due("0 0 * * TUE-FRI/3")
assert is_due("0 0 5 * FRI,0,6")
assert not is_due("0 0 5 * FRI,*/6")
for cron, kind in (
    ("*/0 * * * *", ZeroDivisionError),
    ("*/ * * * *", CronValueError),
    ("*/5/2 * * * *", CronValueError),
    ("*/*1 * * * *", CronValueError),
    ("0  0 * * *", CronValueError),
):
    try:
        is_due(cron)
    except kind as error:
        print(f"{cron}: {error!r}")
    else:
        raise AssertionError(cron)
