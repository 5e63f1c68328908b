# /// script
# requires-python = ">=3.11"
# dependencies = ["huey>=2.5", "tzdata"]
# ///
"""Adapter: huey, whose crontab() is asked at every minute whether a task is due."""

from zoneinfo import ZoneInfo

from adapter_kit import Refused, scan, serve
from huey import crontab

KEYS = ("minute", "hour", "day", "month", "day_of_week")

PROFILE = {
    "day_fields": "both",
    "gap": "skipped",
    "fold": "both",
    "backward_ranges": "wrap",
    "names": "refused",
    "steps_on_weekdays": "refused",
    "nicknames": "refused",
    "star_in_list": "accepted",
    "never_due": "accepted",
}


def next_instants(cron, zone, after, count):
    fields = cron.split()
    if len(fields) != len(KEYS):
        raise Refused(f"crontab() takes five fields; given were {len(fields)}")
    try:
        is_due = crontab(**dict(zip(KEYS, fields)), strict=True)
    except ValueError as error:
        raise Refused(str(error)) from None
    local = ZoneInfo(zone)
    return scan(lambda minute: is_due(minute.astimezone(local).replace(tzinfo=None)), after, count)


if __name__ == "__main__":
    serve("huey", next_instants, profile=PROFILE)
