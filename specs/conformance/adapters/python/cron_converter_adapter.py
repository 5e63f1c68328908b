# /// script
# requires-python = ">=3.11"
# dependencies = ["cron-converter>=2", "tzdata"]
# [tool.gnomon]
# levels = ["next"]
# ///
"""Adapter: cron-converter."""

from zoneinfo import ZoneInfo

from adapter_kit import Refused, serve
from cron_converter import Cron

PROFILE = {
    "day_fields": "both",
    "gap": "shifted",
    "real_time": "never",
    "step_on_number": "alone",
    "range_to_sunday": "refused",
    "nicknames": "refused",
    "star_in_list": "accepted",
}


def next_instants(cron, zone, after, count):
    try:
        schedule = Cron(cron).schedule(after.astimezone(ZoneInfo(zone)))
    except (ValueError, TypeError, LookupError) as error:
        raise Refused(str(error)) from None
    try:
        return [schedule.next() for _ in range(count)]
    except Exception as error:
        if str(error) != "Unable to find execution time for schedule":  # it has no type of its own
            raise
        raise Refused(str(error)) from None


if __name__ == "__main__":
    serve("cron-converter", next_instants, profile=PROFILE)
