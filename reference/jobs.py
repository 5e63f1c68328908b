"""Job definitions: their fields, and which definitions are accepted (JOB-1 to JOB-6).

The one idea: a definition has two forms. The outer form is a table of plain values, as a recording,
a history or an API call contains it. The inner form is `Definition`. ``read`` converts the outer
form to the inner one, or reports *every* fault (JOB-5). ``write`` converts back, and ``read`` gives
the same definition for its result (JOB-6).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from difflib import get_close_matches
from typing import Any, Literal, cast, get_args

import msgspec

from gnomon.reference.schedule.clock import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    WEEK,
    from_datetime,
    read_duration,
    read_instant,
    write_duration,
    write_instant,
)
from gnomon.reference.schedule.cron import CronError, read_cron
from gnomon.reference.schedule.jitter import UNITS, smallest_gap
from gnomon.reference.schedule.minutes import matching_minutes
from gnomon.reference.schedule.zones import UnknownZone, load_zone, similar_zones

JobType = Literal["one_time", "interval_based", "cron_style"]
Misfire = Literal["once", "all", "skip"]

JOB_TYPES: tuple[str, ...] = get_args(JobType)
MISFIRE_POLICIES: tuple[str, ...] = get_args(Misfire)

LONGEST_NAME = 200
"""The longest name of a job, in characters (JOB-1)."""
LARGEST_EXTRA = 500_000
"""The largest extra data of a job, in bytes of UTF-8 (JOB-1)."""
LARGEST_NUMBER = 10**9
"""The largest number in a definition (JOB-3)."""
LONGEST_DURATION = 1_000_000 * DAY
"""The longest grace of a job (µs)."""

INTERVAL_UNITS = UNITS
"""The fields that an interval is the sum of, each with its length (µs), longest first (JOB-3)."""


class Definition(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The fields of a job, without its id and revision, which the store assigns (JOB-1).

    `start_date` and the exclusive `ends` are instants (µs since the Unix epoch, UTC), `grace` and
    `jitter` durations in µs (MISS-1, LIMIT-2). `max_parallel` limits unfinished messages (LIMIT-1),
    `max_runtime` (µs) the time after which a run is reported as overdue (LIMIT-3).
    """

    name: str
    job_type: JobType
    service: str
    start_date: int
    is_active: bool = True
    extra: str | None = None
    weeks: int = 0
    days: int = 0
    hours: int = 0
    minutes: int = 0
    seconds: int = 0
    repeats: int | None = None
    ends: int | None = None
    cron_definition: str | None = None
    timezone: str = "UTC"
    misfire: Misfire = "once"
    grace: int = SECOND
    max_parallel: int | None = None
    jitter: int = 0
    max_runtime: int | None = None

    @property
    def size(self) -> int:
        """The size of the extra data, in bytes of UTF-8; 0 if there is none (JOB-1)."""
        return 0 if self.extra is None else len(self.extra.encode())

    @property
    def interval(self) -> int:
        """The length of the interval (µs); 0 for a job that is not interval-based (JOB-3)."""
        return (
            self.weeks * WEEK
            + self.days * DAY
            + self.hours * HOUR
            + self.minutes * MINUTE
            + self.seconds * SECOND
        )


class Fault(msgspec.Struct, frozen=True, gc=False):
    """One fault of a definition: the field, the value given, and the values allowed (JOB-5)."""

    field: str
    given: str
    allowed: str

    def __str__(self) -> str:
        return f"{self.field}: {self.allowed}; given was {self.given}"


