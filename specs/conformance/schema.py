"""The JSON Schema of the protocol, generated from the types that read and write it.

The one idea: nobody edits ``protocol.schema.json``: a test compares it with the types, and
``python -m gnomon.specs.conformance.schema`` writes it again.
"""

import sys
from inspect import cleandoc
from pathlib import Path
from typing import Any, get_args

import msgspec

from gnomon.specs.conformance.protocol import (
    Answer,
    Deployment,
    Firing,
    Introduction,
    Reply,
    Request,
)

FILE = Path(__file__).with_name("protocol.schema.json")


def schema() -> dict[str, Any]:
    """The schema of one line in either direction. `Any`: JSON Schema has no static types."""
    replies = dict.fromkeys((*get_args(Answer), *get_args(Reply), Deployment, Firing))
    kinds = (*get_args(Request), Introduction, *replies)
    schemas, definitions = msgspec.json.schema_components(kinds, ref_template="#/$defs/{name}")
    for definition in definitions.values():
        definition["description"] = cleandoc(definition["description"])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:gnomon:conformance:1",
        "title": "A line of the protocol gnomon-conformance/1: a request or a reply.",
        "anyOf": list(schemas),
        "$defs": definitions,
    }


def text() -> str:
    """The text of the file."""
    return msgspec.json.format(msgspec.json.encode(schema()), indent=2).decode() + "\n"


if __name__ == "__main__":
    FILE.write_text(text(), "utf-8")
    sys.stdout.write(f"{FILE.name} written\n")
