# /// script
# dependencies = ["periodiq", "tzdata"]
# [[tool.gnomon.suspect]]
# fault = "The next time keeps the present minute when the hour or the day moves on."
# rules = ["FIRE-4", "FIRE-5", "META-1"]
# cases = ["FIRE-4/drawn/*", "FIRE-5/drawn/*", "JOB-4/drawn/*"]
# [[tool.gnomon.suspect]]
# fault = "A day that the month has not becomes a day of the next month."
# rules = ["FIRE-4", "META-1"]
# cases = ["FIRE-4/ends-of-months-and-years/*", "FIRE-4/numbers-lists-ranges-steps/29",
#          "FIRE-4/numbers-lists-ranges-steps/62"]
# [[tool.gnomon.suspect]]
# fault = "It does not check numbers, and fails with an IndexError or a KeyError."
# rules = ["JOB-4"]
# cases = ["JOB-4/out-of-range/*", "JOB-4/backward-ranges/*", "JOB-4/malformed/*",
#          "JOB-4/never-due/*"]
# ///
"""Faults of periodiq, without the adapter."""

import pendulum
from periodiq import cron


def following(definition, asked):
    found = cron(definition).next_valid_date(asked)
    print(f"{definition} asked at {asked}: {found}")
    return found


found = following("*/13 */5 * * *", pendulum.datetime(2023, 4, 27, 21, 35))
assert (found.day, found.hour, found.minute) == (28, 0, 39)  # and not midnight
assert following("0 0 29 2 *", pendulum.datetime(2026, 1, 1)).month == 3
assert following("* * * * 8", pendulum.datetime(2026, 1, 1)).day == 5

for definition in ("", "@dayly", "0 0 * * FRI-MON"):
    try:
        cron(definition)
    except (IndexError, KeyError) as error:
        print(f"{definition!r}: {error!r}")
    else:
        raise AssertionError(definition)
