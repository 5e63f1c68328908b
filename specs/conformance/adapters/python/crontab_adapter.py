# /// script
# requires-python = ">=3.11"
# dependencies = ["crontab", "tzdata"]
# [tool.gnomon]
# levels = ["next"]
# ///
"""Adapter: crontab (josiahcarlson/parse-crontab), which rq-scheduler uses."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from adapter_kit import Horizon, Refused, repeated, serve
from crontab import CronTab

PROFILE = {
    "day_fields": "both",
    "gap": "shifted-first",
    "real_time": "never",
    "step_on_number": "to-end",
    "large_steps": "refused-past-end",
    "nickname_case": "lower",
    "star_in_list": "accepted",
    "question_mark": "any",
    "last_day": "accepted",
    "sixth_field": "year",
    "never_due": "accepted",
    "seventh_field": "year",
}


END = datetime(2099, 12, 31, 23, 59, tzinfo=UTC)
"""Its years are 1970 to 2099."""


def next_instants(cron, zone, after, count):
    try:
        table = CronTab(cron)
    except ValueError as error:
        raise Refused(str(error)) from None

    def step(previous):
        found = table.next(previous.astimezone(ZoneInfo(zone)), return_datetime=True)
        return None if found is None else found.astimezone(UTC)

    found = repeated(step, after, count)
    if len(found) < count:
        raise Horizon(found, END)
    return found


if __name__ == "__main__":
    serve("crontab", next_instants, profile=PROFILE)
