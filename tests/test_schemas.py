"""The schemas: generated, true of what ships and of what is written, and no wider than the readers."""

import json
import tomllib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from reference import history
from reference.events import AnyEvent
from reference.history import History
from reference.jobs import Definition
from simulator.replay import replay
from specs import form, schema, shelf
from specs.form import COMMANDS, JobTable
from specs.reader import RecordingError, interpret
from specs.recording import ACTIONS, ON_SERVERS, ClusterSpec, Recording
from tests.strategies_recording import recordings
from tests.test_history import DELETED, HEADER, histories, written
from tests.test_recording import DAILY, EDIT, REPORT, STOP, USUAL, VALUES, places_in

SHIPPED = sorted((Path(shelf.__file__).parent / "recordings").glob("*.toml"))
RECORDING = Draft202012Validator(schema.recording_schema())
LINE = Draft202012Validator(schema.history_schema())


def as_json(value: Any) -> Any:
    """What tomllib gave, with dates as text."""
    return json.loads(json.dumps(value, default=date.isoformat))


# --- what lies in the tree


def test_the_files_are_what_is_generated() -> None:
    texts = schema.files()
    assert {file: file.read_text("utf-8") for file in schema.DIRECTORY.iterdir()} == texts


def test_changed_types_are_written_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "DIRECTORY", tmp_path)
    recording, line = schema.write()
    assert schema.write() == []
    recording.write_text("{}")
    assert schema.write() == [recording]
    assert json.loads(recording.read_text("utf-8")) == schema.recording_schema()
    assert json.loads(line.read_text("utf-8")) == schema.history_schema()


@pytest.mark.parametrize("document", [schema.recording_schema(), schema.history_schema()])
def test_they_are_json_schemas(document: dict[str, Any]) -> None:
    Draft202012Validator.check_schema(document)
    for place, name in places_in(document):
        if name == "$ref":
            assert place[name].removeprefix("#/$defs/") in document["$defs"]
        if name == "description":
            assert "\n " not in place[name]


# --- recordings


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_the_recordings_that_ship_are_as_the_schema_says(file: Path) -> None:
    RECORDING.validate(as_json(tomllib.loads(file.read_text("utf-8"))))


@given(recordings())
def test_every_recording_is_written_as_the_schema_says(recording: Recording) -> None:
    RECORDING.validate(shelf.tables_of(recording))
    RECORDING.validate(as_json(tomllib.loads(shelf.to_toml(recording))))


FULL: dict[str, Any] = USUAL | {
    "title": "t",
    "note": "n",
    "seed": 1,
    "cluster": {"servers": 2, "workers": 2, "lease": "5s", "latency": {"samples": ["1ms"]}},
    "service": [REPORT | {"raises": {"handle": "x"}, "deployed": True}],
    "job": [
        DAILY | {"timezone": "Europe/Warsaw", "misfire": "all", "grace": "2s", "id": "d"},
        {"name": "b", "job_type": "one_time", "service": "report", "start_date": USUAL["from"]},
        {"name": "c", "job_type": "interval_based", "service": "report", "hours": 1, "repeats": 2},
    ],
    "command": [
        EDIT | {"job": "d", "unset": ["extra"]},
        EDIT | {"job": "e", "do": "create"},
        STOP,
        {"at": USUAL["from"], "do": "execute", "job": "d"},
    ],
}