class Rejected(ValueError):
    """A definition is not accepted; `faults` lists every reason (JOB-5)."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("; ".join(map(str, faults)))
        self.faults = faults


REQUIRED = ("name", "job_type", "service", "start_date")
"""The fields that every definition must give (JOB-1)."""
_OWN_FIELDS = {
    "one_time": frozenset[str](),
    "interval_based": frozenset((*INTERVAL_UNITS, "repeats", "ends")),
    "cron_style": frozenset(("cron_definition", "timezone", "repeats", "ends")),
}
"""By type of jobs: the fields that not all types have."""
OWNERS = {
    field: tuple(job_type for job_type, fields in _OWN_FIELDS.items() if field in fields)
    for field in frozenset().union(*_OWN_FIELDS.values())
}
"""By field that not all types have: the types that have it."""


def read(fields: Mapping[str, object]) -> Definition:
    """The definition that `fields` describe. Raises Rejected with every fault (JOB-1 to JOB-5).

    `start_date` and `ends` are a `datetime` or RFC 3339 text; a `grace` is text such as ``1s``.

    >>> fields = {"name": "a", "job_type": "interval_based", "service": "s", "seconds": 90}
    >>> read(fields | {"start_date": "2026-01-31T12:00:00Z"}).interval
    90000000
    """
    # Any: each value has the type of its field, because the field's reader returned it.
    values: dict[str, Any] = {}
    faults = [
        Fault(field, "nothing", f"it is required: {_ALLOWED[field]}")
        for field in REQUIRED
        if field not in fields
    ]
    for field, given in fields.items():
        if field not in _READERS:
            faults.append(Fault(field, _brief(given), no_such("field", field, _READERS)))
            continue
        try:
            values[field] = _READERS[field](given)
        except ValueError as error:
            reasons = error.faults if isinstance(error, CronError) else [str(error)]
            faults += [Fault(field, _brief(given), reason) for reason in reasons]
    faults += _faults_between(fields, values)
    if faults:
        raise Rejected(faults)
    return Definition(**values)


def write(definition: Definition) -> dict[str, Any]:
    """`definition` as plain values, without defaults; ``read`` gives the same back (JOB-6).

    A value is text, a whole number, true or false, as JSON and TOML can hold it.
    """
    # Any: callers pass the fields on as keyword arguments, which have a type each.
    fields: dict[str, Any] = {}
    for field in Definition.__struct_fields__:
        value = getattr(definition, field)
        if field in REQUIRED or value != _DEFAULTS[field]:
            fields[field] = _WRITERS.get(field, _same)(value)
    return fields


def change(definition: Definition, fields: Mapping[str, object]) -> Definition:
    """An edit: `definition` with `fields` replaced.

    Raises Rejected with every fault, among them a change of the job's type (JOB-2, JOB-5).
    """
    kept: dict[str, object] = {"job_type": definition.job_type}
    faults: list[Fault] = []
    if (given := fields.get("job_type", definition.job_type)) != definition.job_type:
        allowed = f"an edit never changes it; it stays {definition.job_type}"
        faults.append(Fault("job_type", _brief(given), allowed))
    try:
        changed = read(write(definition) | dict(fields) | kept)
    except Rejected as error:
        raise Rejected(faults + error.faults) from None
    if faults:
        raise Rejected(faults)
    return changed


def _faults_between(fields: Mapping[str, object], values: Mapping[str, object]) -> Iterator[Fault]:
    """The faults of fields that are right by themselves and do not fit each other."""
    job_type = values.get("job_type")
    if job_type is None:
        return
    for field in fields:
        if is_foreign(field, job_type) and values.get(field) != _DEFAULTS.get(field):
            yield Fault(field, _brief(fields[field]), only_owners_have(field))
    if job_type == "interval_based":
        units = [unit for unit in INTERVAL_UNITS if unit in fields]
        allowed = f"one of {', '.join(INTERVAL_UNITS)} must be above 0"
        if not units:
            yield Fault("seconds", "nothing", allowed)
        elif all(values.get(unit) == 0 for unit in units):
            yield Fault("interval", ", ".join(f"{unit} = 0" for unit in units), allowed)
    if job_type == "cron_style" and fields.get("cron_definition") is None:
        yield Fault("cron_definition", "nothing", f"it is required: {_ALLOWED['cron_definition']}")
    gap = smallest_gap(job_type, values) if values.get("jitter") else None
    if gap is not None and cast("int", values["jitter"]) >= gap:
        allowed = f"it must be below the least time between two occurrences, {write_duration(gap)}"
        yield Fault("jitter", _brief(fields["jitter"]), allowed)
    if values.get("ends") is not None and not is_foreign("ends", job_type):
        yield from _faults_of_end(fields, values)


# Any: each value has the type of its field.
def _faults_of_end(fields: Mapping[str, object], values: Mapping[str, Any]) -> Iterator[Fault]:
    """The fault of an end before which the job is never due (JOB-3, JOB-4)."""
    given, start, ends = _brief(fields["ends"]), values.get("start_date"), values["ends"]
    if start is None:
        return
    if ends <= start:
        allowed = f"it must be later than start_date, which is {write_instant(start)}"
        yield Fault("ends", given, allowed)
        return
    cron, zone = values.get("cron_definition"), values.get("timezone")
    if cron is None or (zone is None and "timezone" in fields):
        return
    first = matching_minutes(cron, zone or "UTC").first(start)
    if first is None:
        yield Fault("ends", given, "the job can never be due: its definition has no occurrence")
    elif first >= ends:
        allowed = f"it must be later than the first occurrence, which is {write_instant(first)}"
        yield Fault("ends", given, f"{allowed}; else the job can never be due")


def is_foreign(field: str, job_type: object) -> bool:
    """Whether jobs of that type have no such field, though others have it."""
    return field in OWNERS and job_type not in OWNERS[field]


def only_owners_have(field: str) -> str:
    """The message for a field that jobs of this type do not have."""
    return f"only a job of type {' or '.join(OWNERS[field])} has it"


_ALLOWED = {
    "name": f"a text of 1 to {LONGEST_NAME} characters",
    "job_type": f"one of {', '.join(JOB_TYPES)}",
    "service": "the name of a service, a text that is not empty",
    "start_date": "an instant such as 2026-01-31T12:00:00Z",
    "cron_definition": "five fields such as '0 12 * * MON-FRI', or a name such as @daily",
}


def no_such(kind: str, name: str, known: Iterable[str]) -> str:
    """The message for a `name` that is not among the `known`; it suggests the most similar one."""
    known = list(known)
    close = get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]}? " if close else ""
    return f"there is no such {kind}; {hint}known are {', '.join(known)}"


def _brief(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 80 else f"{shown[:60]}… ({len(shown)} characters)"


def _same(value: object) -> object:
    return value


def _read_text(given: object, allowed: str, longest: int | None = None) -> str:
    if not isinstance(given, str) or not given or (longest and len(given) > longest):
        raise ValueError(f"it must be {allowed}")
    _encode(given)
    return given


def _encode(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise ValueError(
            f"it must be text that UTF-8 can encode; the character at {error.start} is half a pair"
        ) from None


def _read_choice(given: object, allowed: tuple[str, ...]) -> str:
    if not isinstance(given, str) or given not in allowed:
        raise ValueError(f"it must be one of {', '.join(allowed)}")
    return given


def _read_flag(given: object) -> bool:
    if not isinstance(given, bool):
        raise ValueError("it must be true or false")
    return given


def _read_whole(given: object, low: int) -> int:
    if not isinstance(given, int) or isinstance(given, bool) or not low <= given <= LARGEST_NUMBER:
        raise ValueError(f"it must be a whole number from {low} to {LARGEST_NUMBER}")
    return given


def _read_number(given: object) -> int | None:
    return None if given is None else _read_whole(given, 1)


def _read_end(given: object) -> int | None:
    return None if given is None else _read_instant(given)


def _read_instant(given: object) -> int:
    if isinstance(given, datetime):
        return from_datetime(given)
    if isinstance(given, str):
        return read_instant(given)
    raise ValueError("it must be an instant such as 2026-01-31T12:00:00Z")


def read_extra(given: object) -> str | None:
    """Extra data (JOB-1). Raises ValueError if it is no text, or too long."""
    if given is None:
        return None
    if not isinstance(given, str):
        raise ValueError("it must be text")
    if (size := len(_encode(given))) > LARGEST_EXTRA:
        raise ValueError(f"it is {size} bytes in UTF-8; at most {LARGEST_EXTRA} are allowed")
    return given


def _read_cron(given: object) -> str | None:
    if given is None:
        return None
    if not isinstance(given, str):
        raise ValueError(f"it must be {_ALLOWED['cron_definition']}")
    read_cron(given)
    return given


def read_zone(given: object) -> str:
    """The IANA time zone that `given` names (FIRE-5). Raises ValueError if there is none."""
    allowed = "it must be an IANA time zone such as Europe/Warsaw"
    if not isinstance(given, str):
        raise ValueError(allowed)
    try:
        load_zone(given)
    except UnknownZone:
        similar = " or ".join(similar_zones(given))
        hint = f"; did you mean {similar}?" if similar else ""
        raise ValueError(allowed + hint) from None
    return given


def _read_span(given: object) -> int:
    if not isinstance(given, str):
        raise ValueError("it must be a duration such as 1s or 500ms")
    if (span := read_duration(given)) > LONGEST_DURATION:
        raise ValueError("it must be at most a million days")
    return span


def _read_limit(given: object) -> int | None:
    if given is None:
        return None
    if (span := _read_span(given)) == 0:
        raise ValueError("it must be a duration above 0, such as 5m")
    return span


_READERS: dict[str, Callable[[object], object]] = {
    "name": lambda given: _read_text(given, _ALLOWED["name"], LONGEST_NAME),
    "job_type": lambda given: _read_choice(given, JOB_TYPES),
    "service": lambda given: _read_text(given, _ALLOWED["service"]),
    "start_date": _read_instant,
    "is_active": _read_flag,
    "extra": read_extra,
    **dict.fromkeys(INTERVAL_UNITS, lambda given: _read_whole(given, 0)),
    "repeats": _read_number,
    "ends": _read_end,
    "cron_definition": _read_cron,
    "timezone": read_zone,
    "misfire": lambda given: _read_choice(given, MISFIRE_POLICIES),
    "grace": _read_span,
    "max_parallel": _read_number,
    "jitter": _read_span,
    "max_runtime": _read_limit,
}
"""By field: converts the value given to the value in a Definition, or raises ValueError."""
_WRITERS: dict[str, Callable[[int], str]] = {
    "start_date": write_instant,
    "ends": write_instant,
    "grace": write_duration,
    "jitter": write_duration,
    "max_runtime": write_duration,
}
"""The fields whose outer form differs from their value in a Definition."""
_DEFAULTS: dict[str, object] = {
    field.name: field.default for field in msgspec.structs.fields(Definition)
}
