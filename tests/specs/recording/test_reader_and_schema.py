"""The reader of recordings and their JSON Schema accept the same jobs."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gnomon.reference.jobs import INTERVAL_UNITS, JOB_TYPES, Definition
from gnomon.specs.recording.reader import RecordingError, interpret
from tests.specs.recording.samples import USUAL, VALUES
from tests.specs.recording.test_schema import RECORDING, is_read

OWN: dict[str, dict[str, Any]] = {
    "one_time": {},
    "interval_based": {"hours": 1},
    "cron_style": {"cron_definition": "@daily"},
}
GIVEN: dict[str, list[Any]] = {
    "id": ["x", ""],
    "name": ["x", "", "n" * 200, "n" * 201],
    "service": ["report", ""],
    "start_date": ["2026-01-05T08:00:00Z"],
    "is_active": [True, False, 0],
    "extra": ["", "x", None],
    **{unit: [0, 1, 10**9, 10**9 + 1, -1, None, True, "1"] for unit in INTERVAL_UNITS},
    "repeats": [0, 1, 10**9, 10**9 + 1, None],
    "ends": ["2030-01-05T08:00:00Z", 0, None],
    "cron_definition": ["@daily", "", None],
    "timezone": ["UTC", "Europe/Warsaw", None],
    "misfire": ["once", "all", "never"],
    "grace": ["1s", "0s", "-1s", 1],
    "jitter": ["0s", "1us", "-1s", 1, None],
    "max_runtime": ["1us", "-1s", 1, None],
    "max_parallel": [0, 1, 10**9, 10**9 + 1, None],
}
"""Values at and beside every limit that the schema can express."""
NOT_IN_THE_SCHEMA = {"cron_definition": [""]}
"""A schema does not know the grammar of cron definitions, nor the names of time zones."""
JOB_TYPE = st.sampled_from(JOB_TYPES)


def with_job(job_type: str, **fields: Any) -> dict[str, Any]:
    job = {"name": "a", "service": "report", "job_type": job_type, **OWN[job_type]}
    return USUAL | {"job": [job | fields], "command": []}


def test_every_field_of_a_definition_is_given() -> None:
    assert {*GIVEN, "job_type"} == {*Definition.__struct_fields__, "id"}


@pytest.mark.parametrize("field", GIVEN)
@pytest.mark.parametrize("job_type", JOB_TYPES)
def test_a_field_of_a_job_is_right_for_both_or_for_none(job_type: str, field: str) -> None:
    for value in GIVEN[field]:
        tables = with_job(job_type, **{field: value})
        if value not in NOT_IN_THE_SCHEMA.get(field, ()):
            assert is_read(tables) == RECORDING.is_valid(tables), value


@given(JOB_TYPE, st.dictionaries(st.sampled_from([*GIVEN]), VALUES | st.just(0), max_size=3))
def test_a_job_that_is_read_is_right_for_the_schema(job_type: str, fields: dict[str, Any]) -> None:
    tables = with_job(job_type, **fields)
    assert RECORDING.is_valid(tables) or not is_read(tables)


@pytest.mark.parametrize("counts", [{}, {"hours": 0}, {"hours": 0, "days": 1}, {"weeks": 1}])
def test_one_unit_of_an_interval_is_above_zero_for_both(counts: dict[str, int]) -> None:
    tables = with_job("interval_based")
    del tables["job"][0]["hours"]
    tables["job"][0] |= counts
    assert is_read(tables) == RECORDING.is_valid(tables) == any(counts.values())


def test_a_field_of_another_type_is_named_even_if_it_means_nothing() -> None:
    with pytest.raises(RecordingError) as caught:
        interpret(with_job("cron_style", seconds=0))
    (fault,) = caught.value.faults
    assert fault == "[[job]] 1 (a), seconds: only a job of type interval_based has it; remove it"
