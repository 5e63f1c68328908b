r"""The notation of examples and pictures: a line an event, for people to read.

The one idea: ``example`` reads by this table and ``picture`` writes by it, and what a line leaves
out is what ``assumed`` fills in, for both.

    2s     published      1 report due=1s

    line      TIME KIND SUBJECT… NAME=VALUE…
    TIME      a duration from the start of the history, or to it, as in -5m; or an instant,
              as in 2026-01-31T12:00:00Z
    KIND      the kind of an event, as ``gnomon.reference.events`` has it
    SUBJECT   job_created, job_edited …    the job
              published                    the message and the job
              claimed, started, finished,  the message and SERVER/WORKER;
              invoked, reclaimed, lost     of finished also ok or failed
              lease_acquired …             the server; the epoch is counted
              server_started …             the server
              writes_lost                  how many
              fault_began, fault_ended     the fault and what it strikes
    NAME      any other field of the event; of a job, each field of its definition (then
              `event_name` is the name that the event carries); of `invoked`, each thing seen
    VALUE     JSON, or a text as it is, if it is no JSON; of `due`, `into`, `since` and `start_date`
              a TIME; a list also with commas, `faults` with semicolons

Words are parted by blanks, and quoted as in a shell. ``without=a,b`` takes away fields of the
definition that is assumed, ``unseen=a,b`` what a service is assumed to have seen. ``header`` as the
first line sets fields of the header; ``end`` as a KIND says when the history ends. Lines that begin
with ``#`` are comments.
"""

import json
import re
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, NamedTuple, get_args

import msgspec
from msgspec.structs import fields

from gnomon.reference import events
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
    "skipped": _JOB,
    "coalesced": _JOB,
    "claimed": _RUN,
    "started": _RUN,
    "invoked": _RUN,
    "finished": (*_RUN, "outcome"),
    "reclaimed": _RUN,
    "lost": _RUN,
    "expired": ("message",),
    "dead_lettered": ("message",),
    "server_started": _SERVER,
    "server_stopping": _SERVER,
    "server_stopped": _SERVER,
    "server_crashed": _SERVER,
    "writes_lost": ("writes",),
    "fault_began": ("fault", "target"),
    "fault_ended": ("fault", "target"),
}
"""What a line is about: of each kind of event the fields that stand there without their names."""


class Spread(NamedTuple):
    """A `field` whose entries stand in the line by their names; `less` takes some away."""

    field: str
    less: str


SPREAD = {
    "job_created": Spread("definition", "without"),
    "job_edited": Spread("definition", "without"),
    "job_rejected": Spread("definition", "without"),
    "invoked": Spread("saw", "unseen"),
}
LISTS = {"services": ",", "defines": ",", "calls": ",", "faults": "; "}
"""The fields that are lists, and what parts them."""
TIMES = ("due", "heard", "into", "since")
NUMBERS = ("message", "worker", "writes")
RAISED = "boom"
"""What a method raised of which a line only says that it raised."""


class Kind(NamedTuple):
    """A kind of event: its class, its fields by their names in a line, and their defaults."""

    of: type[events.Event]
    names: dict[str, str]
    defaults: dict[str, Any]


def _kind(of: type[events.Event]) -> tuple[str, Kind]:
    names, defaults = {}, {}
    own = [field for field in fields(of) if field.name != "at"]
    is_job = any(field.name == "definition" for field in own)
    for field in own:
        names["event_name" if is_job and field.name == "name" else field.name] = field.name
        if field.default is not msgspec.NODEFAULT:
            defaults[field.name] = field.default
        elif field.default_factory is not msgspec.NODEFAULT:
            defaults[field.name] = field.default_factory()
    return str(of.__struct_config__.tag), Kind(of, names, defaults)


KINDS: dict[str, Kind] = dict(map(_kind, get_args(events.Event)))


# --- TIME

_FAR = 365 * DAY


def read_time(text: str, origin: int) -> int:
    """The instant (µs, UTC) that a TIME stands for. Raises ValueError."""
    with suppress(ValueError):
        return read_instant(text)
    return origin + _read_offset(text)


def write_time(instant: int, origin: int) -> str:
    """`instant` (µs, UTC) as a TIME: within a year of the origin a duration."""
    offset = instant - origin
    if abs(offset) >= _FAR:
        return write_instant(instant)
    return f"{'-' if offset < 0 else ''}{write_duration(abs(offset))}"


def read_start(value: Any, origin: int) -> Any:
    """A `start_date` for a definition: of a duration the instant, and whatever else it may be."""
    if isinstance(value, str):
        with suppress(ValueError):
            return write_instant(origin + _read_offset(value))
    return value


def write_start(value: Any, origin: int) -> Any:
    """What ``read_start`` makes `value` of: if it is an instant as we write it, a TIME."""
    if isinstance(value, str):
        with suppress(ValueError):
            instant = read_instant(value)
            return write_time(instant, origin) if write_instant(instant) == value else value
    return value


def _read_offset(text: str) -> int:
    return -read_duration(text[1:]) if text.startswith("-") else read_duration(text)


# --- VALUE


def read_value(text: str) -> Any:
    """The value that a word stands for."""
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text


def write_value(value: Any) -> str:
    """A word that stands for `value`, not yet quoted."""
    if isinstance(value, str) and value.isprintable() and read_value(value) is value:
        return value
    return _as_json(value)


def read_list(value: Any, parted_by: str) -> tuple[Any, ...]:
    """The items that were given in one text, or as they are."""
    return tuple(value.split(parted_by) if isinstance(value, str) else value)


def write_list(items: Iterable[str], parted_by: str) -> str:
    """A word that stands for `items`, not yet quoted."""
    items = tuple(items)
    together = parted_by.join(items)
    return write_value(together if tuple(together.split(parted_by)) == items else items)


def quoted(word: str) -> str:
    """`word` as it stands in a line."""
    if word and not re.search(r"""[ "'\\]""", word):
        return word
    if re.search(r"""["\\]""", word) and "'" not in word:
        return f"'{word}'"
    return '"{}"'.format(word.replace("\\", "\\\\").replace('"', '\\"'))


def _as_json(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text)
