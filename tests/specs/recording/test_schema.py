"""The schemas are generated, accept all that is written, and no more than the readers do."""

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

from gnomon.reference.events import Event
from gnomon.reference.history import History
from gnomon.reference.jobs import Definition
from gnomon.simulator.world.replay import replay
from gnomon.specs.recording import files, schema, writer
from gnomon.specs.recording.format import JobTable
from gnomon.specs.recording.model import ClusterSpec, Recording
from gnomon.specs.recording.reader import RecordingError, interpret
from tests.reference.test_history import DELETED, HEADER, histories, written
from tests.specs.recording.samples import DAILY, EDIT, REPORT, STOP, USUAL, VALUES, places_in
from tests.support.strategies_recording import recordings

SHIPPED = sorted((Path(files.__file__).parent / "shipped").glob("*.toml"))
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


def test_the_recordings_that_ship_are_found() -> None:
    assert SHIPPED
    assert {file.stem for file in SHIPPED} == set(files.names())


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_the_recordings_that_ship_are_as_the_schema_says(file: Path) -> None:
    RECORDING.validate(as_json(tomllib.loads(file.read_text("utf-8"))))


@given(recordings())
def test_every_recording_is_written_as_the_schema_says(recording: Recording) -> None:
    RECORDING.validate(writer.tables_of(recording))
    RECORDING.validate(as_json(tomllib.loads(writer.to_toml(recording))))


FULL: dict[str, Any] = USUAL | {
    "title": "t",
    "note": "n",
    "seed": 1,
    "cluster": {"servers": 2, "workers": 2, "lease": "5s", "latency": {"samples": ["1ms"]}},
    "service": [
        REPORT | {"raises": {"handle": "x"}, "deployed": True},
        {"name": "other", "duration": {"p50": "1s", "p99": "2s"}},
    ],
    "job": [
        DAILY | {"id": "d", "timezone": "Europe/Warsaw", "misfire": "all", "grace": "2s"},
        {"name": "b", "job_type": "one_time", "service": "report", "start_date": USUAL["from"]},
        {"name": "c", "job_type": "interval_based", "service": "report", "hours": 1, "days": 1},
    ],
    "command": [
        EDIT | {"job": "b", "unset": ["extra"]},
        EDIT | {"job": "e", "do": "create"},
        STOP,
        *(
            {"at": USUAL["from"], "do": do, "job": "b"}
            for do in ("activate", "deactivate", "delete", "execute")
        ),
        {"at": USUAL["from"], "do": "cut_server", "server": "s1", "for": "1s", "lose": "replies"},
        {"at": USUAL["from"], "do": "step_clock", "server": "s1", "by": "-5s"},
        {"at": USUAL["from"], "do": "drift_clock", "server": "s1", "for": "1s", "gains": -5},
        {
            "at": USUAL["from"],
            "do": "disturb_server",
            "server": "s1",
            "for": "1s",
            "lose": 1,
            "delay": "1s",
        },
        {"at": USUAL["from"], "do": "stop_store", "for": "1s"},
        {"at": USUAL["from"], "do": "lose_writes", "writes": 3},
        {"at": USUAL["from"], "do": "empty_store"},
    ],
}


def is_read(tables: dict[str, Any]) -> bool:
    try:
        interpret(tables)
    except RecordingError:
        return False
    return True


def copy_of(tables: dict[str, Any]) -> dict[str, Any]:
    copied: dict[str, Any] = json.loads(json.dumps(tables))
    return copied


def tables_in(value: Any) -> Iterator[dict[str, Any]]:
    """Every table in a document, itself included."""
    yield from (
        part for part in (value, *(h[k] for h, k in places_in(value))) if type(part) is dict
    )


def test_a_full_recording_is_right_for_both() -> None:
    assert is_read(FULL) and RECORDING.is_valid(FULL)


@pytest.mark.parametrize("number", range(len(list(tables_in(FULL)))))
def test_a_key_too_much_is_wrong_for_both(number: int) -> None:
    tables = copy_of(FULL)
    list(tables_in(tables))[number]["unheard_of"] = 5
    assert not is_read(tables) and not RECORDING.is_valid(tables)


NAMED_ELSEWHERE = ("service", "job")
"""Without these arrays the names that other parts give mean nothing; no schema can say so."""


