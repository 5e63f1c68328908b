# /// script
# dependencies = ["periodiq", "tzdata"]
# [[tool.gnomon.suspect]]
# fault = "The next time keeps the present minute, hour or day when a larger field moves on."
# rules = ["FIRE-4", "FIRE-5", "META-1"]
# cases = ["FIRE-4/drawn/*", "FIRE-5/drawn/*", "JOB-4/drawn/*", "FIRE-4/either-day-field/*",
#          "FIRE-4/numbers-lists-ranges-steps/09", "FIRE-4/numbers-lists-ranges-steps/42"]
# [[tool.gnomon.suspect]]
# fault = "The next time keeps the present minute, hour or day when a larger field moves on."
# rules = ["JOB-4"]
# cases = ["JOB-4/drawn/31", "JOB-4/drawn/44", "JOB-4/drawn/48", "JOB-4/drawn/54",
#          "JOB-4/drawn/55"]
# [[tool.gnomon.suspect]]
# fault = "Hours are added as time that passes: near a change of offset it is early, late or lost."
# rules = ["FIRE-5", "META-1"]
# cases = ["FIRE-5/gap-*", "FIRE-5/fold-*", "FIRE-5/a-day-that-never-was/*",
#          "zones/fold-lord-howe"]
# [[tool.gnomon.suspect]]
# fault = "A day that the month has not becomes a day of the next month."
# rules = ["FIRE-4", "META-1"]
# cases = ["FIRE-4/ends-of-months-and-years/*", "FIRE-4/numbers-lists-ranges-steps/29",
#          "FIRE-4/numbers-lists-ranges-steps/62", "JOB-4/never-due/*"]
# [[tool.gnomon.suspect]]
# fault = "Sunday as 7 is left out after a day of the same range, and on a Sunday."
# rules = ["FIRE-4", "META-1"]
# cases = ["FIRE-4/sunday/*"]
# [[tool.gnomon.suspect]]
# fault = "It does not check numbers: what it cannot read fails with an IndexError or a KeyError."
# rules = ["JOB-4", "FIRE-4", "META-1"]
# cases = ["JOB-4/out-of-range/*", "JOB-4/backward-ranges/*", "JOB-4/malformed/*",
#          "JOB-4/never-due/*", "JOB-4/extensions/*", "JOB-4/drawn/*", "FIRE-4/names/10",
#          "FIRE-4/nicknames/07"]
# ///
"""Faults of periodiq, without the adapter."""

import pendulum
from periodiq import cron


def following(definition, *asked, zone="UTC"):
    asked = pendulum.datetime(*asked, tz=zone)
    found = cron(definition).next_valid_date(asked)
    print(f"{definition} asked at {asked}: {found}")
    return found.day, found.hour, found.minute


assert following("*/13 */5 * * *", 2023, 4, 27, 21, 35) == (28, 0, 39)  # and not midnight
assert following("0-30/10 9 * * *", 2026, 1, 1, 0, 0) == (1, 9, 10)  # and not 09:00
assert following("0 12 10-12 6 SAT", 2026, 1, 1) == (3, 12, 0)  # a Wednesday
assert cron("0 0 29 2 *").next_valid_date(pendulum.datetime(2026, 1, 1)).month == 3
assert following("0 0 * * 5-7", 2026, 1, 3, 12) == (9, 0, 0)  # and not Sunday, 4 January

# In New York the clock goes from 02:00 to 03:00 on 10 March 2024.
assert following("0 3 * * *", 2024, 3, 9, 12, zone="America/New_York") == (10, 4, 0)  # late
assert following("30 2 * * *", 2024, 11, 2, 12, zone="America/Havana") == (3, 1, 30)  # early
assert following("30 2 * * *", 2024, 3, 9, 12, zone="America/New_York") == (10, 3, 30)
assert following("30 2 * * *", 2024, 3, 10, 3, zone="America/New_York") == (11, 2, 30)  # lost

# Lord Howe repeats 01:30 to 02:00: this job runs once, and twice where a whole hour is repeated.
asked = pendulum.datetime(2026, 4, 4, 14, 45).in_timezone("Australia/Lord_Howe")
found = cron("45 1 * * *").next_valid_date(asked)
assert found == pendulum.datetime(2026, 4, 5, 14, 45), found  # 01:15, and of the next day
asked = pendulum.datetime(2026, 11, 1, 5, 30).in_timezone("America/New_York")
found = cron("30 1 * * *").next_valid_date(asked)
assert found.in_timezone("UTC").hour == 6, found

assert following("* * * * 8", 2026, 1, 1)[0] == 5
assert following("410 8 * * *", 2026, 1, 1) == (1, 8, 50)
print(cron("0 0 1 1 * 2030"), cron("0 0 0 1 1 * 2030"), "what follows five fields is ignored")
print(cron("* 3,507 * * 1-5/2"), cron("* */4 */2,5,9 4-/ *"))
for definition in ("", "@dayly", "@Daily", "0 0 * * FRI-MON", "0 9 * * FRI-SUN", "* * * *-* *"):
    try:
        cron(definition)
    except (IndexError, KeyError) as error:
        print(f"{definition!r}: {error!r}")
    except ValueError as error:
        print(f"{definition!r} is refused: {error}")
    else:
        raise AssertionError(definition)
