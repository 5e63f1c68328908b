"""Reads the values of a request by Zato's conventions.

A number may be text. A number, a cron definition or an id that is empty text counts as absent, and
so does null everywhere. Unknown fields are ignored: each generation of clients sends some of its
own.
"""

import re
from collections.abc import Callable, Iterable

import msgspec

from gnomon.reference import jobs
from gnomon.reference.jobs import INTERVAL_UNITS, Definition, Fault, Rejected
from gnomon.reference.live.api.body import JsonObject
from gnomon.reference.live.api.errors import BadRequest, brief
from gnomon.reference.live.api.zato.forms import WHOLE, DefinitionForm

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_TRUE = frozenset({"true", "t", "yes", "y", "on", "1"})
_FALSE = frozenset({"false", "f", "no", "n", "off", "0", ""})
_NUMBERS = (*INTERVAL_UNITS, "repeats", "cur_page")
_ABSENT_IF_EMPTY = (*_NUMBERS, "cron_definition", "id", "job_id", "cluster_id", "service_name")
NOT_SET: JsonObject = {
    field.name: field.default
    for field in msgspec.structs.fields(Definition)
    if field.name in ("extra", "cron_definition", *INTERVAL_UNITS, "repeats")
}
"""The fields of a definition that an edit does not give."""


def read(form: type[msgspec.Struct], given: JsonObject) -> JsonObject:
    """The fields of `form` in `given`, without absent ones. Raises BadRequest with all faults."""
    values, faults = read_fields(form, given)
    if faults:
        raise BadRequest(*faults)
    return values


def read_definition(form: type[DefinitionForm], given: JsonObject) -> JsonObject:
    """The fields of a definition in `given`. Raises BadRequest, with its faults too."""
    values, faults = read_fields(form, given)
    fields = {name: values[name] for name in Definition.__struct_fields__ if name in values}
    if faults:
        raise BadRequest(*faults, *_others(faults, fields))
    return fields


def _others(faults: Iterable[Fault], fields: JsonObject) -> list[Fault]:
    """The faults of a definition with `fields`, except those of the fields in `faults`."""
    named = {fault.field for fault in faults}
    try:
        jobs.read(fields)
    except Rejected as error:
        return [fault for fault in error.faults if fault.field not in named]
    return []


def read_fields(form: type[msgspec.Struct], given: JsonObject) -> tuple[JsonObject, list[Fault]]:
    """The fields of `form` in `given`, as a definition has them, and their faults."""
    values: JsonObject = {}
    faults: list[Fault] = []
    for field in msgspec.structs.fields(form):
        value = given.get(field.name)
        if value is None or (value == "" and field.name in _ABSENT_IF_EMPTY):
            if field.required:
                faults.append(Fault(field.name, "nothing", "it is required"))
            continue
        try:
            values[field.name] = _READERS.get(field.name, _as_it_is)(value)
        except ValueError as error:
            faults.append(Fault(field.name, brief(value), str(error)))
    return values, faults


def _read_id(given: object) -> str:
    if isinstance(given, bool) or not isinstance(given, int | str):
        raise ValueError("it must be a whole number, or the text of one")
    return str(given)


def _read_flag(given: object) -> bool:
    text = str(given).strip().lower() if isinstance(given, bool | int | str) else None
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise ValueError("it must be true or false, or 1, 0, on, off, yes, no, y, n, t or f")


def _read_number(given: object) -> object:
    """The number in a text; ``jobs`` rejects values that are no number."""
    return int(given) if isinstance(given, str) and WHOLE.fullmatch(given) else given


def _read_repeats(given: object) -> object:
    """A number of repeats; 0 is no limit, as in Zato."""
    number = _read_number(given)
    return None if number == 0 and not isinstance(number, bool) else number


def _read_page(given: object) -> int:
    number = _read_number(given)
    if isinstance(number, bool) or not isinstance(number, int) or number < 0:
        raise ValueError("it must be the number of a page; the first is 1")
    return max(number, 1)  # Zato takes 0 for the first page


def _read_text(given: object) -> str:
    if not isinstance(given, str):
        raise ValueError("it must be text")
    return given


def _read_start(given: object) -> object:
    """An instant; a date alone is its first instant."""
    return f"{given}T00:00:00" if isinstance(given, str) and _DATE.fullmatch(given) else given


def _as_it_is(given: object) -> object:
    return given


_READERS: dict[str, Callable[[object], object]] = {
    "id": _read_id,
    "job_id": _read_id,
    "cluster_id": _read_id,
    "is_active": _read_flag,
    "paginate": _read_flag,
    "should_ignore_existing": _read_flag,
    "cur_page": _read_page,
    "query": _read_text,
    "service_name": _read_text,
    "start_date": _read_start,
    "repeats": _read_repeats,
    **dict.fromkeys(INTERVAL_UNITS, _read_number),
}
