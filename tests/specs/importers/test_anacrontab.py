"""Anacrontabs: recognised, and imported as interval jobs."""

import pytest

from gnomon.reference.schedule.clock import DAY, MINUTE
from gnomon.specs.importers.contents import Interval
from gnomon.specs.importers.crontab import read_crontab
from gnomon.specs.importers.to_recording import from_crontab

ETC_ANACRONTAB = """\
# /etc/anacrontab
SHELL=/bin/sh
RANDOM_DELAY=45
START_HOURS_RANGE=3-22
#period in days   delay in minutes   job-identifier   command
1\t5\tcron.daily\t\tnice run-parts /etc/cron.daily
7\t25\tcron.weekly\t\tnice run-parts /etc/cron.weekly
@monthly 45\tcron.monthly\t\tnice run-parts /etc/cron.monthly
@yearly 90 cron.yearly x
"""
DAY_S = 86_400


def test_an_anacrontab_becomes_interval_jobs() -> None:
    crontab = read_crontab(ETC_ANACRONTAB)
    assert [(line.name, line.interval, line.cron_definition) for line in crontab.lines] == [
        ("cron.daily", Interval(DAY_S, 300), ""),
        ("cron.weekly", Interval(7 * DAY_S, 1500), ""),
        ("cron.monthly", None, "45 0 1 * *"),
        ("cron.yearly", None, "30 1 1 1 *"),
    ]
    assert crontab.lines[0].command == "nice run-parts /etc/cron.daily"
    assert {problem.number: problem.text for problem in crontab.problems} == {
        3: "RANDOM_DELAY=…",
        4: "START_HOURS_RANGE=…",
    }


def test_the_first_occurrence_is_the_delay_after_the_start() -> None:
    crontab = read_crontab(ETC_ANACRONTAB)
    start = 20_000 * DAY
    daily, *_ = from_crontab(crontab, "", start, start + DAY, 1).jobs
    assert daily.definition.start_date == start + 5 * MINUTE


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("0 5 id x", "a period is 1 to 36500 days"),
        ("36501 5 id x", "a period is 1 to 36500 days"),
        ("1 1440 id x", "a delay is less than 1440 minutes"),
        ("1 5 id", "no command after the identifier"),
    ],
)
def test_a_line_of_an_anacrontab_that_cannot_be_a_job(line: str, reason: str) -> None:
    crontab = read_crontab(line)
    assert crontab.lines == ()
    assert reason in crontab.problems[0].reason


@pytest.mark.parametrize("line", ["1 5 cron.daily nice x", "@monthly 45 cron.monthly x"])
def test_a_line_of_an_anacrontab_in_a_crontab_is_reported_as_such(line: str) -> None:
    for crontab in (
        read_crontab(f"0 5 * * * /usr/bin/x\n{line}"),
        read_crontab(f"0 5 * * * root x\n{line}"),
        read_crontab(f"\n{line}", system=False),
    ):
        (problem,) = crontab.problems
        assert (problem.number, problem.reason.split(",")[0]) == (
            2,
            "it reads like a line of an anacrontab",
        )
