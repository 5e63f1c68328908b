# /// script
# requires-python = ">=3.11"
# dependencies = ["celery>=5.5", "tzdata"]
# ///
"""Adapter: Celery, its crontab schedule as beat asks it."""

from adapter_kit import Refused, repeated, serve
from celery import Celery
from celery.schedules import ParseException, crontab

KEYS = ("minute", "hour", "day_of_month", "month_of_year", "day_of_week")

PROFILE = {
    "weekday_numbers": "sunday-0",
    "day_fields": "both",
    "gap": "shifted-first",
    "real_time": "never",
    "backward_ranges": "wrap",
    "nicknames": "refused",
    "star_in_list": "accepted",
}

KNOWN = [
    {
        "rule": "FIRE-5",
        "scenario": "FIRE-5/fold-new-york/*",
        "url": "https://github.com/celery/celery/pull/10608",
    },
    {
        "rule": "META-1",
        "scenario": "FIRE-5/fold-new-york/*",
        "url": "https://github.com/celery/celery/pull/10608",
    },
]


def next_instants(cron, zone, after, count):
    app = Celery("conformance", set_as_current=False)
    app.conf.timezone = zone
    app.conf.enable_utc = True
    fields = cron.split()
    if len(fields) != len(KEYS):
        raise Refused(f"crontab() takes five fields; given were {len(fields)}")
    now = after
    try:
        schedule = crontab(**dict(zip(KEYS, fields)), nowfun=lambda: now, app=app)
    except (ParseException, ValueError) as error:
        raise Refused(str(error)) from None

    def step(previous):
        nonlocal now
        now = previous
        return previous + schedule.remaining_estimate(previous)

    try:
        return repeated(step, after, count)
    except RuntimeError as error:  # it looks some thousand days ahead, and says that none matches
        raise Refused(str(error)) from None


if __name__ == "__main__":
    serve("celery", next_instants, profile=PROFILE, known=KNOWN)
