"""Histories made under another version of the time zone database: what is judged, and what is not.

Without knowledge of that version nobody knows when a cron job in a time zone should have been due.
Everything else is judged as ever.
"""

from collections.abc import Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from gnomon.reference import events
from gnomon.reference.events import Event
from gnomon.reference.history import History, write
from gnomon.reference.schedule.clock import DAY, MINUTE, read_instant
from gnomon.reference.schedule.zones import zone_database
from gnomon.simulator.world.replay import replay
from gnomon.specs.recording.model import JobSpec
from gnomon.specs.rules import judge
from tests.support.command import Command
from tests.support.worlds import AT_ONCE, START, definition, interval_job, world
from tests.support.zone_rules import RULES, VANCOUVER, vancouver_like

OTHER = "1999z"
WINTER = read_instant("2026-12-01T00:00:00Z") - START


def nine(zone: str = VANCOUVER, name: str = "nine") -> JobSpec:
    """A job at nine in a zone, from 1 December 2026 on."""
    made = definition(name, WINTER, cron_definition="0 9 * * *", timezone=zone)
    return JobSpec(name, made)


def made_under(rules: str, versions: Sequence[str | None] = (), header: str = OTHER) -> History:
    """A day of jobs, made while Vancouver had other rules.

    Its servers name these `versions` of the database, in order, and its header names `header`.
    """
    jobs = [nine(), nine("UTC", "utc"), interval_job("hourly", WINTER, 3600)]
    begins = START + WINTER
    a_day = world(jobs, span=DAY, duration=AT_ONCE)
    with vancouver_like(rules):
        made = replay(replace(a_day, start=begins, until=begins + DAY))
    named = iter(versions)
    found = [
        replace(event, tzdata=next(named, None))
        if isinstance(event, events.ServerStarted)
        else event
        for event in made.events
    ]
    return History(replace(made.header, versions={"tzdata": header}), found)


def broken(history: History) -> list[str]:
    return [id for id, finding in judge(history).items() if finding.violations]


def examined(history: History, rule: str) -> int:
    return judge(history)[rule].examined


@pytest.mark.parametrize("rules", RULES)
def test_no_rule_blames_the_scheduler_for_other_rules_of_a_zone(rules: str) -> None:
    assert broken(made_under(rules)) == []


def test_the_same_history_is_broken_if_it_was_made_under_this_version() -> None:
    history = made_under("America/Los_Angeles", header=zone_database())
    assert broken(history) == ["FIRE-4"]
    assert examined(history, "FIRE-4") > examined(made_under(VANCOUVER), "FIRE-4") == 1  # in UTC


@pytest.mark.parametrize(
    ("versions", "header", "is_judged"),
    [
        ((), zone_database(), True),
        ((), OTHER, False),
        ((zone_database(),), OTHER, True),  # whoever recorded it had another version
        ((zone_database(), zone_database()), OTHER, True),
        ((OTHER,), zone_database(), False),
        ((zone_database(), OTHER), zone_database(), False),
    ],
)
def test_the_servers_decide_which_version_counts(
    versions: Sequence[str], header: str, is_judged: bool
) -> None:
    history = made_under("America/Los_Angeles", versions, header)
    assert (broken(history) == ["FIRE-4"]) is is_judged


def test_a_history_that_names_no_version_is_judged() -> None:
    history = made_under("America/Los_Angeles")
    nameless = History(replace(history.header, versions={}), history.events)
    assert broken(nameless) == ["FIRE-4"]


def changed(history: History, job: str, change: str) -> History:
    """The history with one wrong thing about the first occurrence of a job."""
    found: list[Event] = []
    is_done = False
    for event in history.events:
        if is_done or not isinstance(event, events.Published) or event.name != job:
            found.append(event)
        elif change == "early":
            found.append(replace(event, due=event.due + MINUTE))
            is_done = True
        else:
            found += [event, replace(event, message=1_000, cid="K")]
            is_done = True
    return History(history.header, found)


@pytest.mark.parametrize(("change", "rule"), [("early", "FIRE-6"), ("twice", "PUB-1")])
def test_everything_else_is_judged(change: str, rule: str) -> None:
    assert rule in broken(changed(made_under("Europe/Warsaw"), "nine", change))


@pytest.mark.parametrize(("job", "rule"), [("utc", "FIRE-4"), ("hourly", "FIRE-2")])
def test_jobs_without_a_zone_are_judged(job: str, rule: str) -> None:
    assert rule in broken(changed(made_under("Europe/Warsaw"), job, "early"))


def test_a_zone_that_is_unknown_here_is_no_fault() -> None:
    """As when a newer version has a zone that this one has not."""
    history = made_under(VANCOUVER)
    found = [
        replace(event, definition={**event.definition, "timezone": "America/Newtown"})
        if isinstance(event, events.JobCreated) and event.name == "nine"
        else event
        for event in history.events
    ]
    assert broken(History(history.header, found)) == []
    here = replace(history.header, versions={"tzdata": zone_database()})
    assert broken(History(here, found)) == ["JOB-6"]


def test_check_names_the_versions(run: Command, tmp_path: Path) -> None:
    file = tmp_path / "other.jsonl"
    with file.open("wb") as opened:
        write(made_under("America/Los_Angeles"), opened)
    result = run("check", file)
    note = (
        f"made under tzdata {OTHER}, and this is {zone_database()}: not judged is when 1 cron job "
        "in a time zone should have been due (FIRE-4, FIRE-5, LEAD-4, HIST-1); GNOMON_TZDATA names "
        "another database"
    )
    assert (result.code, note in " ".join(result.out.split())) == (0, True)
    told = run("check", file, "--json").json["tzdata"]
    job = next(e.job for e in made_under(VANCOUVER).events if isinstance(e, events.JobCreated))
    assert told == {"history": [OTHER], "here": zone_database(), "not_judged": [job]}


def test_check_is_silent_if_the_versions_are_the_same(run: Command, tmp_path: Path) -> None:
    file = tmp_path / "same.jsonl"
    with file.open("wb") as opened:
        write(made_under(VANCOUVER, header=zone_database()), opened)
    assert "tzdata" not in run("check", file).out
    assert run("check", file, "--json").json["tzdata"]["not_judged"] == []
