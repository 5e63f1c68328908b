"""Reading a recording: from the tables it is written in to the value it stands for.

The one idea: a recording is data a person writes, so reading one either gives a complete, valid
`Recording` or says everything that is wrong with it, each fault with its place and the way out.

    tables     values as JSON has them          from a TOML or a JSON file
    form       which keys, what they may hold   ``gnomon.specs.recording.format``
    parts      cluster, services, jobs, …       None where something is wrong
    Recording                                   only if nothing is
"""

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cache
from reprlib import Repr
from typing import Any, NamedTuple

import msgspec
from msgspec import NODEFAULT, inspect

from gnomon.reference import jobs
from gnomon.reference.events import STORE
from gnomon.reference.jobs import no_such
from gnomon.reference.schedule.clock import write_duration, write_instant
from gnomon.specs.recording.format import (
    COMMANDS,
    FORMAT,
    ClusterTable,
    RecordingTable,
    ServiceTable,
    Table,
)
from gnomon.specs.recording.model import (
    FAULTS,
    ON_SERVERS,
    ON_STORE,
    ClusterSpec,
    Command,
    Disturbance,
    Fault,
    JobSpec,
    Recording,
    ServiceSpec,
    longest,
)

MOST_FAULTS = 1_000
"""So many are told of; a file with more is none that a person would go through."""
LEAST_JOURNEYS = 6
"""A lease is renewed after a third of it, and the renewal has to travel in the second."""
MOST_NAMES = 100
"""Among so many names it is looked for the likeliest; among more that takes too long."""

Placed = tuple[str, dict[str, Any]]
"""A table and the place where it stands."""
Problem = tuple[str, str]
"""A place, and what is wrong there."""


