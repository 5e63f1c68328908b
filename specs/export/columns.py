"""The columns of a table of events: one for each field that any kind of event has.

The one idea: the types of the events are the schema. A new kind, or a new field, has its column at
once; `docs/parquet.md` gives the meaning of each, and a test compares the two.
"""

from collections.abc import Callable
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

import msgspec

from gnomon.reference.events import Event, Instant

ColumnType = Literal["instant", "number", "flag", "text", "numbers", "texts", "json"]
"""The type of a column: a list of numbers or texts is plural; `json` is text that holds JSON."""


class Column(NamedTuple):
    """A column: its name, its type, and the kinds of events that have it; no kinds: all have it.

    `value` gives what it holds for an event of one of these kinds.
    """

    name: str
    type: ColumnType
    kinds: tuple[str, ...]
    value: Callable[[Event], object]


def columns() -> dict[str, Column]:
    """Every column but `seq`, by name: `kind`, `at`, and then in the order of the events' types."""
    kinds: dict[str, list[str]] = {}
    types: dict[str, ColumnType] = {}
    for event_type in get_args(Event):
        for field in msgspec.structs.fields(event_type):
            type_ = _column_type(field.type)
            if types.setdefault(field.name, type_) != type_:
                raise TypeError(f"the field {field.name} has another type in {event_type}")
            kinds.setdefault(field.name, []).append(tag_of(event_type))
    every = len(get_args(Event))
    found = {"kind": Column("kind", "text", (), lambda event: tag_of(type(event)))}
    for name, type_ in types.items():
        has = tuple(kinds[name]) if len(kinds[name]) < every else ()
        found[name] = Column(name, type_, has, _reader(name, type_))
    return found


def tag_of(event_type: type[Event]) -> str:
    """The kind of the events of that type, as a history names it."""
    return str(event_type.__struct_config__.tag)


def _reader(name: str, type_: ColumnType) -> Callable[[Event], object]:
    """A function that gives the value of a field, in a form that the column's type allows."""
    if type_ != "json":
        return lambda event: getattr(event, name)
    encode = msgspec.json.Encoder(order="deterministic").encode

    def as_json(event: Event) -> str:
        return encode(getattr(event, name)).decode()

    return as_json


def _column_type(field_type: Any) -> ColumnType:  # types have no type in common
    """The type of the column for values of `field_type`, None aside."""
    if field_type == Instant:
        return "instant"
    if get_origin(field_type) is Annotated:
        return _column_type(field_type.__origin__)
    origin, arguments = get_origin(field_type), get_args(field_type)
    if origin in (Union, UnionType):
        (present,) = (one for one in arguments if one is not NoneType)
        return _column_type(present)
    if origin is Literal:
        return "text"
    if origin is tuple:
        return "numbers" if _column_type(arguments[0]) == "number" else "texts"
    simple: dict[Any, ColumnType] = {bool: "flag", int: "number", str: "text"}
    return simple.get(field_type, "json")
