"""Reading a recording: from the tables of a file to the `Recording` that they describe.

The one idea: a person writes the tables, so reading them gives either a complete, valid `Recording`
or every fault, each with its place and its remedy.

    tables     values as JSON has them          ``gnomon.specs.recording.syntax``
    keys       defaults, bounds, how to read    ``gnomon.specs.recording.keys``
    parts      cluster, services, jobs, …       None where something is wrong
    Recording                                   only if nothing is wrong
"""

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from reprlib import Repr
from typing import Any

import msgspec
from msgspec import NODEFAULT

from gnomon.reference import jobs
from gnomon.reference.jobs import Definition, no_such
from gnomon.reference.schedule.clock import write_duration, write_instant
from gnomon.specs.recording.commands import COMMANDS, Command
from gnomon.specs.recording.format import FORMAT, ClusterTable, RecordingTable, ServiceTable
from gnomon.specs.recording.keys import Key, keys_of
from gnomon.specs.recording.model import (
    ClusterSpec,
    JobSpec,
    Recording,
    ServiceSpec,
    longest,
    shortest_lease,
)

MOST_FAULTS = 1_000
"""Reading stops after this many faults: nobody goes through more."""
MOST_NAMES = 100
"""A misspelt name is compared with at most this many known ones: more would take too long."""

Table = Mapping[str, object]
"""A table of a file."""
Placed = tuple[str, Table]
"""A table and its place in the file."""
Problem = tuple[str, str]
"""A place and the problem there."""
Values = dict[str, Any]
"""The values of a table by key. `Any`: their types are those of the table's keys."""


class RecordingError(ValueError):
    """An unusable recording; `faults` has a line for each fault: place, problem, remedy."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


def interpret(tables: Table) -> Recording:
    """The recording that `tables`, with values as JSON has them, describe.

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


def interpret_jobs(
    tables: Table,
    start_of: Callable[[str], int],
    problem_of: Callable[[Table], Problem | None],
) -> list[tuple[Definition, frozenset[str]]]:
    """The definitions of the ``[[job]]`` tables, each with the keys that are given.

    `start_of` is the start_date (µs, UTC) of a job of that name whose table gives none, and
    `problem_of` a key that is wrong in this file, with the remedy. Raises RecordingError with every
    fault.
    """
    _refuse_half_pairs(tables)
    reader = _Reader()
    placed = list(reader.tables(tables, "job"))
    found: list[tuple[Definition, frozenset[str]]] = []
    for place, table in placed:
        if (problem := problem_of(table)) is not None:
            reader.fault(f"{place}, {problem[0]}", problem[1])
        job = reader.job(place, table, start_of(str(table.get("name"))))
        if job is not None:
            found.append((job.definition, frozenset(table)))
    for fault in _repeated([], placed):
        reader.fault(*fault)
    if reader.faults:
        raise RecordingError(reader.faults)
    return found


