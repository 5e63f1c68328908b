"""The form of a recording: the tables it is written in, TOML or JSON, and what each key may hold.

The one idea: these facts stand here once. ``reader`` asks them which keys there are, which are
required, what is allowed and what holds where a key is left out; ``schemas/recording.schema.json``
is generated from them.

A value is what JSON has, but null: what is absent is left out. TOML's dates and times are the same
as text. A job's fields are read by ``gnomon.reference.jobs``, which knows more than a form can.
"""

from typing import Annotated, Any, Literal, get_args

import msgspec
from msgspec import UNSET, Meta, UnsetType

from gnomon.reference.jobs import JOB_TYPES, LONGEST_DURATION, LONGEST_NAME, Definition, Misfire
from gnomon.reference.schedule.clock import (
    MILLISECOND,
    UNITS,
    read_duration,
    read_instant,
    write_duration,
)
from gnomon.reference.service import order_of_calls
from gnomon.reference.store.messages import Profile
from gnomon.specs.recording.model import (
    LARGEST_SEED,
    MOST_DRIFT,
    MOST_SERVERS,
    MOST_WORKERS,
    ClusterSpec,
    Direction,
    Fixed,
    Lognormal,
    Samples,
    Spread,
)

Format = Literal["gnomon-recording/1"]
FORMAT: str = get_args(Format)[0]
HOOKS = tuple(dict.fromkeys(hook for type in JOB_TYPES for hook in order_of_calls(type)))
FIELDS = Definition.__struct_fields__

A_DURATION = "a duration such as 250ms, 2s or 1h30m"
A_STEP = "a duration such as 5s, or -5s to go back"
A_SPREAD = (
    'a duration such as "250ms", { p50 = "1s", p99 = "5s" } with p50 above 0 and p99 not below it, '
    'or { samples = ["1s", "2s"] }'
)


# --- values: how each is read; ValueError says what would be right


def _duration(given: str) -> int:
    duration = read_duration(given)
    if duration > LONGEST_DURATION:
        raise ValueError("a duration is at most a million days")
    return duration


def _positive(given: str) -> int:
    duration = _duration(given)
    if duration == 0:
        raise ValueError("it must be longer than nothing")
    return duration


def _step(given: str) -> int:
    step = _duration(given.removeprefix("-"))
    if step == 0:
        raise ValueError("a step of nothing is none")
    return -step if given.startswith("-") else step


def _lease(given: str) -> int:
    lease = _duration(given)
    if lease < MILLISECOND:
        raise ValueError("a lease lasts at least 1ms")
    return lease


def _spread(given: Any) -> Spread:
    match given:
        case str():
            return Fixed(_duration(given))
        case {"p50": str(p50), "p99": str(p99)} if len(given) == 2:
            read = Lognormal(_duration(p50), _duration(p99))
            if 0 < read.p50 <= read.p99:
                return read
        case {"samples": [str(), *_] as samples} if len(given) == 1:
            if all(isinstance(sample, str) for sample in samples):
                return Samples(tuple(map(_duration, samples)))
    raise ValueError(f"it must be {A_SPREAD}")


def _table_of(**properties: object) -> dict[str, object]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


_A_DURATION = {"$ref": "#/$defs/Duration"}
_TERMS = "".join(f"([0-9]{{1,18}}{unit})?" for unit in UNITS)
SCHEMAS = {
    "Duration": {
        "description": "Whole numbers with units, largest first.",
        "type": "string",
        "pattern": f"^(?=.){_TERMS}$",
        "examples": ["250ms", "2s", "1h30m"],
    },
    "Step": {
        "description": "A duration, forward or with a minus sign back.",
        "type": "string",
        "pattern": f"^-?(?=.){_TERMS}$",
        "examples": ["5s", "-5s"],
    },
    "Spread": {
        "description": "Always the same, lognormal, or these in turn.",
        "anyOf": [
            _A_DURATION,
            _table_of(p50=_A_DURATION, p99=_A_DURATION),
            _table_of(samples={"type": "array", "items": _A_DURATION, "minItems": 1}),
        ],
    },
}
"""What msgspec cannot derive, for the ``$defs`` of the JSON Schema."""

