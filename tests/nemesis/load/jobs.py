"""The jobs of a trial: drawn ones, which the load generator changes, and steady ones.

The one idea: the outcome of a steady job is known in advance, because nobody changes it.
"""

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import msgspec

from tests.nemesis.load.run_log import LoggedService
from tests.nemesis.system.zone_databases import ZONE

Fields = dict[str, Any]


class JobKinds(msgspec.Struct, frozen=True, kw_only=True):
    """The intervals (s) of the `steady` jobs, the range of the `drawn` ones, and all policies."""

    steady: tuple[int, ...] = (1, 2, 5)
    drawn: tuple[int, int] = (1, 5)
    misfire: tuple[str, ...] = ("once", "all", "skip")


ZONE_JOB = "zone"
"""The name of the job of a zone whose rules change: due in even minutes, or in odd ones."""

SPARSE = JobKinds(steady=(5, 10, 30), drawn=(5, 30), misfire=("once", "skip"))
"""Jobs for a store whose clock leaps a day ahead: each occurrence of that day has an outcome."""


def draw_job(random: Random, kinds: JobKinds, name: str, job_type: str | None = None) -> Fields:
    """A definition, of that type if one is given."""
    job_type = (
        job_type or random.choices(["interval_based", "cron_style", "one_time"], [6, 1, 3])[0]
    )
    start = datetime.now(UTC) + timedelta(milliseconds=random.randint(-2_000, 5_000))
    fields: Fields = {
        "name": name,
        "job_type": job_type,
        "start_date": _write(start),
        "misfire": random.choice(kinds.misfire),
        "grace": random.choice(["300ms", "1s", "2s"]),
        **_draw_work(random),
    }
    if job_type == "interval_based":
        fields["seconds"] = random.randint(*kinds.drawn)
        if random.random() < 0.4:
            fields["repeats"] = random.randint(1, 12)
    elif job_type == "cron_style":
        fields["cron_definition"] = random.choice(["* * * * *", "*/1 * * * *"])
        fields["timezone"] = random.choice(["UTC", "Europe/Warsaw", "Asia/Kathmandu"])
    return fields


def _draw_work(random: Random) -> Fields:
    duration = f"{random.randint(10, 300)}ms"
    services: list[Fields] = [
        {"service": LoggedService.name, "extra": duration},
        {"service": "demo.sleep", "extra": duration},
        {"service": "demo.fail", "extra": "as drawn"},
        {"service": "nobody.has.it"},
    ]
    return random.choices(services, [10, 5, 3, 1])[0]


def steady_jobs(start: datetime, kinds: JobKinds) -> list[Fields]:
    """Jobs that nobody changes: each interval with each policy, and two cron jobs."""
    common = {"start_date": _write(start), "service": LoggedService.name, "extra": "20ms"}
    steady: list[Fields] = [
        {
            "name": f"steady {seconds}s {misfire}",
            "job_type": "interval_based",
            "seconds": seconds,
            "misfire": misfire,
            **common,
        }
        for seconds in kinds.steady
        for misfire in kinds.misfire
    ]
    cron = {"name": "steady cron", "job_type": "cron_style", "cron_definition": "* * * * *"}
    zone = {
        "name": ZONE_JOB,
        "job_type": "cron_style",
        "cron_definition": "0-58/2 0-23 * * *",
        "timezone": ZONE,
        "misfire": "all",
    }
    return [*steady, cron | common, zone | common]


def _write(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")
