# /// script
# requires-python = ">=3.11"
# dependencies = ["apscheduler>=3.11,<4", "tzdata"]
# ///
"""Adapter: APScheduler 3, its CronTrigger."""

from datetime import UTC, timedelta
from zoneinfo import ZoneInfo

from adapter_kit import Refused, serve
from apscheduler.triggers.cron import CronTrigger

INSTANT = timedelta(microseconds=1)

PROFILE = {
    "steps_on_names": "ignored",
    "large_steps": "refused-above-range",
    "weekday_numbers": "monday-0",
    "day_fields": "both",
    "gap": "shifted-first",
    "fold": "both",
    "real_time": "never",
    "step_on_number": "to-end",
    "nicknames": "refused",
    "star_in_list": "accepted",
    "never_due": "accepted",
}

KNOWN = [
    {
        "rule": "FIRE-5",
        "scenario": "FIRE-5/gap-and-fold-elsewhere/03",
        "url": "https://github.com/agronholm/apscheduler/issues/606",
    },
    {
        "rule": "FIRE-5",
        "scenario": "FIRE-5/gap-and-fold-elsewhere/04",
        "url": "https://github.com/agronholm/apscheduler/issues/606",
    },
    {
        "rule": "FIRE-5",
        "scenario": "FIRE-5/gap-and-fold-elsewhere/15",
        "url": "https://github.com/agronholm/apscheduler/issues/606",
    },
    {
        "rule": "FIRE-5",
        "scenario": "FIRE-5/plain-zones/02",
        "url": "https://github.com/agronholm/apscheduler/issues/606",
    },
    {
        "rule": "FIRE-5",
        "scenario": "FIRE-5/plain-zones/27",
        "url": "https://github.com/agronholm/apscheduler/issues/606",
    },
]


def next_instants(cron, zone, after, count):
    try:
        trigger = CronTrigger.from_crontab(cron, timezone=ZoneInfo(zone))
    except ValueError as error:
        raise Refused(str(error)) from None
    found, previous, now = [], None, after + INSTANT
    while len(found) < count:
        previous = trigger.get_next_fire_time(previous, now)
        if previous is None:
            break
        found.append(previous)
        now = previous.astimezone(UTC) + INSTANT  # a local sum would drop the fold
    return found


if __name__ == "__main__":
    serve("apscheduler", next_instants, profile=PROFILE, known=KNOWN)