@pytest.mark.parametrize(
    "number",
    [
        n
        for n, (_, k) in enumerate(places_in(FULL))
        if isinstance(k, str) and k not in NAMED_ELSEWHERE
    ],
)
def test_a_key_that_is_missing_is_wrong_for_both_or_for_none(number: int) -> None:
    tables = copy_of(FULL)
    holder, key = list(places_in(tables))[number]
    del holder[key]
    assert is_read(tables) == RECORDING.is_valid(tables)


@given(st.data())
def test_what_the_reader_takes_the_schema_takes(data: st.DataObject) -> None:
    tables = copy_of(FULL)
    holder, key = data.draw(st.sampled_from(list(places_in(tables))))
    holder[key] = data.draw(VALUES)
    assert RECORDING.is_valid(tables) or not is_read(tables)


@pytest.mark.parametrize(
    ("table", "changes"),
    [
        ({}, {"format": "gnomon-recording/2"}),
        ({}, {"seed": -1}),
        (FULL["cluster"], {"servers": 0}),
        (FULL["cluster"], {"lease": "-5s"}),
        (FULL["cluster"], {"latency": {"p50": "1s"}}),
        (FULL["service"][0], {"raises": {"handel": "x"}}),
        (FULL["job"][0], {"minutes": 5}),
        (FULL["job"][0], {"job_type": "cron"}),
        (FULL["job"][1], {"name": ""}),
        (FULL["job"][2], {"repeats": 0}),
        (FULL["command"][0], {"set": {"extr": ""}}),
        (FULL["command"][0], {"do": "explode"}),
        (FULL["command"][2], {"job": "b"}),
    ],
)
def test_a_bad_recording_is_wrong_for_both(table: dict[str, Any], changes: dict[str, Any]) -> None:
    text = json.dumps(FULL)
    tables = json.loads(text.replace(json.dumps(table), json.dumps(table | changes), 1))
    if not table:
        tables |= changes
    assert tables != FULL
    assert not is_read(tables) and not RECORDING.is_valid(tables)


def test_the_format_has_the_fields_of_jobs_and_their_defaults() -> None:
    known = {field.name: field.default for field in msgspec.structs.fields(Definition)}
    for table in get_args(JobTable):
        for field in msgspec.structs.fields(table):
            if field.name != "id" and isinstance(field.default, str | int):
                written_out = {"grace": "1s", "jitter": "0s"}.get(field.name, known[field.name])
                assert field.default == written_out
    forms = {name for table in get_args(JobTable) for name in table.__struct_fields__}
    assert forms | {"job_type"} == {*known, "id"}
    assert known["grace"] == 1_000_000


def test_the_format_has_the_defaults_of_a_cluster() -> None:
    assert interpret(USUAL).cluster == interpret(USUAL | {"cluster": {}}).cluster == ClusterSpec()


# --- histories


def lines_of(history: History) -> list[Any]:
    return [json.loads(line) for line in written(history).splitlines()]


@given(histories)
def test_every_history_is_written_as_the_schema_says(history: History) -> None:
    for line in lines_of(history):
        LINE.validate(line)


@pytest.mark.parametrize("name", ["changes", "failures"])
def test_a_replayed_history_is_as_the_schema_says(name: str) -> None:
    for line in lines_of(replay(files.load(name))):
        LINE.validate(line)


def test_every_kind_has_its_place() -> None:
    kinds = {
        kind
        for definition in schema.history_schema()["$defs"].values()
        for kind in definition["properties"].get("kind", {}).get("enum", ())
    }
    assert kinds == {str(kind.__struct_config__.tag) for kind in get_args(Event)} | {"end"}


@pytest.mark.parametrize(
    ("line", "old", "new"),
    [
        (HEADER, "history/1", "history/2"),
        (HEADER, '"start":0,', ""),
        (HEADER, "0,", '"now",'),
        (HEADER, "{", '{"by":"us",'),
        (DELETED, '"seq":1,', ""),
        (DELETED, "1,", "0,"),
        (DELETED, '"at":5', '"at":5.5'),
        (DELETED, '"at":5', '"at":999999999999999999'),
        (DELETED, "job_deleted", "job_forgotten"),
        (DELETED, '"job":"a"', '"job":null'),
        (DELETED, "}", ',"why":""}'),
        (b'{"kind":"end","events":1,"sha256":""}', "1", '"1"'),
    ],
)
def test_a_bad_line_is_not(line: bytes, old: str, new: str) -> None:
    text = line.decode()
    assert LINE.is_valid(json.loads(text))
    assert old in text
    assert not LINE.is_valid(json.loads(text.replace(old, new)))
