"""Schedule files: what they become, and that each fault in one is named, all of them at once."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gnomon.reference.jobs import LONGEST_NAME, read
from gnomon.reference.schedule.clock import SECOND
from gnomon.specs.importers.schedule_json import Schedule, ScheduleError, read_schedule

SIDEKIQ = {
    "source": "mastodon/mastodon config/sidekiq.yml",
    "retrieved_version": "425909f1f06f18c9aec1a29150cc3a3d15923860",
    "note": "three of its jobs",
    "jobs": [
        {"name": "scheduled_statuses_scheduler", "every_seconds": 300},
        {"name": "pghero_scheduler", "cron": "0 0 * * *"},
        {"name": "fasp_follow_recommendation_cleanup_scheduler", "every_seconds": 86400},
    ],
}
ELSEWHERE = {"service": "s", "start_date": "2026-01-01T00:00:00Z"}


def read_object(document: object) -> Schedule:
    return read_schedule(json.dumps(document).encode())


def faults_of(data: bytes) -> list[str]:
    with pytest.raises(ScheduleError) as raised:
        read_schedule(data)
    assert str(raised.value) == "; ".join(raised.value.faults)
    return raised.value.faults


def faults_of_job(**job: object) -> list[str]:
    return faults_of(json.dumps(SIDEKIQ | {"jobs": [job]}).encode())


def test_a_schedule() -> None:
    assert read_object(SIDEKIQ) == Schedule(
        source="mastodon/mastodon config/sidekiq.yml",
        retrieved_version="425909f1f06f18c9aec1a29150cc3a3d15923860",
        note="three of its jobs",
        jobs=(
            {"name": "scheduled_statuses_scheduler", "job_type": "interval_based", "minutes": 5},
            {"name": "pghero_scheduler", "job_type": "cron_style", "cron_definition": "0 0 * * *"},
            {
                "name": "fasp_follow_recommendation_cleanup_scheduler",
                "job_type": "interval_based",
                "days": 1,
            },
        ),
    )


@pytest.mark.parametrize(
    ("seconds", "units"),
    [
        (1, {"seconds": 1}),
        (90, {"minutes": 1, "seconds": 30}),
        (21_600, {"hours": 6}),
        (1_209_600, {"weeks": 2}),
        (694_861, {"weeks": 1, "days": 1, "hours": 1, "minutes": 1, "seconds": 1}),
    ],
)
def test_seconds_become_the_largest_units(seconds: int, units: dict[str, int]) -> None:
    (job,) = read_object(SIDEKIQ | {"jobs": [{"name": "a", "every_seconds": seconds}]}).jobs
    assert job == {"name": "a", "job_type": "interval_based", **units}


CRONS = st.sampled_from(["*/5 * * * *", "@daily", "09,39 * * * *", "0 12 * * mon-fri"])
JOBS = st.fixed_dictionaries({"cron": CRONS}) | st.fixed_dictionaries(
    {"every_seconds": st.integers(1, 10**9)}
)
JOB_NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=LONGEST_NAME)


@given(st.dictionaries(JOB_NAMES, JOBS, max_size=5), st.text(st.characters(codec="utf-8")))
def test_every_job_is_one_that_the_scheduler_reads(times: dict[str, Any], note: str) -> None:
    jobs = [{"name": name, **when} for name, when in times.items()]
    schedule = read_object(SIDEKIQ | {"jobs": jobs, "note": note})
    assert schedule.note == note
    for job, fields in zip(jobs, schedule.jobs, strict=True):
        definition = read(fields | ELSEWHERE)
        assert definition.name == job["name"]
        assert definition.cron_definition == job.get("cron")
        assert definition.interval == job.get("every_seconds", 0) * SECOND


# --- faults


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", "the file: it must be JSON in UTF-8"),
        (b"\xff", "the file: it must be JSON in UTF-8"),
        (b'{"source": "a"', "the file: it must be JSON in UTF-8"),
        (b"[" * 100_000, "the file: it must be JSON in UTF-8"),
        (b"[]", "the file: it must be an object with the keys source, retrieved_version, note"),
        (json.dumps(SIDEKIQ | {"jobs": {}}).encode(), "the file, jobs: it must be present"),
        (
            json.dumps(SIDEKIQ | {"note": None}).encode(),
            "the file, note: it must be present",
        ),
        (json.dumps(SIDEKIQ | {"not": ""}).encode(), "the file, 'not': there is no such key; did"),
    ],
)
def test_what_is_no_schedule(data: bytes, fault: str) -> None:
    (only,) = faults_of(data)
    assert only.startswith(fault)


@pytest.mark.parametrize(
    ("job", "fault"),
    [
        ({"cron": "@daily"}, "job 1, name: it is required"),
        ({"name": 5, "cron": "@daily"}, "job 1, name: it must be a text of 1 to 200 characters"),
        ({"name": "x" * 201, "cron": "@daily"}, f"job 1 ('{'x' * 40}'), name: it must be"),
        ({"name": "a"}, "job 1 ('a'), cron, every_seconds: it must have one of them"),
        ({"name": "a", "cron": "@daily", "every_seconds": 5}, "job 1 ('a'), cron, every_seconds:"),
        ({"name": "a", "cron": None}, "job 1 ('a'), cron: it is required"),
        ({"name": "a", "cron": 5}, "job 1 ('a'), cron: it must be five fields"),
        ({"name": "a", "cron": "60 * * * *"}, "job 1 ('a'), cron: minute '60'"),
        ({"name": "a", "every_seconds": 0}, "job 1 ('a'), every_seconds: it must be a whole"),
        ({"name": "a", "every_seconds": 1.5}, "job 1 ('a'), every_seconds: it must be a whole"),
        ({"name": "a", "every_seconds": True}, "job 1 ('a'), every_seconds: it must be a whole"),
        ({"name": "a", "every_seconds": 10**10}, "job 1 ('a'), every_seconds: it must be a whole"),
        ({"name": "a", "every": 5, "cron": "@daily"}, "job 1 ('a'), 'every': there is no such key"),
    ],
)
def test_what_is_no_job(job: dict[str, object], fault: str) -> None:
    (only,) = faults_of_job(**job)
    assert only.startswith(fault)


def test_all_faults_are_reported_at_once_and_in_order() -> None:
    document = {
        "source": 1,
        "retrieved_version": "1",
        "jobs": [
            {"name": "a", "cron": "60 * * * *", "every_seconds": 0},
            "b",
            {"name": "a", "cron": "0 24 32 * *"},
        ],
    }
    places = [fault.partition(":")[0] for fault in faults_of(json.dumps(document).encode())]
    assert places == [
        "the file, source",
        "the file, note",
        "job 1 ('a'), cron, every_seconds",
        "job 1 ('a'), every_seconds",
        "job 1 ('a'), cron",
        "job 2",
        "job 3 ('a'), name",
        "job 3 ('a'), cron",
        "job 3 ('a'), cron",
    ]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["name", "cron", "every_seconds", "jobs", "x"]), inner)
    ),
)


@given(st.dictionaries(st.sampled_from([*SIDEKIQ, "x"]), VALUES), st.binary())
def test_whatever_is_in_the_file_only_faults_are_raised(
    document: dict[str, Any], noise: bytes
) -> None:
    for data in (json.dumps(SIDEKIQ | document).encode(), json.dumps(document).encode(), noise):
        try:
            read_schedule(data)
        except ScheduleError:
            continue
