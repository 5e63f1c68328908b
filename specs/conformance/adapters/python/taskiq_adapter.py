# /// script
# requires-python = ">=3.11"
# dependencies = ["taskiq>=0.11", "tzdata"]
# ///
"""Adapter: taskiq, whose scheduler asks at every minute whether a task is due."""

from adapter_kit import Refused, Unsupported, scan, serve
from taskiq.cli.scheduler import run
from taskiq.scheduler.scheduled_task import ScheduledTask

PROFILE = {
    "day_fields": "either-unless-star",
    "gap": "skipped",
    "fold": "both",
    "nicknames": "refused",
    "malformed": "never-due",
}


def next_instants(cron, zone, after, count):
    if not hasattr(run, "is_cron_task_now"):
        raise Unsupported("this version has no is_cron_task_now")
    try:
        ScheduledTask(task_name="t", labels={}, args=[], kwargs={}, cron=cron, cron_offset=zone)
        return scan(lambda minute: run.is_cron_task_now(cron, minute, zone), after, count)
    except (ValueError, run.CronValueError) as error:
        raise Refused(str(error)) from None


if __name__ == "__main__":
    serve("taskiq", next_instants, profile=PROFILE)
