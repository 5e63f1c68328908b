"""Recordings as files: the shelf of those that ship, and reading and writing one's own."""

import json
import tomllib
from collections import Counter
from datetime import date, time
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec

from gnomon.reference import jobs
from gnomon.reference.jobs import no_such
from gnomon.reference.schedule.clock import write_duration, write_instant
from gnomon.specs.recording.format import FORMAT
from gnomon.specs.recording.model import (
    DURATIONS,
    ON_SERVERS,
    ON_STORE,
    ClusterSpec,
    Command,
    Fault,
    Fixed,
    Lognormal,
    Recording,
    ServiceSpec,
    Spread,
)
from gnomon.specs.recording.reader import RecordingError, interpret

LARGEST_FILE = 32 * 2**20
"""Bytes; a recording of 100,000 jobs has about half of that."""


def names() -> list[str]:
    """The recordings that ship, by name."""
    shelf = files("gnomon.specs.recording").joinpath("shipped")
    return sorted(f.name.removesuffix(".toml") for f in shelf.iterdir() if f.name.endswith(".toml"))


def load(name: str) -> Recording:
    """The recording that ships under `name`, or the one in the file of that name.

    Raises RecordingError; its faults do not repeat the name.
    """
    if name in names():
        return parse(
            files("gnomon.specs.recording").joinpath("shipped", f"{name}.toml").read_bytes()
        )
    try:
        with Path(name).open("rb") as file:
            data = file.read(LARGEST_FILE + 1)
    except FileNotFoundError:
        raise RecordingError(
            [f"no such file, and {no_such('shipped recording', name, names())}"]
        ) from None
    except (OSError, ValueError) as error:
        problem = error.strerror if isinstance(error, OSError) else error
        raise RecordingError([f"cannot be read: {problem}; give the file of a recording"]) from None
    if len(data) > LARGEST_FILE:
        raise RecordingError(
            [f"the file is too large; a recording has at most {LARGEST_FILE >> 20} MiB"]
        )
    return parse(data)


def parse(data: bytes) -> Recording:
    """The recording in `data`, TOML or JSON. Raises RecordingError."""
    return interpret(tables_in(data))


