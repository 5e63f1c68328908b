"""An occurrence that is lost or doubled when zone rules change is found."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gnomon.reference import events
from gnomon.reference.schedule.clock import MINUTE, read_instant
from gnomon.reference.schedule.zones import DIRECTORY_VARIABLE
from tests.nemesis.checks.zone_rules import OtherRules, misplaced
from tests.nemesis.load.jobs import ZONE_JOB
from tests.nemesis.system.zone_databases import ZONE, other_database
from tests.support.paths import IMPORT_PATH

START = read_instant("2026-01-05T08:00:00Z")


def history(*published: tuple[str, int]) -> list[events.Event]:
    """Each server's publications, by the minute that was due."""
    definition = {"job_type": "cron_style"}
    return [
        events.JobCreated(START - 1, "1", ZONE_JOB, definition),
        *(
            events.Published(
                at=START + minute * MINUTE,
                message=number,
                cid=f"K{number}",
                job="1",
                revision=1,
                due=START + minute * MINUTE,
                epoch=1,
                server=server,
                name=ZONE_JOB,
                job_type="cron_style",
                service="any",
                on_demand=False,
            )
            for number, (server, minute) in enumerate(published)
        ),
    ]


OTHERS = [OtherRules("s2", START + 3 * MINUTE, START + 8 * MINUTE)]


@pytest.mark.parametrize(
    "published",
    [
        [("s1", 0), ("s1", 2), ("s1", 4)],
        [("s1", 0), ("s1", 2), ("s2", 3), ("s2", 5), ("s1", 6)],
        [("s1", 0), ("s2", 2), ("s2", 3), ("s2", 5), ("s2", 7), ("s2", 8)],
    ],
)
def test_what_follows_under_the_rules_of_its_leader_is_right(
    published: list[tuple[str, int]],
) -> None:
    assert [*misplaced(history(*published), OTHERS)] == []


@pytest.mark.parametrize(
    ("published", "problem"),
    [
        ([("s1", 0), ("s1", 2), ("s2", 5)], "08:05:00Z under its other zone rules, where 2026"),
        ([("s1", 2)], "08:02:00Z under its usual zone rules, where 2026-01-05T08:00:00Z was due"),
        ([("s1", 0), ("s1", 0)], "s1 published 2026-01-05T08:00:00Z under its usual zone rules"),
        ([("s1", 0), ("s2", 4)], "where 2026-01-05T08:01:00Z was due next"),
    ],
)
def test_what_does_not_follow_is_found(published: list[tuple[str, int]], problem: str) -> None:
    (found,) = misplaced(history(*published), OTHERS)
    assert problem in found


def test_the_other_database_has_other_rules_for_one_zone(tmp_path: Path) -> None:
    program = (
        "from gnomon.reference.schedule.zones import load_zone, zone_database\n"
        "from datetime import datetime\n"
        f"for name in ({ZONE!r}, 'Europe/Warsaw'):\n"
        "    print(load_zone(name).utcoffset(datetime(2026, 1, 5)).total_seconds())\n"
        "print(zone_database())"
    )
    environment = os.environ | {"PYTHONPATH": IMPORT_PATH}

    def ask(**variables: str) -> list[str]:
        command = [sys.executable, "-c", program]
        found = subprocess.check_output(command, env=environment | variables, text=True)
        return found.split()

    usual = ask()
    other = ask(**{DIRECTORY_VARIABLE: str(other_database(tmp_path / "zones"))})
    assert float(usual[0]) % 120 == 0
    assert float(other[0]) % 120 == 60
    assert usual[1] == other[1] == "3600.0"
    assert other[2] == f"{usual[2]}-other"