class RecordingError(ValueError):
    """A recording that cannot be used; `faults` names everything wrong: place, problem, remedy."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


def interpret(tables: Mapping[str, Any]) -> Recording:
    """The recording that `tables`, values as JSON has them, describe.

    Raises RecordingError with every fault.
    """
    reader = _Reader()
    try:
        _refuse_half_pairs(tables)
        recording = reader.recording(tables)
    except RecursionError:
        raise RecordingError(["the file: it is nested deeper than any recording"]) from None
    if recording is None:
        raise RecordingError(reader.faults)
    return recording


def _refuse_half_pairs(tables: Mapping[str, Any]) -> None:
    """A history could not be written of a text that UTF-8 cannot encode."""
    try:
        json.dumps(tables, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        before = error.object[max(error.start - 40, 0) : error.start]
        problem = "half of a surrogate pair stands there, which UTF-8 cannot encode; remove it"
        raise RecordingError([f"after {before!r}: {problem}"]) from None


class _Reader:
    """Reads what it can and collects what is wrong; a part that is wrong is read as None."""

    def __init__(self) -> None:
        self.faults: list[str] = []

    def fault(self, place: str, problem: str) -> None:
        self.faults.append(f"{place}: {problem}")
        if len(self.faults) == MOST_FAULTS:
            raise RecordingError([*self.faults, "there may be more; the reading has stopped here"])

    def recording(self, tables: Mapping[str, Any]) -> Recording | None:
        form = tables.get("format")
        if form is not None and form != FORMAT:
            self.fault("format", f'this program reads "{FORMAT}"; given was {_brief(form)}')
            return None
        values = self.values("", RecordingTable, tables)
        start, until = values.get("from"), values.get("until")
        if start is not None and until is not None and until <= start:
            self.fault("until", "it must be later than `from`; it is exclusive")
            until = None
        cluster = self.cluster(tables.get("cluster", {}))
        services, scheduled, commands = (
            list(self.tables(tables, key)) for key in ("service", "job", "command")
        )
        service_specs = [self.service(*service) for service in services]
        job_specs = [self.job(*job, start) for job in scheduled]
        orders = [self.command(*command, start, until) for command in commands]
        for fault in _doubled(services, scheduled):
            self.fault(*fault)
        for fault in _dangling(cluster, services, scheduled, commands):
            self.fault(*fault)
        if self.faults or cluster is None:
            return None
        return Recording(
            start=values["from"],
            until=values["until"],
            title=values["title"],
            note=values["note"],
            seed=values["seed"],
            cluster=cluster,
            jobs=tuple(filter(None, job_specs)),
            services=tuple(filter(None, service_specs)),
            commands=tuple(sorted(filter(None, orders), key=lambda command: command.at)),
        )

    # --- parts

    def cluster(self, table: Any) -> ClusterSpec | None:
        if not isinstance(table, dict):
            self.fault("[cluster]", f"it must be a table; given was {_brief(table)}")
            return None
        values = self.values("[cluster]", ClusterTable, table)
        if len(values) < len(_keys(ClusterTable)):
            return None
        cluster = ClusterSpec(**values)
        if cluster.lease < (least := LEAST_JOURNEYS * longest(cluster.latency)):
            self.fault(
                "[cluster], lease",
                f"it must last for {LEAST_JOURNEYS} journeys, here {write_duration(least)}: it is "
                f"renewed three times; given was {write_duration(cluster.lease)}",
            )
        return cluster

    def service(self, place: str, table: dict[str, Any]) -> ServiceSpec | None:
        values = self.values(place, ServiceTable, table)
        return ServiceSpec(**values) if len(values) == len(_keys(ServiceTable)) else None

    def job(self, place: str, table: dict[str, Any], start: int | None) -> JobSpec | None:
        fields = {key: given for key, given in table.items() if key != "id"}
        id = table.get("id", fields.get("name"))
        if "id" in table and not (isinstance(id, str) and id):
            self.fault(f"{place}, id", f"it must be text that is not empty; given was {_brief(id)}")
        fields.setdefault("start_date", write_instant(start or 0))
        try:
            definition = jobs.read(fields)
        except jobs.Rejected as error:
            for fault in error.faults:
                self.fault(f"{place}, {fault.field}", f"{fault.allowed}; given was {fault.given}")
            return None
        for key, given in fields.items():
            owner = jobs.OWNERS.get(key, definition.job_type)
            if given is None:
                self.fault(f"{place}, {key}", "a recording has no null; leave the key out")
            elif owner != definition.job_type:
                self.fault(f"{place}, {key}", f"only a job of type {owner} has it; remove it")
        return JobSpec(id, definition) if isinstance(id, str) else None

    def command(
        self, place: str, table: dict[str, Any], start: int | None, until: int | None
    ) -> Command | None:
        do = table.get("do")
        if not isinstance(do, str) or do not in COMMANDS:
            missing = f"it is required: one of {', '.join(COMMANDS)}"
            self.fault(f"{place}, do", no_such("command", str(do), COMMANDS) if do else missing)
            return None
        values = self.values(place, COMMANDS[do], table)
        at = values.get("at")
        target = STORE if do in ON_STORE else values.get("server" if do in ON_SERVERS else "job")
        if at is None or target is None:
            return None
        if start is not None and until is not None and not start <= at < until:
            self.fault(f"{place}, at", "it must not be before `from`, and be before `until`")
        fields = values.get("set", {}) | dict.fromkeys(values.get("unset", ()))
        if do == "create":
            fields.setdefault("start_date", write_instant(at))
        if do == "edit" and not fields and values.keys() >= {"set", "unset"}:
            self.fault(place, "it edits nothing; name a field in `set` or in `unset`")
        fault = self.fault_of(place, do, values) if do in FAULTS else None
        return Command(at=at, do=do, target=target, fields=fields, fault=fault)  # type: ignore[arg-type]

    def fault_of(self, place: str, do: str, values: dict[str, Any]) -> Fault | None:
        form = FAULTS[do]
        how = {key: values[key] for key in form.__struct_encode_fields__ if key in values}
        if len(how) < len(form.__struct_encode_fields__):
            return None
        fault = msgspec.convert(how, form)
        if isinstance(fault, Disturbance) and not (fault.lose or fault.repeat or fault.delay):
            self.fault(place, "it disturbs nothing; say what to `lose`, to `repeat` or to `delay`")
        return fault

    # --- tables

    def tables(self, tables: Mapping[str, Any], key: str) -> Iterator[Placed]:
        """Each table of an array of tables."""
        given = tables.get(key, [])
        if not isinstance(given, list):
            self.fault(f"[[{key}]]", f"it must be an array of tables, each headed [[{key}]]")
            return
        for number, table in enumerate(given, 1):
            place = f"[[{key}]] {number}"
            if isinstance(table, dict):
                label = table.get("name", table.get("do"))
                yield f"{place} ({label:.40})" if isinstance(label, str) else place, table
            else:
                self.fault(place, f"it must be a table; given was {_brief(table)}")

    def values(self, place: str, form: type[Table], table: Mapping[str, Any]) -> dict[str, Any]:
        """What the keys of a table stand for; those that are wrong are left out."""
        prefix = f"{place}, " if place else ""
        known = form.__struct_encode_fields__
        if tag := form.__struct_config__.tag_field:
            known = (tag, *known)
        for name in table:
            if name not in known:
                self.fault(f"{prefix}{name}", no_such("key", name, known))
        values = {}
        for name, key in _keys(form).items():
            given = table.get(name, key.default)
            if given is NODEFAULT:
                self.fault(f"{prefix}{name}", f"it is required: {key.allowed}")
                continue
            try:
                values[name] = key.read(msgspec.convert(given, key.kind))
            except msgspec.ValidationError:
                problem = f"it must be {key.allowed}"
                self.fault(f"{prefix}{name}", f"{problem}; given was {_brief(given)}")
            except ValueError as error:
                self.fault(f"{prefix}{name}", f"{error}; given was {_brief(given)}")
            else:
                for part in key.unknown(given):
                    self.fault(f"{prefix}{name}, {part}", no_such("key", part, key.keys))
        return values


# --- keys


class _Key(NamedTuple):
    """A key of a table: what it may hold, what holds where it is left out, and how it is read."""

    kind: Any
    allowed: str
    default: Any
    read: Callable[[Any], Any]
    keys: Collection[str]

    def unknown(self, given: Any) -> list[str]:
        """The keys of a table written in one line that it may not have."""
        return [key for key in given if key not in self.keys] if self.keys else []


@cache
def _keys(form: type[Table]) -> dict[str, _Key]:
    """The keys of a form, but for those that hold tables of their own."""
    kinds = {field.encode_name: field.type for field in msgspec.structs.fields(form)}
    keys = {}
    for field in inspect.type_info(form).fields:  # type: ignore[attr-defined]
        kind, extra = field.type, dict[str, Any]()
        if isinstance(kind, inspect.Metadata):
            extra = kind.extra or {}
            kind = kind.type
        if isinstance(kind, inspect.StructType | inspect.ListType) and "allowed" not in extra:
            continue
        has_factory = field.default_factory is not NODEFAULT
        keys[field.encode_name] = _Key(
            kind=kinds[field.encode_name],
            allowed=extra.get("allowed") or _allowed(kind),
            default=field.default_factory() if has_factory else field.default,
            read=extra.get("read", _same),
            keys=extra.get("keys", ()),
        )
    return keys


def _allowed(kind: inspect.Type) -> str:
    """What a value may be, in words."""
    match kind:
        case inspect.IntType(ge=low, le=high):
            return f"a whole number from {low} to {high}"
        case inspect.StrType(min_length=shortest):
            return "text that is not empty" if shortest else "text"
        case inspect.LiteralType(values=values):
            return " or ".join(f'"{value}"' for value in values)
    assert isinstance(kind, inspect.BoolType)
    return "true or false"


def _same(value: Any) -> Any:
    return value


# --- names


def _texts(tables: list[Placed], *keys: str) -> list[str]:
    """What stands in each table under the first of the `keys` that it has, if that is text."""
    given = (next((table[key] for key in keys if key in table), None) for _, table in tables)
    return [text for text in given if isinstance(text, str) and text]


def _doubled(services: list[Placed], scheduled: list[Placed]) -> Iterator[Problem]:
    """What must be unique and is not."""
    for what, names in {
        "[[service]] name": _texts(services, "name"),
        "[[job]] id": _texts(scheduled, "id", "name"),
        "[[job]] name": _texts(scheduled, "name"),
    }.items():
        for name, times in Counter(names).items():
            if times > 1:
                yield what, f"{_brief(name)} is there {times} times; it must be unique"


def _dangling(
    cluster: ClusterSpec | None,
    services: list[Placed],
    scheduled: list[Placed],
    commands: list[Placed],
) -> Iterator[Problem]:
    """What is named and is not there."""
    created = [(place, table) for place, table in commands if table.get("do") == "create"]
    known = {"job": {*_texts(scheduled, "id", "name"), *_texts(created, "job")}}
    if cluster is not None:
        known["server"] = set(cluster.server_names)
    for place, table in commands:
        for kind, names in known.items():
            name = table.get(kind)
            if isinstance(name, str) and name and name not in names:
                yield f"{place}, {kind}", _missing(kind, name, names)
    deployed = set(_texts(services, "name"))
    changes = ((f"{place}, set", table.get("set")) for place, table in commands)
    changed = [(place, table) for place, table in changes if isinstance(table, dict)]
    for place, table in [*scheduled, *changed]:
        name = table.get("service")
        if isinstance(name, str) and name and name not in deployed:
            missing = _missing("service", name, deployed)
            yield f"{place}, service", f"{missing}; add a [[service]] of that name"


def _missing(kind: str, name: str, known: Collection[str]) -> str:
    if not known:
        return f"there is no {kind} at all"
    if len(known) > MOST_NAMES:
        return f"there is no {kind} {_brief(name)}"
    return no_such(kind, name, sorted(known))


# --- words


_repr = Repr()
_repr.maxstring = _repr.maxother = 60


def _brief(value: Any) -> str:
    """`value` for a message, cut where it is long or deep."""
    return _repr.repr(value)
