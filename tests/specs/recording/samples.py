"""Tables of small recordings for the tests here, and helpers to read and to change them."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import strategies as st

from gnomon.reference.schedule.clock import SECOND, read_instant
from gnomon.specs.recording import files
from gnomon.specs.recording.format import FORMAT
from gnomon.specs.recording.reader import RecordingError

START = read_instant("2026-01-05T08:00:00Z")
HOUR = 3600 * SECOND

REPORT = {"name": "report", "duration": "2s"}
DAILY = {
    "name": "daily",
    "job_type": "cron_style",
    "service": "report",
    "cron_definition": "@daily",
}
EDIT = {"at": "2026-01-05T08:30:00Z", "do": "edit", "job": "daily", "set": {"extra": "x"}}
STOP = {"at": "2026-01-05T08:30:00Z", "do": "stop_server", "server": "s1"}
MINIMAL: dict[str, Any] = {
    "format": FORMAT,
    "from": "2026-01-05T08:00:00Z",
    "until": "2026-01-05T09:00:00Z",
}
USUAL: dict[str, Any] = MINIMAL | {"service": [REPORT], "job": [DAILY], "command": [EDIT, STOP]}


def faults_in(data: bytes) -> list[str]:
    with pytest.raises(RecordingError) as raised:
        files.parse(data)
    assert str(raised.value) == "; ".join(raised.value.faults)
    return raised.value.faults


def faults_of(tables: dict[str, Any]) -> list[str]:
    return faults_in(json.dumps(tables).encode())


def places_in(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in a document, as what holds it and the key or index there."""
    for key in value if isinstance(value, dict) else range(len(value)):
        yield value, key
        if isinstance(value[key], dict | list):
            yield from places_in(value[key])


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just("2s"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["name", "do", "at", "samples", "set", "x"]), inner)
    ),
)
