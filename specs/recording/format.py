"""The file format of a recording: its tables, and the keys and values of each.

The one idea: these types are the only description of the format. ``reader`` takes the keys, their
bounds and their defaults from here, and ``schemas/recording.schema.json`` is generated from them.
Commands have types of their own, in ``commands``.

A value is one of JSON's, except null: an absent value is left out. TOML's dates and times are
equivalent to their text. A job's fields are read by ``gnomon.reference.jobs``, which checks more
than a schema can.
"""

from typing import Annotated, Literal, get_args

import msgspec
from msgspec import UNSET, Meta, UnsetType

from gnomon.reference.jobs import JOB_TYPES, LONGEST_NAME, Misfire
from gnomon.reference.schedule.clock import write_duration
from gnomon.reference.service import order_of_calls
from gnomon.reference.store.messages import MOST_ATTEMPTS, Profile
from gnomon.specs.recording.commands import Command
from gnomon.specs.recording.model import (
    LARGEST_SEED,
    MOST_SERVERS,
    MOST_WORKERS,
    ClusterSpec,
    Fixed,
    Lognormal,
    Samples,
    Spread,
)
from gnomon.specs.recording.values import (
    DURATION,
    DURATION_SCHEMA,
    INSTANT,
    LEASE,
    Name,
    names,
    read_duration,
)
from gnomon.specs.recording.values import SCHEMAS as TEXT_SCHEMAS

Format = Literal["gnomon-recording/1"]
FORMAT: str = get_args(Format)[0]
HOOKS = tuple(dict.fromkeys(hook for type in JOB_TYPES for hook in order_of_calls(type)))

A_SPREAD = (
    'a duration such as "250ms", { p50 = "1s", p99 = "5s" } with p50 above 0 and p99 not below it, '
    'or { samples = ["1s", "2s"] }'
)


# --- values


def _read_spread(given: object) -> Spread:
    match given:
        case str():
            return Fixed(read_duration(given))
        case {"p50": str(p50), "p99": str(p99), **others} if not others:
            read = Lognormal(read_duration(p50), read_duration(p99))
            if 0 < read.p50 <= read.p99:
                return read
        case {"samples": [str(), *_] as samples, **others} if not others:
            if all(isinstance(sample, str) for sample in samples):
                return Samples(tuple(map(read_duration, samples)))
    raise ValueError(f"it must be {A_SPREAD}")


def _write_spread(spread: Spread) -> str | dict[str, str] | dict[str, list[str]]:
    match spread:
        case Fixed(duration=duration):
            return write_duration(duration)
        case Lognormal(p50=p50, p99=p99):
            return {"p50": write_duration(p50), "p99": write_duration(p99)}
        case Samples(samples=samples):
            return {"samples": [write_duration(sample) for sample in samples]}


def _table_of(**properties: object) -> dict[str, object]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


SCHEMAS: dict[str, object] = TEXT_SCHEMAS | {
    "Spread": {
        "description": "A fixed duration, a lognormal distribution, or samples in turn.",
        "anyOf": [
            DURATION_SCHEMA,
            _table_of(p50=DURATION_SCHEMA, p99=DURATION_SCHEMA),
            _table_of(samples={"type": "array", "items": DURATION_SCHEMA, "minItems": 1}),
        ],
    },
}
"""Schemas that msgspec cannot derive, for the ``$defs`` of the JSON Schema."""

SpreadValue = Annotated[
    object,
    Meta(
        extra_json_schema={"$ref": "#/$defs/Spread"},
        extra={"allowed": A_SPREAD, "read": _read_spread, "write": _write_spread},
    ),
]
Raises = Annotated[
    dict[str, str],
    Meta(
        extra_json_schema={"propertyNames": {"enum": list(HOOKS)}},
        extra={"allowed": "a table such as { handle = 'what it raises' }", "keys": HOOKS},
    ),
]
InstantText = Annotated[str, INSTANT]
Count = Annotated[int, Meta(ge=0, le=10**9)]


# --- tables


class Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table. A key without a default is required; one whose default is UNSET has none."""


_CLUSTER = ClusterSpec()


class ClusterTable(Table, frozen=True, kw_only=True):
    """The simulated cluster."""

    servers: Annotated[int, Meta(ge=1, le=MOST_SERVERS, description="Named s1, s2, …")] = (
        _CLUSTER.servers
    )
    workers: Annotated[int, Meta(ge=1, le=MOST_WORKERS, description="On each server.")] = (
        _CLUSTER.workers
    )
    lease: Annotated[
        int, LEASE, Meta(description="How long a leader leads without renewing its lease.")
    ] = _CLUSTER.lease
    latency: Annotated[
        SpreadValue, Meta(description="Time between a server and the store, one way.")
    ] = _CLUSTER.latency
    profile: Annotated[Profile, Meta(description="Delivery profile (DLV).")] = _CLUSTER.profile
    max_attempts: Annotated[
        int,
        Meta(
            ge=1,
            le=MOST_ATTEMPTS,
            description="Attempts of a message before it is dead-lettered, if each server that has "
            "it is lost (DLV-2).",
        ),
    ] = _CLUSTER.max_attempts


class ServiceTable(Table, frozen=True, kw_only=True):
    """A service: a stub that takes time, and raises what `raises` says."""

    name: Name
    duration: Annotated[SpreadValue, Meta(description="Duration of a run.")]
    raises: Annotated[Raises, Meta(description="Errors raised by handle and the hooks.")] = {}
    deployed: Annotated[bool, Meta(description="False: no server has it (RUN-8).")] = True
    crashes_server: Annotated[
        bool, Meta(description="True: each run ends its server's process (DLV-2).")
    ] = False
    deployed_on: Annotated[
        tuple[Name, ...],
        Meta(description="The servers that have it (DLV-7). Default: all."),
        names("servers"),
    ] = ()


class _JobTable(Table, frozen=True, kw_only=True, tag_field="job_type"):
    id: Annotated[Name | UnsetType, Meta(description="Default: the name.")] = UNSET
    name: Annotated[str, Meta(min_length=1, max_length=LONGEST_NAME)]
    service: Name
    start_date: Annotated[
        Annotated[str, INSTANT] | UnsetType, Meta(description="Default: `from`.")
    ] = UNSET
    is_active: bool = True
    extra: Annotated[str | UnsetType, Meta(description="The payload, text.")] = UNSET
    misfire: Annotated[Misfire, Meta(description="The misfire policy (MISS-2).")] = "once"
    grace: Annotated[
        str,
        DURATION,
        Meta(description="Lateness from which it is a misfire (MISS-1)."),
    ] = "1s"
    max_parallel: Annotated[
        Annotated[int, Meta(ge=1, le=10**9)] | UnsetType,
        Meta(description="Most unfinished messages of the plan (LIMIT-1)."),
    ] = UNSET
    jitter: Annotated[
        str,
        DURATION,
        Meta(description="Longest offset of its occurrences; below its interval (LIMIT-2)."),
    ] = "0s"
    max_runtime: Annotated[
        Annotated[str, DURATION] | UnsetType,
        Meta(description="Time after which a run is reported as overdue; above 0 (LIMIT-3)."),
    ] = UNSET


class OneTimeTable(_JobTable, frozen=True, kw_only=True, tag="one_time"):
    """A job that is due once (FIRE-1)."""


class _RecurringTable(_JobTable, frozen=True, kw_only=True, tag_field="job_type"):
    repeats: Annotated[int, Meta(ge=1, le=10**9)] | UnsetType = UNSET
    ends: Annotated[
        Annotated[str, INSTANT] | UnsetType,
        Meta(description="Later than start_date; due before it only."),
    ] = UNSET


class IntervalTable(_RecurringTable, frozen=True, kw_only=True, tag="interval_based"):
    """A job that is due at regular intervals (FIRE-2); at least one unit is above 0."""

    weeks: Count = 0
    days: Count = 0
    hours: Count = 0
    minutes: Count = 0
    seconds: Count = 0


class CronTable(_RecurringTable, frozen=True, kw_only=True, tag="cron_style"):
    """A cron job (FIRE-4, FIRE-5)."""

    cron_definition: Annotated[str, Meta(description="Five fields, or a name such as @daily.")]
    timezone: Annotated[str, Meta(description="An IANA time zone.")] = "UTC"


JobTable = OneTimeTable | IntervalTable | CronTable


class RecordingTable(Table, frozen=True, kw_only=True):
    """The jobs and services of a cluster, and the commands for it, to be replayed."""

    format: Format
    title: Annotated[str, Meta(description="What it shows, in a line.")] = ""
    note: Annotated[str, Meta(description="Background and sources.")] = ""
    start: Annotated[int, INSTANT, Meta(description="Its first instant.")] = msgspec.field(
        name="from"
    )
    until: Annotated[int, INSTANT, Meta(description="Its end, exclusive.")]
    seed: Annotated[int, Meta(ge=0, le=LARGEST_SEED, description="Seed of all randomness.")] = 0
    cluster: ClusterTable = ClusterTable()
    service: list[ServiceTable] = []
    job: list[JobTable] = []
    command: list[Command] = []
