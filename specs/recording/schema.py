"""The JSON Schemas of the files, generated from the types that read and write them.

The one idea: a schema is a by-product. Nobody edits ``schemas/``; a test holds that what lies
there is what the types say, and ``python -m gnomon.specs.recording.schema`` writes it anew.
"""

import sys
from inspect import cleandoc
from pathlib import Path
from typing import Any, get_args

import msgspec

from gnomon.reference.events import Event
from gnomon.reference.history import End, Header
from gnomon.reference.jobs import INTERVAL_UNITS
from gnomon.specs.recording import format as recording_format

DIRECTORY = Path(__file__).parent / "schemas"
_REFERENCE = "#/$defs/{name}"


def recording_schema() -> dict[str, Any]:
    """The schema of a recording, whether it is written in JSON or in TOML, dates as text."""
    schemas, definitions = _derived(recording_format.RecordingTable)
    definitions["IntervalTable"]["anyOf"] = [
        {"properties": {unit: {"minimum": 1}}, "required": [unit]} for unit in INTERVAL_UNITS
    ]
    return _document("recording", "A recording: what was scheduled on which cluster.") | {
        **schemas[0],
        "$defs": definitions | recording_format.SCHEMAS,
    }


def history_schema() -> dict[str, Any]:
    """The schema of one line of a history."""
    kinds = get_args(Event)
    schemas, definitions = _derived(Header, *kinds, End)
    for kind in kinds:
        event = definitions[kind.__name__]
        event["properties"] = {"seq": {"type": "integer", "minimum": 1}, **event["properties"]}
        event["required"] = ["seq", *event["required"]]
    return _document("history", "A line of a history: its header, an event, or its end.") | {
        "anyOf": list(schemas),
        "$defs": definitions,
    }


def _derived(*types: type) -> tuple[tuple[dict[str, Any], ...], dict[str, Any]]:
    schemas, definitions = msgspec.json.schema_components(types, ref_template=_REFERENCE)
    for definition in definitions.values():
        # Python 3.13 takes the indentation off docstrings; a schema is the same everywhere.
        definition["description"] = cleandoc(definition["description"])
    return schemas, definitions


def _document(name: str, title: str) -> dict[str, Any]:
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:gnomon:{name}:1",
        "title": title,
    }


def files() -> dict[Path, str]:
    """What is to lie in ``schemas/``: each file and its text."""
    schemas = {"recording": recording_schema(), "history": history_schema()}
    return {DIRECTORY / f"{name}.schema.json": _text(schema) for name, schema in schemas.items()}


def _text(schema: dict[str, Any]) -> str:
    return msgspec.json.format(msgspec.json.encode(schema), indent=2).decode() + "\n"


def write() -> list[Path]:
    """Write the schemas; the files that have changed."""
    texts = files()
    changed = [
        file for file, text in texts.items() if not file.exists() or file.read_text("utf-8") != text
    ]
    for file in changed:
        file.write_text(texts[file], "utf-8")
    return changed


if __name__ == "__main__":
    names = [file.name for file in write()]
    sys.stdout.write(f"{', '.join(names) or 'nothing'} changed\n")
