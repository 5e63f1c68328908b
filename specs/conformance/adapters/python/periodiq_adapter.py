# /// script
# requires-python = ">=3.11"
# dependencies = ["periodiq", "tzdata"]
# ///
"""Adapter: periodiq, the periodic tasks of Dramatiq: what its `next_valid_date` answers.

Its scheduler checks each date again before it sends a message, so that a wrong answer here may be
repaired there.
"""

import pendulum
from adapter_kit import Refused, repeated, serve
from periodiq import cron as read

PROFILE = {
    "day_fields": "either-unless-full",
    "gap": "shifted",
    "fold": "both",
    "step_on_number": "alone",
    "nicknames": "midnight",
    "star_in_list": "accepted",
    "sixth_field": "year",
}


def next_instants(cron, zone, after, count):
    try:
        spec = read(cron)
    except (ValueError, TypeError) as error:
        raise Refused(str(error)) from None

    def step(previous):
        return spec.next_valid_date(pendulum.instance(previous).in_timezone(zone))

    return repeated(step, after, count)


if __name__ == "__main__":
    serve("periodiq", next_instants, profile=PROFILE)
