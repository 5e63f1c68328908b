# /// script
# dependencies = ["cronsim>=2.6", "tzdata"]
# [[tool.gnomon.suspect]]
# adapters = ["aiocron"]
# fault = "Asked in the second copy of a repeated hour, it answers with a time of the first one."
# rules = ["FIRE-5", "META-1"]
# cases = ["FIRE-5/fold-new-york/3?", "FIRE-5/fold-new-york/4?"]
# [[tool.gnomon.suspect]]
# adapters = ["aiocron"]
# fault = "It reads letters that Unicode writes in upper case as ASCII."
# rules = ["JOB-4"]
# cases = ["JOB-4/malformed/21"]
# ///
"""Faults of cronsim, without the adapter."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from cronsim import CronSim

asked = datetime(2024, 11, 3, 6, 15, tzinfo=UTC)  # 01:15 in New York, for the second time
found = next(CronSim("30 1 * * *", asked.astimezone(ZoneInfo("America/New_York"))))
print(f"30 1 * * * asked at {asked}: {found.astimezone(UTC)}")
assert found.astimezone(UTC) < asked

found = next(CronSim("0 0 * * ſUN", datetime(2026, 1, 1)))
print(f"0 0 * * ſUN: {found}")
assert found == datetime(2026, 1, 4)