def _refuse_half_pairs(tables: Table) -> None:
    """Refuse text that UTF-8 cannot encode: no history could be written of it."""
    try:
        json.dumps(tables, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        before = error.object[max(error.start - 40, 0) : error.start]
        problem = "half of a surrogate pair stands there, which UTF-8 cannot encode; remove it"
        raise RecordingError([f"after {before!r}: {problem}"]) from None


class _Reader:
    """Reads the parts and collects the faults; a part with a fault is read as None."""

    def __init__(self) -> None:
        self.faults: list[str] = []

    def fault(self, place: str, problem: str) -> None:
        self.faults.append(f"{place}: {problem}")
        if len(self.faults) == MOST_FAULTS:
            raise RecordingError([*self.faults, "there may be more; the reading has stopped here"])

    def recording(self, tables: Table) -> Recording | None:
        form = tables.get("format")
        if form is not None and form != FORMAT:
            self.fault("format", f'this program reads "{FORMAT}"; given was {_brief(form)}')
            return None
        values = self.values("", RecordingTable, tables)
        start, until = values.get("from"), values.get("until")
        if start is not None and until is not None and until <= start:
            self.fault("until", "it must be later than `from`; it is exclusive")
            until = None
        period = None if start is None or until is None else range(start, until)
        cluster = self.cluster(tables.get("cluster", {}))
        services, scheduled, commands = (
            list(self.tables(tables, key)) for key in ("service", "job", "command")
        )
        service_specs = [self.service(*service) for service in services]
        job_specs = [self.job(*job, start) for job in scheduled]
        orders = [self.command(*command, period) for command in commands]
        for fault in _repeated(services, scheduled):
            self.fault(*fault)
        for fault in _unknown(cluster, services, scheduled, commands):
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

    def cluster(self, table: object) -> ClusterSpec | None:
        if not isinstance(table, dict):
            self.fault("[cluster]", f"it must be a table; given was {_brief(table)}")
            return None
        values = self.values("[cluster]", ClusterTable, table)
        if len(values) < len(keys_of(ClusterTable)):
            return None
        cluster = ClusterSpec(**values)
        if cluster.lease < (least := shortest_lease(longest(cluster.latency))):
            self.fault(
                "[cluster], lease",
                f"it must last for at least {write_duration(least)}: a request and its reply take "
                "two journeys and must fit into a third of it; given was "
                f"{write_duration(cluster.lease)}",
            )
        return cluster

    def service(self, place: str, table: Table) -> ServiceSpec | None:
        values = self.values(place, ServiceTable, table)
        return ServiceSpec(**values) if len(values) == len(keys_of(ServiceTable)) else None

    def job(self, place: str, table: Table, start: int | None) -> JobSpec | None:
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
            if given is None:
                self.fault(f"{place}, {key}", "a recording has no null; leave the key out")
            elif jobs.is_foreign(key, definition.job_type):
                self.fault(f"{place}, {key}", f"{jobs.only_owners_have(key)}; remove it")
        return JobSpec(id, definition) if isinstance(id, str) else None

    def command(self, place: str, table: Table, period: range | None) -> Command | None:
        do = table.get("do")
        if not isinstance(do, str) or do not in COMMANDS:
            missing = f"it is required: one of {', '.join(COMMANDS)}"
            self.fault(f"{place}, do", no_such("command", str(do), COMMANDS) if do else missing)
            return None
        kind = COMMANDS[do]
        values = self.values(place, kind, table)
        if period is not None and "at" in values and values["at"] not in period:
            self.fault(f"{place}, at", "it must not be before `from`, and be before `until`")
        if len(values) < len(keys_of(kind)):
            return None
        command = msgspec.convert({"do": do, **values}, kind)
        problem = command.contradiction()
        if problem is not None:
            self.fault(place, problem)
        return command

    # --- tables

    def tables(self, tables: Table, key: str) -> Iterator[Placed]:
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

    def values(self, place: str, form: type[msgspec.Struct], table: Table) -> Values:
        """The values of a table's keys, without those that are wrong."""
        prefix = f"{place}, " if place else ""
        known = form.__struct_encode_fields__
        if tag := form.__struct_config__.tag_field:
            known = (tag, *known)
        for name in table:
            if name not in known:
                self.fault(f"{prefix}{name}", no_such("key", name, known))
        values: Values = {}
        for name, key in keys_of(form).items():
            if name in table:
                self.value(f"{prefix}{name}", name, key, table[name], values)
            elif key.default is NODEFAULT:
                self.fault(f"{prefix}{name}", f"it is required: {key.allowed}")
            else:
                values[name] = key.default
        return values

    def value(self, place: str, name: str, key: Key, given: object, values: Values) -> None:
        """Read one value into `values`, unless it is wrong."""
        try:
            values[name] = key.value(given)
        except msgspec.ValidationError:
            self.fault(place, f"it must be {key.allowed}; given was {_brief(given)}")
        except ValueError as error:
            self.fault(place, f"{error}; given was {_brief(given)}")
        else:
            for part in key.unknown(given):
                self.fault(f"{place}, {part}", no_such("key", part, key.keys))


# --- names


def _texts(tables: list[Placed], *keys: str) -> list[str]:
    """For each table the text under the first of the `keys` that it has."""
    given = (next((table[key] for key in keys if key in table), None) for _, table in tables)
    return [text for text in given if isinstance(text, str) and text]


def _repeated(services: list[Placed], scheduled: list[Placed]) -> Iterator[Problem]:
    """Names that must be unique and are not."""
    for what, names in {
        "[[service]] name": _texts(services, "name"),
        "[[job]] id": _texts(scheduled, "id", "name"),
        "[[job]] name": _texts(scheduled, "name"),
    }.items():
        for name, times in Counter(names).items():
            if times > 1:
                yield what, f"{_brief(name)} is there {times} times; it must be unique"


def _unknown(
    cluster: ClusterSpec | None,
    services: list[Placed],
    scheduled: list[Placed],
    commands: list[Placed],
) -> Iterator[Problem]:
    """Names of jobs, servers and services that do not exist."""
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
    yield from _unknown_in_lists(known.get("server"), services, "deployed_on", "server")
    yield from _unknown_in_lists(deployed, commands, "lacks", "service")
    changes = ((f"{place}, set", table.get("set")) for place, table in commands)
    changed = [(place, table) for place, table in changes if isinstance(table, dict)]
    for place, table in [*scheduled, *changed]:
        name = table.get("service")
        if isinstance(name, str) and name and name not in deployed:
            missing = _missing("service", name, deployed)
            yield f"{place}, service", f"{missing}; add a [[service]] of that name"


def _unknown_in_lists(
    known: Collection[str] | None, tables: list[Placed], key: str, kind: str
) -> Iterator[Problem]:
    """Names in lists under `key` that do not exist; nothing if `known` is None."""
    for place, table in tables:
        given = table.get(key)
        for name in given if isinstance(given, list) else ():
            if known is not None and isinstance(name, str) and name not in known:
                yield f"{place}, {key}", _missing(kind, name, known)


def _missing(kind: str, name: str, known: Collection[str]) -> str:
    if not known:
        return f"there is no {kind} at all"
    if len(known) > MOST_NAMES:
        return f"there is no {kind} {_brief(name)}"
    return no_such(kind, name, sorted(known))


# --- words


_repr = Repr()
_repr.maxstring = _repr.maxother = 60


def _brief(value: object) -> str:
    """`value` for a message, shortened where it is long or deep."""
    return _repr.repr(value)
