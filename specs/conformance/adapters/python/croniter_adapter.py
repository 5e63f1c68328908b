# /// script
# requires-python = ">=3.11"
# dependencies = ["croniter>=6", "tzdata"]
# [tool.gnomon]
# levels = ["next"]
# ///
"""Adapter: croniter, which computes the instants of a cron definition."""

from datetime import datetime
from zoneinfo import ZoneInfo

from adapter_kit import Refused, serve
from croniter import croniter
from croniter.croniter import CroniterError

PROFILE = {
    "equal_ranges": "whole-field",
    "fold": "both",
    "real_time": "hour",
    "backward_ranges": "wrap",
    "step_on_number": "to-end",
    "nicknames": "midnight",
    "star_in_list": "accepted",
    "question_mark": "any",
    "last_day": "accepted",
    "nth_weekday": "accepted",
    "sixth_field": "seconds-last",
    "nearest_weekday": "accepted",
    "seventh_field": "year",
}

# A slot of the gap is moved to the first instant after it, which the fields need not match.
KNOWN = [
    {"rule": "FIRE-5", "scenario": case, "url": "https://github.com/pallets-eco/croniter/pull/266"}
    for case in ("FIRE-5/gap-new-york/29", "FIRE-5/drawn/45")
]


def next_instants(cron, zone, after, count):
    try:
        iterator = croniter(cron, after.astimezone(ZoneInfo(zone)))
        return [iterator.get_next(datetime) for _ in range(count)]
    except CroniterError as error:
        raise Refused(str(error)) from None


if __name__ == "__main__":
    serve("croniter", next_instants, profile=PROFILE, known=KNOWN)
