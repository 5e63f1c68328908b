# /// script
# requires-python = ">=3.11"
# dependencies = ["cronsim>=2.6", "tzdata"]
# [tool.gnomon]
# levels = ["next"]
# ///
"""Adapter: cronsim, Debian's rules for cron definitions."""

from zoneinfo import ZoneInfo

from adapter_kit import Refused, first, serve
from cronsim import CronSim, CronSimError

PROFILE = {
    "day_fields": "either-unless-star",
    "step_on_number": "to-end",
    "range_to_sunday": "refused",
    "nicknames": "refused",
    "star_in_list": "accepted",
    "last_day": "accepted",
    "nth_weekday": "and-last",
    "sixth_field": "seconds-first",
}


def next_instants(cron, zone, after, count):
    try:
        iterator = CronSim(cron, after.astimezone(ZoneInfo(zone)))
    except CronSimError as error:
        raise Refused(str(error)) from None
    return first(iterator, count)


if __name__ == "__main__":
    serve("cronsim", next_instants, profile=PROFILE)
