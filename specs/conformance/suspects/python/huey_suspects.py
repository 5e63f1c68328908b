# /// script
# dependencies = ["huey>=2.5"]
# [[tool.gnomon.suspect]]
# fault = "It accepts digits that are not ASCII."
# rules = ["JOB-4"]
# cases = ["JOB-4/malformed/20"]
# ///
"""Faults of huey, without the adapter."""

from datetime import datetime

from huey import crontab

is_due = crontab(minute="٣", strict=True)
print("٣ * * * * at minute 3:", is_due(datetime(2026, 1, 1, 0, 3)))
assert is_due(datetime(2026, 1, 1, 0, 3))
assert not is_due(datetime(2026, 1, 1, 0, 4))
