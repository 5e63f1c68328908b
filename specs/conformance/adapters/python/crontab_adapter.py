# /// script
# requires-python = ">=3.11"
# dependencies = ["crontab", "tzdata"]
# [tool.gnomon]
# levels = ["next"]
# ///
"""Adapter: crontab (josiahcarlson/parse-crontab), which rq-scheduler uses."""

from datetime import UTC
from zoneinfo import ZoneInfo

from adapter_kit import Refused, repeated, serve
from crontab import CronTab

PROFILE = {
    "day_fields": "both",
    "gap": "shifted-first",
    "real_time": "never",
    "step_on_number": "to-end",
    "large_steps": "refused",
    "nickname_case": "lower",
    "star_in_list": "accepted",
    "question_mark": "any",
    "last_day": "accepted",
    "sixth_field": "year",
    "never_due": "accepted",
    "seventh_field": "year",
}


def next_instants(cron, zone, after, count):
    try:
        table = CronTab(cron)
    except ValueError as error:
        raise Refused(str(error)) from None

    def step(previous):
        found = table.next(previous.astimezone(ZoneInfo(zone)), return_datetime=True)
        return None if found is None else found.astimezone(UTC)

    return repeated(step, after, count)


if __name__ == "__main__":
    serve("crontab", next_instants, profile=PROFILE)