def tables_in(data: bytes) -> dict[str, Any]:
    """The tables in `data`, TOML or JSON, as values of JSON. Raises RecordingError."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        problem = f"byte {error.start} is not UTF-8; a recording is a text, TOML or JSON in UTF-8"
        raise RecordingError([problem]) from None
    if not text.strip():
        raise RecordingError([f'the file is empty; a recording begins with format = "{FORMAT}"'])
    is_json = text.lstrip().startswith("{")
    try:
        return _json(text) if is_json else _toml(text)
    except RecursionError:
        problem = "it is nested deeper than any recording is"
    except (json.JSONDecodeError, tomllib.TOMLDecodeError, _JsonError) as error:
        problem = str(error)
    except ValueError:  # of int(), about its limit
        problem = "a number in it has thousands of digits"
    if is_json:
        raise RecordingError([f"not JSON, although it begins with {{: {problem}"])
    raise RecordingError([f"neither JSON, for it does not begin with {{, nor TOML: {problem}"])


class _JsonError(ValueError):
    """What JSON leaves open, and nobody can mean."""


def _json(text: str) -> dict[str, Any]:
    tables = json.loads(text, object_pairs_hook=_object, parse_constant=_no_number)
    assert isinstance(tables, dict)
    return tables


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) < len(pairs):
        twice = next(key for key, times in Counter(key for key, _ in pairs).items() if times > 1)
        raise _JsonError(f"the key {twice!r:.80} stands twice in one object")
    return table


def _no_number(text: str) -> None:
    raise _JsonError(f"{text} is no number of JSON")


def _toml(text: str) -> dict[str, Any]:
    tables = _without_dates(tomllib.loads(text))
    assert isinstance(tables, dict)
    return tables


def _without_dates(value: Any) -> Any:
    """A value of TOML as JSON has it: dates and times are text."""
    if isinstance(value, dict):
        return {key: _without_dates(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_without_dates(part) for part in value]
    return value.isoformat() if isinstance(value, date | time) else value


def to_toml(recording: Recording) -> str:
    """`recording` as TOML, a table for each job, service and command; ``parse`` reads it back."""
    lines: list[str] = []
    tables = tables_of(recording)
    for key, value in tables.items():
        if not isinstance(value, dict | list):
            lines.append(f"{key} = {_toml_value(value)}")
    for key, value in tables.items():
        if isinstance(value, dict | list):
            heading = f"[{key}]" if isinstance(value, dict) else f"[[{key}]]"
            for table in [value] if isinstance(value, dict) else value:
                lines += ["", heading]
                lines += [f"{name} = {_toml_value(part)}" for name, part in table.items()]
    return "\n".join(lines) + "\n"


def _toml_value(value: Any) -> str:
    if isinstance(value, dict):
        pairs = (f"{_toml_value(key)} = {_toml_value(part)}" for key, part in value.items())
        return f"{{ {', '.join(pairs)} }}"
    if isinstance(value, list):
        return f"[{', '.join(map(_toml_value, value))}]"
    # A JSON string, number or truth value is TOML as well, but for the one character DEL.
    return msgspec.json.encode(value).decode().replace("\x7f", "\\u007f")


def tables_of(recording: Recording) -> dict[str, Any]:
    """`recording` as plain values, defaults left out; ``interpret`` gives the same back."""
    tables: dict[str, Any] = {"format": FORMAT}
    for key in ("title", "note"):
        if text := getattr(recording, key):
            tables[key] = text
    tables["from"] = write_instant(recording.start)
    tables["until"] = write_instant(recording.until)
    if recording.seed:
        tables["seed"] = recording.seed
    tables["cluster"] = _cluster(recording.cluster)
    tables["service"] = [_service(service) for service in recording.services]
    tables["job"] = [
        ({} if job.id == job.definition.name else {"id": job.id}) | jobs.write(job.definition)
        for job in recording.jobs
    ]
    tables["command"] = [_command(command) for command in recording.commands]
    return {key: value for key, value in tables.items() if value != []}


def _cluster(spec: ClusterSpec) -> dict[str, Any]:
    return {
        "servers": spec.servers,
        "workers": spec.workers,
        "lease": write_duration(spec.lease),
        "profile": spec.profile,
        "latency": _spread(spec.latency),
    }


def _service(spec: ServiceSpec) -> dict[str, Any]:
    table: dict[str, Any] = {"name": spec.name, "duration": _spread(spec.duration)}
    if spec.raises:
        table["raises"] = spec.raises
    if not spec.deployed:
        table["deployed"] = False
    return table


def _command(command: Command) -> dict[str, Any]:
    table: dict[str, Any] = {"at": write_instant(command.at), "do": command.do}
    if command.do not in ON_STORE:
        table["server" if command.do in ON_SERVERS else "job"] = command.target
    if command.fault is not None:
        table |= _fault(command.fault)
    given = {field: value for field, value in command.fields.items() if value is not None}
    absent = [field for field, value in command.fields.items() if value is None]
    return table | ({"set": given} if given else {}) | ({"unset": absent} if absent else {})


def _fault(fault: Fault) -> dict[str, Any]:
    table: dict[str, Any] = msgspec.to_builtins(fault)
    for key in table.keys() & DURATIONS:
        length = write_duration(abs(table[key]))
        table[key] = f"-{length}" if table[key] < 0 else length
    return table


def _spread(spread: Spread) -> Any:
    if isinstance(spread, Fixed):
        return write_duration(spread.duration)
    if isinstance(spread, Lognormal):
        return {"p50": write_duration(spread.p50), "p99": write_duration(spread.p99)}
    return {"samples": [write_duration(sample) for sample in spread.samples]}
