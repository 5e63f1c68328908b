"""Keys of a table: for each, its default, its allowed values, and how it is read and written.

The one idea: all of that is derived from a type of ``format`` or ``commands``, so it stands once.
"""

from collections.abc import Callable, Collection
from functools import cache
from typing import Any, NamedTuple

import msgspec
from msgspec import NODEFAULT, inspect

Convert = Callable[[Any], Any]
"""Reads or writes a value. `Any`: of the type that the key's annotation names at run time."""


class Key(NamedTuple):
    """A key of a table, named as in a file; `attribute` is its name in the type.

    `keys` are the allowed keys of a value that is a table written in one line.
    """

    attribute: str
    kind: object
    allowed: str
    default: object
    read: Convert
    write: Convert
    keys: Collection[str]

    def value(self, given: object) -> object:
        """The value that `given` stands for.

        Raises ValueError with the problem, msgspec.ValidationError if the kind is wrong.
        """
        return self.read(msgspec.convert(given, self.kind))

    def unknown(self, given: object) -> list[str]:
        """The keys of `given`, a table, that are not allowed."""
        if not self.keys or not isinstance(given, dict):
            return []
        return [key for key in given if key not in self.keys]


@cache
def keys_of(form: type[msgspec.Struct]) -> dict[str, Key]:
    """The keys of a table, except those that hold tables of their own."""
    annotated = {field.encode_name: field.type for field in msgspec.structs.fields(form)}
    struct = inspect.type_info(form)
    assert isinstance(struct, inspect.StructType)
    keys = {}
    for field in struct.fields:
        kind, extra = field.type, dict[str, Any]()
        if isinstance(kind, inspect.Metadata):
            extra = kind.extra or {}
            kind = kind.type
        if isinstance(kind, inspect.StructType | inspect.ListType) and "allowed" not in extra:
            continue
        has_factory = field.default_factory is not NODEFAULT
        keys[field.encode_name] = Key(
            attribute=field.name,
            kind=extra.get("kind", annotated[field.encode_name]),
            allowed=extra.get("allowed") or _allowed(kind),
            default=field.default_factory() if has_factory else field.default,
            read=extra.get("read", _same),
            write=extra.get("write", _same),
            keys=extra.get("keys", ()),
        )
    return keys


def _allowed(kind: inspect.Type) -> str:
    """The allowed values of a kind, for error messages."""
    match kind:
        case inspect.IntType(ge=low, le=high):
            return f"a whole number from {low} to {high}"
        case inspect.StrType(min_length=shortest):
            return "text that is not empty" if shortest else "text"
        case inspect.LiteralType(values=values):
            return " or ".join(f'"{value}"' for value in values)
    assert isinstance(kind, inspect.BoolType)
    return "true or false"


def _same(value: object) -> object:
    return value
