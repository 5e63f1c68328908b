r"""The grammar of the notation: one line for each event, for people to read.

The one idea: one table defines the notation. ``parser`` reads by it and ``renderer`` writes by it;
``defaults`` has the values that a line leaves out, for both.

    2s     published      1 report due=1s

    line      TIME KIND SUBJECT… NAME=VALUE…
    TIME      a duration from the start of the history, or to it, as in -5m; or an instant,
              as in 2026-01-31T12:00:00Z
    KIND      the kind of an event, as ``gnomon.reference.events`` has it
    SUBJECT   job_created, job_edited …    the job
              published, fired             the message and the job
              claimed, started, finished,  the message and SERVER/WORKER;
              invoked, overdue,            for finished also ok or failed
              reclaimed, lost
              lease_acquired …             the server; the epoch has a default
              server_started …             the server
              writes_lost                  the number of writes
              clock_set_back               none; `was` is the instant before
              fault_began, fault_ended     the fault and its target
    NAME      any other field of the event; for a job, each field of its definition (`event_name`
              is then the field `name` of the event); for `invoked`, each value that the run saw
    VALUE     JSON, or a text as it is unless it is JSON; for `due`, `ends`, `heard`, `into`,
              `since`, `start_date` and `was` a TIME; a list also with commas, `faults` with
              semicolons

Blanks separate words, which are quoted as in a shell. ``without=a,b`` removes fields from the
default definition, ``unseen=a,b`` values from those that a run sees by default. ``header`` as the
first line sets fields of the header; the KIND ``end`` sets the end of the history. A line that
begins with ``#`` is a comment.
"""

import json
import re
from collections.abc import Iterable
from contextlib import suppress
from typing import NamedTuple, get_args

import msgspec
from msgspec.structs import fields

from gnomon.reference.events import Event, Fields, Json
from gnomon.reference.schedule.clock import (
    DAY,
    read_duration,
    read_instant,
    write_duration,
    write_instant,
)

PLACE = "server/worker"
_JOB, _SERVER, _RUN = ("job",), ("server",), ("message", PLACE)
SUBJECTS: dict[str, tuple[str, ...]] = {
    "job_created": _JOB,
    "job_edited": _JOB,
    "job_activated": _JOB,
    "job_deactivated": _JOB,
    "job_deleted": _JOB,
    "job_rejected": _JOB,
    "lease_acquired": _SERVER,
    "lease_released": _SERVER,
    "lease_expired": _SERVER,
    "published": ("message", "job"),
    "publish_refused": _JOB,
    "requested": _JOB,
    "fired": ("message", "job"),
    "ended": ("message", "outcome"),
    "skipped": _JOB,
    "coalesced": _JOB,
    "claimed": _RUN,
    "started": _RUN,
    "invoked": _RUN,
    "finished": (*_RUN, "outcome"),
    "overdue": _RUN,
    "reclaimed": _RUN,
    "lost": _RUN,
    "expired": ("message",),
    "dead_lettered": ("message",),
    "dropped": ("message",),
    "put_back": ("message",),
    "cluster_paused": (),
    "cluster_resumed": (),
    "server_started": _SERVER,
    "server_stopping": _SERVER,
    "server_stopped": _SERVER,
    "server_crashed": _SERVER,
    "writes_lost": ("writes",),
    "clock_set_back": (),
    "store_replaced": _SERVER,
    "fault_began": ("fault", "target"),
    "fault_ended": ("fault", "target"),
}
"""The subjects of each kind: the fields that stand in a line without their names, in order."""


class Expansion(NamedTuple):
    """A `field` whose entries stand in the line by their names; the word `removal` removes some."""

    field: str
    removal: str


EXPANDED = {
    "job_created": Expansion("definition", "without"),
    "job_edited": Expansion("definition", "without"),
    "job_rejected": Expansion("definition", "without"),
    "invoked": Expansion("saw", "unseen"),
}
"""The kinds that have a field whose entries stand in the line."""
LISTS = {"services": ",", "defines": ",", "calls": ",", "faults": "; "}
"""The fields that are lists, each with the separator of its items."""
TIMES = ("due", "former", "heard", "into", "since", "store", "was")
NUMBERS = ("message", "worker", "writes")
RAISED = "boom"
"""The default error of a method that raised."""


class Kind(NamedTuple):
    """A kind of event: its class, its fields by their names in a line, and their defaults."""

    of: type[Event]
    names: dict[str, str]
    defaults: Fields


def _kind(of: type[Event]) -> tuple[str, Kind]:
    names: dict[str, str] = {}
    defaults: Fields = {}
    own = [field for field in fields(of) if field.name != "at"]
    is_job = any(field.name == "definition" for field in own)
    for field in own:
        names["event_name" if is_job and field.name == "name" else field.name] = field.name
        if field.default is not msgspec.NODEFAULT:
            defaults[field.name] = field.default
        elif field.default_factory is not msgspec.NODEFAULT:
            defaults[field.name] = field.default_factory()
    return str(of.__struct_config__.tag), Kind(of, names, defaults)


KINDS: dict[str, Kind] = dict(map(_kind, get_args(Event)))


# --- TIME

_FAR = 365 * DAY


def read_time(text: str, origin: int) -> int:
    """The instant of a TIME (µs, UTC). Raises ValueError."""
    with suppress(ValueError):
        return read_instant(text)
    return origin + _read_offset(text)


def write_time(instant: int, origin: int) -> str:
    """`instant` (µs, UTC) as a TIME: a duration if it lies within a year of `origin`."""
    offset = instant - origin
    if abs(offset) >= _FAR:
        return write_instant(instant)
    return f"{'-' if offset < 0 else ''}{write_duration(abs(offset))}"


INSTANT_FIELDS = frozenset(("start_date", "ends"))
"""The fields of a definition that are written as a TIME."""


def read_instant_field(value: Json, origin: int) -> Json:
    """An instant of a definition: a duration becomes an instant, other values stay."""
    if isinstance(value, str):
        with suppress(ValueError):
            return write_instant(origin + _read_offset(value))
    return value


def write_instant_field(value: Json, origin: int) -> Json:
    """The inverse of ``read_instant_field``: an instant in its usual spelling becomes a TIME."""
    if isinstance(value, str):
        with suppress(ValueError):
            instant = read_instant(value)
            return write_time(instant, origin) if write_instant(instant) == value else value
    return value


def _read_offset(text: str) -> int:
    return -read_duration(text[1:]) if text.startswith("-") else read_duration(text)


# --- VALUE


def read_value(text: str) -> Json:
    """The value of a word."""
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text


def write_value(value: Json) -> str:
    """The word for `value`, not yet quoted."""
    if isinstance(value, str) and value.isprintable() and read_value(value) is value:
        return value
    return _as_json(value)


def read_list(value: Json, separator: str) -> tuple[Json, ...]:
    """The items of a list that is given as one text, or as a list."""
    return tuple(value.split(separator) if isinstance(value, str) else value)


def write_list(items: Iterable[str], separator: str) -> str:
    """The word for `items`, not yet quoted."""
    items = tuple(items)
    joined = separator.join(items)
    return write_value(joined if tuple(joined.split(separator)) == items else items)


def quoted(word: str) -> str:
    """`word` with quotes where a line needs them."""
    if word and not re.search(r"""[ "'\\]""", word):
        return word
    if re.search(r"""["\\]""", word) and "'" not in word:
        return f"'{word}'"
    return '"{}"'.format(word.replace("\\", "\\\\").replace('"', '\\"'))


def _as_json(value: Json) -> str:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text)