Name = Annotated[str, Meta(min_length=1)]
Instant = Annotated[
    str,
    Meta(
        extra_json_schema={"format": "date-time"},
        extra={"allowed": "an instant such as 2026-01-31T12:00:00Z", "read": read_instant},
    ),
]
Duration = Annotated[
    str,
    Meta(extra_json_schema=_A_DURATION, extra={"allowed": A_DURATION, "read": _duration}),
]
Lease = Annotated[Duration, Meta(extra={"allowed": A_DURATION, "read": _lease})]
Lasting = Annotated[Duration, Meta(extra={"allowed": A_DURATION, "read": _positive})]
Step = Annotated[
    str,
    Meta(extra_json_schema={"$ref": "#/$defs/Step"}, extra={"allowed": A_STEP, "read": _step}),
]
Percent = Annotated[int, Meta(ge=0, le=100)]
SpreadText = Annotated[
    Any,
    Meta(
        extra_json_schema={"$ref": "#/$defs/Spread"},
        extra={"allowed": A_SPREAD, "read": _spread},
    ),
]
Raises = Annotated[
    dict[str, str],
    Meta(
        extra_json_schema={"propertyNames": {"enum": list(HOOKS)}},
        extra={"allowed": "a table such as { handle = 'what it raises' }", "keys": HOOKS},
    ),
]
Plain = str | bool | Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
Fields = Annotated[
    dict[str, Plain],
    Meta(
        extra_json_schema={"propertyNames": {"enum": list(FIELDS)}},
        extra={
            "allowed": "a table of a job's fields: text, whole numbers, true or false",
            "keys": FIELDS,
        },
    ),
]
Absent = Annotated[
    list[Literal["extra", "repeats"]], Meta(extra={"allowed": "a list of extra, repeats"})
]
Count = Annotated[int, Meta(ge=0, le=10**9)]


# --- tables


class Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table. A key without a default is required, one that may be UNSET has no default."""


_CLUSTER = ClusterSpec()


class ClusterTable(Table, frozen=True, kw_only=True):
    """The cluster on which it all happens."""

    servers: Annotated[int, Meta(ge=1, le=MOST_SERVERS, description="Named s1, s2, …")] = (
        _CLUSTER.servers
    )
    workers: Annotated[int, Meta(ge=1, le=MOST_WORKERS, description="Of each server.")] = (
        _CLUSTER.workers
    )
    lease: Annotated[Lease, Meta(description="How long a leader leads without renewing.")] = (
        write_duration(_CLUSTER.lease)
    )
    latency: Annotated[
        SpreadText, Meta(description="How long a packet is on its way, either direction.")
    ] = "1ms"
    profile: Annotated[Profile, Meta(description="How messages are delivered (DLV).")] = (
        _CLUSTER.profile
    )


class ServiceTable(Table, frozen=True, kw_only=True):
    """A service: a stand-in that takes time, and raises what it is told to."""

    name: Name
    duration: Annotated[SpreadText, Meta(description="How long a run takes.")]
    raises: Annotated[Raises, Meta(description="What handle and the hooks raise.")] = {}
    deployed: Annotated[bool, Meta(description="False: no server has it (RUN-8).")] = True


class _JobTable(Table, frozen=True, kw_only=True, tag_field="job_type"):
    id: Annotated[Name | UnsetType, Meta(description="Default: the name.")] = UNSET
    name: Annotated[str, Meta(min_length=1, max_length=LONGEST_NAME)]
    service: Name
    start_date: Annotated[Instant | UnsetType, Meta(description="Default: `from`.")] = UNSET
    is_active: bool = True
    extra: Annotated[str | UnsetType, Meta(description="The payload, text.")] = UNSET
    misfire: Annotated[Misfire, Meta(description="What becomes of misfires (MISS-2).")] = "once"
    grace: Annotated[Duration, Meta(description="How late is a misfire (MISS-1).")] = "1s"


class OneTimeTable(_JobTable, frozen=True, kw_only=True, tag="one_time"):
    """A job that is due once (FIRE-1)."""


class IntervalTable(_JobTable, frozen=True, kw_only=True, tag="interval_based"):
    """A job on a grid (FIRE-2); one of the units is above 0."""

    weeks: Count = 0
    days: Count = 0
    hours: Count = 0
    minutes: Count = 0
    seconds: Count = 0
    repeats: Annotated[int, Meta(ge=1, le=10**9)] | UnsetType = UNSET


class CronTable(_JobTable, frozen=True, kw_only=True, tag="cron_style"):
    """A job of cron (FIRE-4, FIRE-5)."""

    cron_definition: Annotated[str, Meta(description="Five fields, or a name such as @daily.")]
    timezone: Annotated[str, Meta(description="IANA.")] = "UTC"


JobTable = OneTimeTable | IntervalTable | CronTable


class _CommandTable(Table, frozen=True, kw_only=True, tag_field="do"):
    at: Annotated[Instant, Meta(description="In the recording's span.")]


class _JobCommand(_CommandTable, frozen=True, kw_only=True):
    job: Annotated[Name, Meta(description="Its id.")]


class _ServerCommand(_CommandTable, frozen=True, kw_only=True):
    server: Name


class CreateTable(_JobCommand, frozen=True, kw_only=True, tag="create"):
    """Create a job. Its name is the id and its start_date `at` unless they are set."""

    set: Annotated[Fields, Meta(min_length=1)]


class EditTable(_JobCommand, frozen=True, kw_only=True, tag="edit"):
    """Change some of a job's fields, or take them away; one of them at least."""

    set: Fields = {}
    unset: Absent = []


