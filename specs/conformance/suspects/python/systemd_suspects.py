# /// script
# requires-python = ">=3.11"
# [tool.gnomon]
# debian = ["systemd"]
# [[tool.gnomon.suspect]]
# fault = "Midnight is left out by a step of minutes that does not divide the hour."
# rules = ["FIRE-4"]
# cases = ["FIRE-4/numbers-lists-ranges-steps/3[78]"]
# [[tool.gnomon.suspect]]
# fault = "On the day of a fold, a step of hours that does not divide the day leaves out midnight."
# rules = ["FIRE-5"]
# cases = ["FIRE-5/drawn/51"]
# [[tool.gnomon.suspect]]
# fault = "Asked in a repeated hour, it answers instants that it leaves out if it is asked before."
# rules = ["FIRE-5"]
# cases = ["FIRE-5/fold-new-york/3?", "FIRE-5/fold-new-york/4?"]
# ///
"""Faults of systemd's calendar events, without the adapter."""

import re
import subprocess


def following(event, asked):
    command = ["/usr/bin/systemd-analyze", "calendar", f"--base-time={asked} UTC", event]
    done = subprocess.run(  # noqa: S603
        command, env={"TZ": "UTC", "LC_ALL": "C"}, capture_output=True, text=True, check=True
    )
    found = re.search(r"Next elapse: \w+ (\S+ \S+) UTC", done.stdout)[1]
    print(f"{event} asked at {asked} UTC: {found} UTC")
    return found


assert following("*:0/7:00 UTC", "2027-12-30 22:58:59") == "2027-12-30 23:00:00"
assert following("*:0/7:00 UTC", "2027-12-30 23:58:59") == "2027-12-31 00:07:00"
assert following("*:0/40:00 UTC", "2027-12-30 23:58:59") == "2027-12-31 00:40:00"
IN_ST_JOHNS = "*-*-* 0/7:31:00 America/St_Johns"
assert following(IN_ST_JOHNS, "2023-11-04 00:20:00") == "2023-11-04 03:01:00"
assert following(IN_ST_JOHNS, "2023-11-05 00:20:00") == "2023-11-05 11:01:00"

AT_HALF_PAST_ONE = "*-*-* 1:30:00 America/New_York"
assert following(AT_HALF_PAST_ONE, "2024-11-03 05:45:00") == "2024-11-04 06:30:00"
assert following(AT_HALF_PAST_ONE, "2024-11-03 06:15:00") == "2024-11-03 06:30:00"
