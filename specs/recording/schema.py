"""The JSON Schemas of recordings and histories, generated from the types that read and write them.

The one idea: a schema is a by-product. Nobody edits ``schemas/``: a test compares the files there
with the types, and ``python -m gnomon.specs.recording.schema`` writes them again.
"""

import sys
from inspect import cleandoc
from pathlib import Path
from typing import Any, get_args

import msgspec

from gnomon.reference.events import Event
from gnomon.reference.history import End, Header
from gnomon.reference.jobs import INTERVAL_UNITS
from gnomon.specs.recording.commands import CATALOGUE
from gnomon.specs.recording.format import SCHEMAS, ClusterTable, RecordingTable, ServiceTable
from gnomon.specs.recording.keys import keys_of

DIRECTORY = Path(__file__).parent / "schemas"
_REFERENCE = "#/$defs/{name}"


Schema = dict[str, Any]
"""A schema. `Any`: a reader looks into it at any depth, and JSON Schema has no static types."""


def recording_schema() -> Schema:
    """The schema of a recording, in JSON or in TOML with dates as text."""
    schemas, definitions = _derived(RecordingTable)
    for table in (RecordingTable, ClusterTable, ServiceTable, *CATALOGUE):
        _as_in_a_file(definitions[table.__name__]["properties"], table)
    definitions["IntervalTable"]["anyOf"] = [
        {"properties": {unit: {"minimum": 1}}, "required": [unit]} for unit in INTERVAL_UNITS
    ]
    cluster = {name: key.write(key.default) for name, key in keys_of(ClusterTable).items()}
    definitions[RecordingTable.__name__]["properties"]["cluster"]["default"] = cluster
    return _document("recording", "A recording: what was scheduled on which cluster.") | {
        **schemas[0],
        "$defs": definitions | SCHEMAS,
    }


def _as_in_a_file(properties: Schema, table: type[msgspec.Struct]) -> None:
    """Give each property the type and the default that a file has."""
    for name, key in keys_of(table).items():
        if key.kind is str:
            properties[name]["type"] = "string"
        if key.default is None:  # a file has no null: the key is left out
            del properties[name]["default"]
            present, _ = properties[name].pop("anyOf")
            properties[name] |= present
        elif "default" in properties[name]:
            properties[name]["default"] = key.write(key.default)


def history_schema() -> Schema:
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


def _derived(*types: type) -> tuple[tuple[Schema, ...], Schema]:
    schemas, definitions = msgspec.json.schema_components(types, ref_template=_REFERENCE)
    for definition in definitions.values():
        # Python 3.13 strips the indentation of docstrings; the schema is the same on any version.
        definition["description"] = cleandoc(definition["description"])
    return schemas, definitions


def _document(name: str, title: str) -> Schema:
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:gnomon:{name}:1",
        "title": title,
    }


def files() -> dict[Path, str]:
    """The files of ``schemas/`` with their texts."""
    schemas = {"recording": recording_schema(), "history": history_schema()}
    return {DIRECTORY / f"{name}.schema.json": _text(schema) for name, schema in schemas.items()}


def _text(schema: Schema) -> str:
    return msgspec.json.format(msgspec.json.encode(schema), indent=2).decode() + "\n"


def write() -> list[Path]:
    """Write the schemas; returns the files that have changed."""
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
