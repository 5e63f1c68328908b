"""Bytes that are no recording are recognised soon, and reported."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from time import process_time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gnomon.specs.recording import files, writer
from gnomon.specs.recording.model import (
    Recording,
)
from gnomon.specs.recording.reader import RecordingError, interpret
from tests.specs.recording.samples import (
    MINIMAL,
    USUAL,
    VALUES,
    faults_in,
    places_in,
)


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", 'the file is empty; a recording begins with format = "gnomon-recording/1"'),
        (b"\xef\xbb\xbf \n\t\r\n", "the file is empty; a recording begins with format ="),
        (b"format = \xff", "byte 9 is not UTF-8; a recording is a text, TOML or JSON in UTF-8"),
        ("format".encode("utf-16"), "byte 0 is not UTF-8; a recording is a text, TOML or JSON"),
        (b"\x00\x01", "neither JSON, for it does not begin with {, nor TOML: Invalid statement"),
        (
            b"Dear Sir,\n",
            "neither JSON, for it does not begin with {, nor TOML: Expected '=' after",
        ),
        (b"[1, 2]", "neither JSON, for it does not begin with {, nor TOML: "),
        (b'"text"', "neither JSON, for it does not begin with {, nor TOML: "),
        (b"a = 1\na = 2", "neither JSON, for it does not begin with {, nor TOML: Cannot overwrite"),
        (b"a = 2026-02-30", "neither JSON, for it does not begin with {, nor TOML: Invalid date"),
        (
            b"a = " + b"[" * 10_000,
            "neither JSON, for it does not begin with {, nor TOML: it is nested",
        ),
        (
            b"a = " + b"9" * 10_000,
            "neither JSON, for it does not begin with {, nor TOML: a number in",
        ),
        (b'{"format": ', "not JSON, although it begins with {: Expecting value: line 1 column"),
        (b'{"format": NaN}', "not JSON, although it begins with {: NaN is no number of JSON"),
        (
            b'{"a": 1, "a": 2}',
            "not JSON, although it begins with {: the key 'a' stands twice in one",
        ),
        (b'{"a": ' * 10_000, "not JSON, although it begins with {: it is nested deeper than any"),
        (
            b'{"a": ' + b"9" * 10_000,
            "not JSON, although it begins with {: a number in it has thous",
        ),
        (b'{"format": "\\ud800"}', 'after \'{"format": "\': half of a surrogate pair stands there'),
    ],
)
def test_what_is_neither_toml_nor_json(data: bytes, fault: str) -> None:
    (only,) = faults_in(data)
    assert only.startswith(fault)


@pytest.mark.parametrize("depth", range(10, 1_200, 10))
def test_no_depth_is_too_deep_for_a_fault(depth: int) -> None:
    nested = "[" * depth + "]" * depth
    for key in ("format", "title", "service", "cluster"):
        assert faults_in(json.dumps(MINIMAL | {key: "?"}).replace('"?"', nested).encode())
    for key in ("service", "job", "command"):
        assert faults_in(json.dumps(USUAL | {key: [{"name": "?"}]}).replace('"?"', nested).encode())


def load_faults(name: str | Path) -> list[str]:
    with pytest.raises(RecordingError) as raised:
        files.load(str(name))
    return raised.value.faults


def test_what_is_no_file(tmp_path: Path) -> None:
    (missing,) = load_faults("overlapp")
    assert missing.startswith(
        "no such file, and there is no such shipped recording; did you mean ov"
    )
    (directory,) = load_faults(tmp_path)
    assert directory == "cannot be read: Is a directory; give the file of a recording"
    for impossible in ("x" * 5_000, "a\0b", ""):
        assert load_faults(impossible)


def random_bytes(size: int) -> bytes:
    return random.Random(5).randbytes(size)


def random_words(size: int) -> bytes:
    words = random.Random(5).choices(
        ["lorem", "ipsum", "=", "[dolor]", '"sit', "#amet", "\n"], k=1000
    )
    return (" ".join(words) * (size // 5_000)).encode()


NOISE: dict[str, Callable[[int], bytes]] = {
    "bytes": random_bytes,
    "words": random_words,
    "brackets": lambda size: b"x = " + b"[" * size,
    "brackets in JSON": lambda size: b'{"x": ' + b"[" * size,
    "objects": lambda size: b'{"x": ' * (size // 6),
    "inline tables": lambda size: b"x = " + b"{x = " * (size // 5),
    "a number": lambda size: b"x = " + b"9" * size,
    "a number in JSON": lambda size: b'{"x": ' + b"9" * size,
    "an array": lambda size: b"x = [" + b"1, " * (size // 3),
    "an array in JSON": lambda size: b'{"x": [' + b"1, " * (size // 3) + b"1]}",
    "NUL": lambda size: b"\x00" * size,
    "empty lines": lambda size: b"\n" * size,
    "an open string": lambda size: b"x = '" + b"x" * size,
}


@pytest.mark.parametrize("noise", NOISE.values(), ids=NOISE)
@pytest.mark.parametrize("size", [50_000_000, 1_000_000])
def test_noise_is_recognised_soon(tmp_path: Path, noise: Callable[[int], bytes], size: int) -> None:
    file = tmp_path / "noise"
    file.write_bytes(noise(size))
    began = process_time()
    faults = load_faults(file)
    assert process_time() - began < 2
    assert len(faults) < 10
    assert all(len(fault) < 500 for fault in faults)
    if size > files.LARGEST_FILE:
        assert faults == ["the file is too large; a recording has at most 32 MiB"]


TABLES = st.dictionaries(st.sampled_from([*USUAL, "cluster", "seed", "title", "x"]), VALUES)


def faults_or_none(read: Callable[[], Recording]) -> list[str] | None:
    try:
        recording = read()
    except RecordingError as error:
        return error.faults
    assert interpret(writer.tables_of(recording)) == recording
    return None


@given(TABLES)
def test_whatever_json_holds_is_a_recording_or_reported(tables: dict[str, Any]) -> None:
    assert faults_or_none(lambda: interpret(tables))
    assert faults_or_none(lambda: interpret(USUAL | tables)) != []


@given(st.data())
def test_one_value_replaced_is_a_recording_or_reported(data: st.DataObject) -> None:
    tables = json.loads(json.dumps(USUAL | {"cluster": {"servers": 3}}))
    holder, key = data.draw(st.sampled_from(list(places_in(tables))))
    holder[key] = data.draw(VALUES)
    assert faults_or_none(lambda: interpret(tables)) != []


@given(st.binary() | st.text().map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_whatever_bytes_are_a_recording_or_reported(data: bytes) -> None:
    assert faults_in(data)
    assert faults_in(b"{" + data)
    assert faults_in(writer.to_toml(interpret(MINIMAL)).encode() + data + b"\n[[job]]\n")
