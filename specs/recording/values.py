"""Values of a recording's keys: how each is written in a file, what it may be, and how it is read.

The one idea: the type of a key carries all three in its ``Meta.extra``, so that the reader, the
writer and the JSON Schema cannot disagree.

    kind     the type that a file holds, where it differs from the annotated type
    allowed  the allowed values, for error messages
    read     from the value in the file; raises ValueError, which says what would be right
    write    to the value in the file
    keys     the allowed keys of a table written in one line
"""

from collections.abc import Callable
from typing import Annotated, Literal

from msgspec import Meta

from gnomon.reference.jobs import LONGEST_DURATION, Definition, read_extra
from gnomon.reference.schedule import clock
from gnomon.reference.schedule.clock import (
    MILLISECOND,
    UNITS,
    read_instant,
    write_duration,
    write_instant,
)

A_DURATION = "a duration such as 250ms, 2s or 1h30m"
A_STEP = "a duration such as 5s, or -5s to go back"
JOB_FIELDS = Definition.__struct_fields__


def read_duration(given: str) -> int:
    """A duration (µs). Raises ValueError."""
    read = clock.read_duration(given)
    if read > LONGEST_DURATION:
        raise ValueError("a duration is at most a million days")
    return read


def _positive(given: str) -> int:
    read = read_duration(given)
    if read == 0:
        raise ValueError("it must be longer than nothing")
    return read


def _lease(given: str) -> int:
    read = read_duration(given)
    if read < MILLISECOND:
        raise ValueError("a lease lasts at least 1ms")
    return read


def _step(given: str) -> int:
    read = read_duration(given.removeprefix("-"))
    if read == 0:
        raise ValueError("a step of nothing is none")
    return -read if given.startswith("-") else read


def _write_step(step: int) -> str:
    return f"-{write_duration(-step)}" if step < 0 else write_duration(step)


DURATION_SCHEMA = {"$ref": "#/$defs/Duration"}
_TERMS = "".join(f"([0-9]{{1,18}}{unit})?" for unit in UNITS)
SCHEMAS: dict[str, object] = {
    "Duration": {
        "description": "Whole numbers with units, largest first.",
        "type": "string",
        "pattern": f"^(?=.){_TERMS}$",
        "examples": ["250ms", "2s", "1h30m"],
    },
    "Step": {
        "description": "A duration; a minus sign before it means backwards.",
        "type": "string",
        "pattern": f"^-?(?=.){_TERMS}$",
        "examples": ["5s", "-5s"],
    },
}
"""Schemas of texts, which msgspec cannot derive, for the ``$defs`` of the JSON Schema."""


def _text(
    allowed: str,
    read: Callable[[str], int],
    write: Callable[[int], str],
    schema: dict[str, str],
) -> Meta:
    """A whole number (µs) that a file holds as text."""
    extra = {"kind": str, "allowed": allowed, "read": read, "write": write}
    return Meta(extra_json_schema=schema, extra=extra)


INSTANT = _text(
    "an instant such as 2026-01-31T12:00:00Z", read_instant, write_instant, {"format": "date-time"}
)
DURATION = _text(A_DURATION, read_duration, write_duration, DURATION_SCHEMA)
LEASE = _text(A_DURATION, _lease, write_duration, DURATION_SCHEMA)
POSITIVE_DURATION = _text(A_DURATION, _positive, write_duration, DURATION_SCHEMA)
STEP = _text(A_STEP, _step, _write_step, {"$ref": "#/$defs/Step"})

PAYLOAD = Meta(extra={"allowed": "text", "kind": str, "read": read_extra})
Name = Annotated[str, Meta(min_length=1)]
Percent = Annotated[int, Meta(ge=0, le=100)]
Plain = str | bool | Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
"""A value of a job's field, as a file holds it."""
Fields = Annotated[
    dict[str, Plain],
    Meta(
        extra_json_schema={"propertyNames": {"enum": list(JOB_FIELDS)}},
        extra={
            "allowed": "a table of a job's fields: text, whole numbers, true or false",
            "keys": JOB_FIELDS,
        },
    ),
]
Removable = Literal["extra", "repeats", "ends", "max_parallel", "max_runtime"]
"""A field of a job that an edit can remove."""
Removed = Annotated[
    tuple[Removable, ...], Meta(extra={"allowed": "a list of extra, repeats, ends", "write": list})
]


def names(what: str) -> Meta:
    """A list of names, at least one where it may not be empty; `what` they name."""
    return Meta(extra={"allowed": f"a list of names of {what}", "kind": list[Name], "read": tuple,
                       "write": list})  # fmt: skip
