# /// script
# requires-python = ">=3.11"
# dependencies = ["apscheduler==4.0.0a6", "tzdata"]
# ///
"""Adapter: APScheduler 4 (alpha), its CronTrigger."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from adapter_kit import Refused, first, serve
from apscheduler.triggers.cron import CronTrigger

PROFILE = {
    "steps_on_names": "ignored",
    "large_steps": "refused-above-range",
    "day_fields": "both",
    "gap": "shifted-first",
    "fold": "both",
    "real_time": "never",
    "step_on_number": "to-end",
    "nicknames": "refused",
    "star_in_list": "accepted",
    "never_due": "accepted",
}


def next_instants(cron, zone, after, count):
    try:
        trigger = CronTrigger.from_crontab(cron, timezone=ZoneInfo(zone))
    except ValueError as error:
        raise Refused(str(error)) from None
    trigger.start_time = (after + timedelta(seconds=1)).astimezone(ZoneInfo(zone))
    return first(iter(trigger.next, None), count)


if __name__ == "__main__":
    serve("apscheduler", next_instants, profile=PROFILE)
