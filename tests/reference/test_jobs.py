"""Definitions: which are accepted, which faults are reported, and written forms (JOB-1 to 6)."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gnomon.reference import jobs
from gnomon.reference.jobs import Definition, Rejected, change, read, write
from gnomon.reference.schedule.clock import DAY, HOUR, SECOND, read_instant, write_instant
from gnomon.reference.schedule.trigger import trigger, upcoming
from tests.support import strategies

ONE_TIME: dict[str, object] = {
    "name": "report",
    "job_type": "one_time",
    "service": "reports.make",
    "start_date": "2026-01-31T12:00:00Z",
}
INTERVAL = ONE_TIME | {"job_type": "interval_based", "hours": 1}
CRON = ONE_TIME | {"job_type": "cron_style", "cron_definition": "0 12 * * MON-FRI"}


def faults_of(fields: dict[str, Any]) -> dict[str, str]:
    """The faults, by field; here a field has at most one fault."""
    with pytest.raises(Rejected) as caught:
        jobs.read(fields)
    faults = caught.value.faults
    assert str(caught.value) == "; ".join(map(str, faults))
    by_field = {fault.field: str(fault) for fault in faults}
    assert len(by_field) == len(faults)
    return by_field


# --- written and read back: JOB-6


@given(strategies.definitions())
def test_a_definition_written_and_read_is_the_same(definition: Definition) -> None:
    assert jobs.read(jobs.write(definition)) == definition


@given(strategies.definitions())
def test_a_definition_survives_json(definition: Definition) -> None:
    assert jobs.read(json.loads(json.dumps(jobs.write(definition)))) == definition


@given(strategies.texts())
def test_any_text_is_extra_data_character_for_character(extra: str) -> None:
    definition = jobs.read(ONE_TIME | {"extra": extra})
    assert definition.extra == extra
    assert jobs.read(jobs.write(definition)) == definition


def test_defaults_are_not_written() -> None:
    spelled_out = {
        "is_active": True,
        "extra": None,
        "weeks": 0,
        "repeats": None,
        "cron_definition": None,
        "timezone": "UTC",
        "misfire": "once",
        "grace": "1s",
        "max_parallel": None,
        "jitter": "0s",
        "max_runtime": None,
    }
    assert jobs.read(ONE_TIME | spelled_out) == jobs.read(ONE_TIME)
    assert jobs.write(jobs.read(ONE_TIME | spelled_out)) == ONE_TIME


def test_a_definition_is_read() -> None:
    definition = jobs.read(
        INTERVAL | {"weeks": 1, "days": 2, "hours": 3, "minutes": 4, "seconds": 5, "grace": "90s"}
    )
    assert definition.interval == 9 * DAY + 3 * HOUR + 245 * SECOND
    assert definition.start_date == read_instant("2026-01-31T12:00:00Z")
    assert definition.grace == 90 * SECOND
    assert jobs.read(ONE_TIME).interval == 0


def test_a_start_date_may_be_a_datetime() -> None:
    start_date = datetime(2026, 1, 31, 12, tzinfo=UTC)
    assert jobs.read(ONE_TIME | {"start_date": start_date}) == jobs.read(ONE_TIME)


# --- rejected definitions: JOB-1, JOB-3, JOB-5


@pytest.mark.parametrize(
    ("base", "field", "given", "allowed"),
    [
        (ONE_TIME, "name", "", "a text of 1 to 200 characters"),
        (ONE_TIME, "name", None, "a text of 1 to 200 characters"),
        (ONE_TIME, "name", b"report", "a text of 1 to 200 characters"),
        (ONE_TIME, "name", "half a pair: \ud83d", "the character at 13 is half a pair"),
        (ONE_TIME, "job_type", "cron", "one of one_time, interval_based, cron_style"),
        (ONE_TIME, "job_type", ["one_time"], "one of one_time, interval_based, cron_style"),
        (ONE_TIME, "service", "", "a text that is not empty"),
        (ONE_TIME, "service", 7, "a text that is not empty"),
        (ONE_TIME, "start_date", "tomorrow", "as in 2026-01-31T12:00:00Z"),
        (ONE_TIME, "start_date", 0, "such as 2026-01-31T12:00:00Z"),
        (ONE_TIME, "start_date", "0001-01-01T00:00:00+01:00", "as in 2026-01-31T12:00:00Z"),
        (ONE_TIME, "is_active", 1, "true or false"),
        (ONE_TIME, "is_active", "yes", "true or false"),
        (ONE_TIME, "extra", b"bytes", "it must be text"),
        (ONE_TIME, "extra", {"a": 1}, "it must be text"),
        (ONE_TIME, "extra", "\udc00", "the character at 0 is half a pair"),
        (ONE_TIME, "misfire", "never", "one of once, all, skip"),
        (ONE_TIME, "misfire", None, "one of once, all, skip"),
        (ONE_TIME, "grace", 1, "a duration such as 1s or 500ms"),
        (ONE_TIME, "grace", "1 second", "as in 250ms, 2s or 1h30m"),
        (ONE_TIME, "grace", "1000000d1us", "at most a million days"),
        (ONE_TIME, "max_parallel", 0, "a whole number from 1"),
        (ONE_TIME, "max_runtime", "soon", "as in 250ms, 2s or 1h30m"),
        (ONE_TIME, "max_runtime", "0s", "above 0, such as 5m"),
        (ONE_TIME, "max_runtime", 5, "a duration such as 1s"),
        (ONE_TIME, "jitter", "soon", "as in 250ms, 2s or 1h30m"),
        (INTERVAL, "jitter", "1000000d", "least time between two occurrences"),
        (CRON | {"cron_definition": "0,50 0,12 * * *"}, "jitter", "50m", "two occurrences, 50m"),
        (CRON | {"cron_definition": "@weekly"}, "jitter", "24h", "two occurrences, 1d"),
        (INTERVAL, "hours", -1, "a whole number from 0"),
        (INTERVAL, "hours", 1.0, "a whole number from 0"),
        (INTERVAL, "hours", True, "a whole number from 0"),
        (INTERVAL, "hours", "1", "a whole number from 0"),
        (INTERVAL, "hours", None, "a whole number from 0"),
        (INTERVAL, "hours", 10**9 + 1, "to 1000000000"),
        (INTERVAL, "repeats", 0, "a whole number from 1"),
        (INTERVAL, "repeats", True, "a whole number from 1"),
        (INTERVAL, "ends", "soon", "as in 2026-01-31T12:00:00Z"),
        (INTERVAL, "ends", 0, "such as 2026-01-31T12:00:00Z"),
        (INTERVAL, "ends", "2026-01-31T12:00:00Z", "later than start_date, which is 2026-01-31T12"),
        (CRON, "ends", "2026-01-30T00:00:00Z", "later than start_date, which is 2026-01-31T12"),
        (CRON, "repeats", 0, "a whole number from 1"),
        (CRON, "cron_definition", "61 12 * * *", "allowed are numbers 0-59"),
        (CRON, "cron_definition", 5, "five fields such as '0 12 * * MON-FRI'"),
        (CRON, "cron_definition", None, "it is required"),
        (CRON, "timezone", "Mars/Olympus", "an IANA time zone such as Europe/Warsaw"),
        (CRON, "timezone", "../UTC", "an IANA time zone such as Europe/Warsaw"),
        (CRON, "timezone", None, "an IANA time zone such as Europe/Warsaw"),
        # fields of another type of job
        (ONE_TIME, "hours", 1, "only a job of type interval_based has it"),
        (ONE_TIME, "repeats", 3, "only a job of type interval_based or cron_style has it"),
        (
            ONE_TIME,
            "ends",
            "2026-02-01T00:00:00Z",
            "only a job of type interval_based or cron_style has it",
        ),
        (INTERVAL, "cron_definition", "@daily", "only a job of type cron_style has it"),
        (ONE_TIME, "timezone", "Europe/Warsaw", "only a job of type cron_style has it"),
        # unknown fields
        (ONE_TIME, "servcie", "x", "there is no such field; did you mean service?"),
        (ONE_TIME, "id", "x", "there is no such field; "),
    ],
)
def test_a_fault_names_the_field_the_value_given_and_the_values_allowed(
    base: dict[str, Any], field: str, given: object, allowed: str
) -> None:
    (fault,) = faults_of(base | {field: given}).items()
    assert fault[0] == field
    assert allowed in fault[1]
    assert fault[1].endswith(f"given was {'nothing' if 'required' in allowed else repr(given)}")


@pytest.mark.parametrize("field", ["name", "job_type", "service", "start_date"])
def test_a_required_field_may_not_be_missing(field: str) -> None:
    faults = faults_of({key: value for key, value in ONE_TIME.items() if key != field})
    assert list(faults) == [field]
    assert "it is required" in faults[field]
    assert faults[field].endswith("given was nothing")


def test_a_cron_job_needs_its_definition() -> None:
    (fault,) = faults_of(ONE_TIME | {"job_type": "cron_style"}).values()
    assert fault.startswith("cron_definition: it is required")


def test_an_interval_is_above_zero() -> None:
    units = "one of weeks, days, hours, minutes, seconds must be above 0"
    assert faults_of(ONE_TIME | {"job_type": "interval_based"}) == {
        "seconds": f"seconds: {units}; given was nothing"
    }
    assert faults_of(INTERVAL | {"hours": 0, "days": 0}) == {
        "interval": f"interval: {units}; given was days = 0, hours = 0"
    }


def test_all_faults_are_reported_at_once() -> None:
    faults = faults_of(
        {
            "name": "x" * 201,
            "job_type": "interval_based",
            "start_date": "soon",
            "seconds": -1,
            "repeats": 0,
            "timezone": "Asia/Tokyo",
            "grace": "long",
            "colour": "red",
        }
    )
    assert sorted(faults) == [
        "colour",
        "grace",
        "name",
        "repeats",
        "seconds",
        "service",
        "start_date",
        "timezone",
    ]


def test_every_fault_of_a_cron_definition_is_a_fault_of_the_job() -> None:
    with pytest.raises(Rejected) as caught:
        jobs.read(CRON | {"cron_definition": "60 24 * * *", "name": ""})
    assert [fault.field for fault in caught.value.faults] == ["name"] + ["cron_definition"] * 2


def test_a_long_value_is_quoted_briefly() -> None:
    assert len(faults_of(ONE_TIME | {"name": "x" * 10_000})["name"]) < 200


FIELDS = st.sampled_from([*CRON, *INTERVAL, "timezone", "extra", "grace", "colour"])
VALUES = st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.text())


@given(st.sampled_from([ONE_TIME, INTERVAL, CRON]), st.dictionaries(FIELDS, VALUES, max_size=3))
def test_any_value_is_read_or_rejected(base: dict[str, Any], fields: dict[str, Any]) -> None:
    try:
        definition = jobs.read(base | fields)
    except Rejected:
        return
    assert jobs.read(jobs.write(definition)) == definition
    list(upcoming(trigger(definition), definition.start_date, definition.start_date + HOUR))


# --- limits: JOB-1, JOB-3


@pytest.mark.parametrize("character", ["x", "ż", "🕰"])
def test_a_name_has_at_most_200_characters(character: str) -> None:
    assert jobs.read(ONE_TIME | {"name": character * 200}).name == character * 200
    assert list(faults_of(ONE_TIME | {"name": character * 201})) == ["name"]


@pytest.mark.parametrize(("character", "size"), [("x", 1), ("ż", 2), ("時", 3), ("🕰", 4)])
def test_extra_data_has_at_most_500_000_bytes_in_utf_8(character: str, size: int) -> None:
    full = character * (500_000 // size)
    full += "x" * (500_000 - len(full.encode()))
    assert jobs.read(ONE_TIME | {"extra": full}).extra == full
    fault = faults_of(ONE_TIME | {"extra": full + "x"})["extra"]
    assert "it is 500001 bytes in UTF-8; at most 500000 are allowed" in fault


def test_whole_numbers_at_their_limits() -> None:
    assert jobs.read(INTERVAL | {"hours": 10**9}).hours == 10**9
    assert jobs.read(INTERVAL | {"repeats": 1}).repeats == 1
    assert jobs.read(ONE_TIME | {"grace": "0s"}).grace == 0
    assert jobs.read(ONE_TIME | {"grace": "1000000d"}).grace == 1_000_000 * DAY


# --- edits: JOB-2, JOB-5


@given(strategies.definitions(), strategies.texts(200, shortest=1), st.booleans())
def test_an_edit_replaces_the_fields_it_names_and_no_others(
    definition: Definition, name: str, is_active: bool
) -> None:
    changed = jobs.change(definition, {"name": name, "is_active": is_active})
    kept = jobs.write(definition) | {"name": name, "is_active": is_active}
    assert changed == jobs.read(kept)
    assert jobs.change(definition, {}) == definition


@given(strategies.definitions(), strategies.definitions())
def test_an_edit_never_changes_the_job_type(old: Definition, new: Definition) -> None:
    fields = jobs.write(new)
    if old.job_type == new.job_type:
        fields = {"ends": None} | fields  # the end of the old one may lie before the new start
        assert jobs.change(old, fields).job_type == old.job_type
        return
    with pytest.raises(Rejected) as caught:
        jobs.change(old, fields)
    fault = caught.value.faults[0]
    assert (fault.field, fault.given) == ("job_type", repr(new.job_type))
    assert fault.allowed == f"an edit never changes it; it stays {old.job_type}"


def test_an_edit_reports_all_its_faults_at_once() -> None:
    with pytest.raises(Rejected) as caught:
        jobs.change(jobs.read(CRON), {"job_type": "one_time", "name": "", "timezone": "Mars"})
    assert [fault.field for fault in caught.value.faults] == ["job_type", "name", "timezone"]


def test_an_edit_cannot_empty_a_definition() -> None:
    for fields, edit in ((CRON, {"cron_definition": None}), (INTERVAL, {"hours": 0})):
        with pytest.raises(Rejected):
            jobs.change(jobs.read(fields), edit)


# --- the end


def test_an_end_and_repeats_limit_every_job_that_recurs() -> None:
    for base in (INTERVAL, CRON):
        definition = read(base | {"ends": "2027-01-01T01:00:00+01:00", "repeats": 3})
        assert (write_instant(definition.ends or 0), definition.repeats) == (
            "2027-01-01T00:00:00Z",
            3,
        )
        assert write(definition)["ends"] == "2027-01-01T00:00:00Z"
        assert change(definition, {"ends": None, "repeats": None}) == read(base)


def test_no_end_is_given_for_a_one_time_job() -> None:
    assert read(ONE_TIME | {"ends": None, "repeats": None}) == read(ONE_TIME)


@pytest.mark.parametrize(
    ("cron", "zone", "start", "first"),
    [
        ("0 0 29 2 *", "UTC", "2026-03-01T00:00:00Z", "2028-02-29T00:00:00Z"),
        ("30 2 * * *", "Europe/Warsaw", "2026-03-28T02:00:00Z", "2026-03-29T01:00:00Z"),  # a gap
        ("* * * * *", "UTC", "2026-03-28T02:00:00Z", "2026-03-28T02:00:00Z"),
    ],
)
def test_a_cron_job_that_ends_with_its_first_occurrence_can_never_be_due(
    cron: str, zone: str, start: str, first: str
) -> None:
    fields = CRON | {"cron_definition": cron, "timezone": zone, "start_date": start}
    instant = read_instant(first)
    assert read(fields | {"ends": write_instant(instant + 1)}).ends == instant + 1
    if first != start:
        fault = faults_of(fields | {"ends": first})["ends"]
        assert f"later than the first occurrence, which is {first}" in fault


def test_the_faults_of_other_fields_do_not_hide_the_end() -> None:
    faults = faults_of(CRON | {"ends": "never", "repeats": 0, "timezone": "Mars/Base"})
    assert {*faults} == {"ends", "repeats", "timezone"}
    assert {*faults_of(CRON | {"ends": "2027-01-01T00:00:00Z", "timezone": "Mars/Base"})} == {
        "timezone"
    }