class ActivateTable(_JobCommand, frozen=True, kw_only=True, tag="activate"):
    """Make a job active (FIRE-9)."""


class DeactivateTable(_JobCommand, frozen=True, kw_only=True, tag="deactivate"):
    """Make a job inactive (FIRE-7)."""


class DeleteTable(_JobCommand, frozen=True, kw_only=True, tag="delete"):
    """Delete a job (FIRE-7)."""


class ExecuteTable(_JobCommand, frozen=True, kw_only=True, tag="execute"):
    """Run a job on demand (FIRE-11)."""


class StopTable(_ServerCommand, frozen=True, kw_only=True, tag="stop_server"):
    """Let a server finish what it runs, and leave (LEAD-3)."""


class CrashTable(_ServerCommand, frozen=True, kw_only=True, tag="crash_server"):
    """Let a server end at once, and lose what is in its memory and on its links (DLV-2)."""


class StartTable(_ServerCommand, frozen=True, kw_only=True, tag="start_server"):
    """Start a server that was stopped or has crashed."""


class _FaultOfServer(_ServerCommand, frozen=True, kw_only=True):
    lasts: Annotated[Lasting, Meta(description="When it is healed.")] = msgspec.field(name="for")


class PauseTable(_FaultOfServer, frozen=True, kw_only=True, tag="pause_server"):
    """Let a server's process stand still, and go on."""


class CutTable(_FaultOfServer, frozen=True, kw_only=True, tag="cut_server"):
    """Cut a server off from the store, one way or both."""

    lose: Annotated[Direction, Meta(description="What does not arrive.")] = "both"


class DisturbTable(_FaultOfServer, frozen=True, kw_only=True, tag="disturb_server"):
    """Lose, repeat, delay and so reorder what a server and the store send each other."""

    lose: Annotated[Percent, Meta(description="So many of 100 do not arrive.")] = 0
    repeat: Annotated[Percent, Meta(description="So many of 100 arrive twice.")] = 0
    delay: Annotated[Duration, Meta(description="Up to so much longer on the way.")] = "0s"


class StepTable(_ServerCommand, frozen=True, kw_only=True, tag="step_clock"):
    """Set a server's clock forward or back."""

    by: Step


class DriftTable(_FaultOfServer, frozen=True, kw_only=True, tag="drift_clock"):
    """Let a server's clock run too fast or too slow."""

    gains: Annotated[
        int,
        Meta(ge=-MOST_DRIFT, le=MOST_DRIFT, description="So many µs a second; below 0: loses."),
    ]


class OutageTable(_CommandTable, frozen=True, kw_only=True, tag="stop_store"):
    """Let the store be out of reach; what it knows it keeps."""

    lasts: Annotated[Lasting, Meta(description="When it is back.")] = msgspec.field(name="for")


class LoseWritesTable(_CommandTable, frozen=True, kw_only=True, tag="lose_writes"):
    """Let the store fail over to a replica that had not got the last writes."""

    writes: Annotated[int, Meta(ge=1, le=10**6, description="So many.")]


class EmptyTable(_CommandTable, frozen=True, kw_only=True, tag="empty_store"):
    """Let the store lose all it knows."""


CommandTable = (
    CreateTable
    | EditTable
    | ActivateTable
    | DeactivateTable
    | DeleteTable
    | ExecuteTable
    | StopTable
    | CrashTable
    | StartTable
    | PauseTable
    | CutTable
    | DisturbTable
    | StepTable
    | DriftTable
    | OutageTable
    | LoseWritesTable
    | EmptyTable
)
COMMANDS: dict[str, type[Table]] = {
    str(table.__struct_config__.tag): table for table in get_args(CommandTable)
}


class RecordingTable(Table, frozen=True, kw_only=True):
    """What was scheduled on which cluster, to be replayed."""

    format: Format
    title: Annotated[str, Meta(description="What it shows, in a line.")] = ""
    note: Annotated[str, Meta(description="What there is to know about it.")] = ""
    start: Annotated[Instant, Meta(description="Where it begins.")] = msgspec.field(name="from")
    until: Annotated[Instant, Meta(description="Where it ends, exclusive.")]
    seed: Annotated[int, Meta(ge=0, le=LARGEST_SEED, description="Of all that is random.")] = 0
    cluster: ClusterTable = ClusterTable()
    service: list[ServiceTable] = []
    job: list[JobTable] = []
    command: list[CommandTable] = []
