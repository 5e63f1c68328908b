"""Events: every kind of event that a history can contain.

The one idea: an event records what happened and nothing about what it means. It carries enough for
a rule to judge it, and nothing that only our own scheduler could know.
"""

import hashlib
from collections.abc import Callable
from typing import Annotated, Any, Literal, TypeGuard

import msgspec

from gnomon.reference.schedule.clock import FIRST_INSTANT, LAST_INSTANT

Instant = Annotated[int, msgspec.Meta(ge=FIRST_INSTANT, le=LAST_INSTANT)]
"""Microseconds since the Unix epoch, UTC, within the years that `datetime` can hold."""

STORE = "store"
"""The target of a fault of the store; every other target is the name of a server."""

Outcome = Literal["ok", "failed"]
"""How a run ended."""

DeadLetterCause = Literal["unreadable", "attempts"]
"""Why a message was dead-lettered: it could not be read, or it had all its attempts."""

Json = Any
"""A JSON value of unknown shape: it comes from outside, and the rules judge it whatever it is."""

Fields = dict[str, Json]
"""JSON values by name: a definition as it was given, or the values that a run saw."""


class EventBase(
    msgspec.Struct,
    frozen=True,
    gc=False,
    omit_defaults=True,
    forbid_unknown_fields=True,
    tag_field="kind",
):
    """One event, which happened at the instant `at`."""

    at: Instant


class JobCreated(EventBase, frozen=True, gc=False, tag="job_created"):
    """A job was accepted. `definition` is as it was given: the rules judge it (JOB-1 to JOB-6).

    `published` is set if the job is older than its history, as in an excerpt. It is the number of
    planned occurrences published before; every occurrence due before `at` has had its outcome.
    """

    job: str
    name: str
    definition: Fields
    revision: int = 1
    published: int | None = None


class JobEdited(EventBase, frozen=True, gc=False, tag="job_edited"):
    """A job was given a new definition."""

    job: str
    name: str
    definition: Fields
    revision: int


class JobActivated(EventBase, frozen=True, gc=False, tag="job_activated"):
    """A job was made active."""

    job: str
    revision: int


class JobDeactivated(EventBase, frozen=True, gc=False, tag="job_deactivated"):
    """A job was made inactive: on request, or because it `has_ended` (FIRE-1, FIRE-3)."""

    job: str
    revision: int
    has_ended: bool = False


class JobDeleted(EventBase, frozen=True, gc=False, tag="job_deleted"):
    """A job was deleted."""

    job: str


class JobRejected(EventBase, frozen=True, gc=False, tag="job_rejected"):
    """A definition was rejected; `faults` has one reason for each fault (JOB-5).

    `job` is the id of the job that was to be edited. Of a job that was to be created it is the id
    that it would have had, or empty if it had none yet.
    """

    job: str
    definition: Fields
    faults: tuple[str, ...]


class LeaseAcquired(EventBase, frozen=True, gc=False, tag="lease_acquired"):
    """A server became the leader of a new epoch."""

    server: str
    epoch: int


class LeaseReleased(EventBase, frozen=True, gc=False, tag="lease_released"):
    """A leader released the lease."""

    server: str
    epoch: int


class LeaseExpired(EventBase, frozen=True, gc=False, tag="lease_expired"):
    """A leader's lease expired."""

    server: str
    epoch: int


class Published(EventBase, frozen=True, gc=False, tag="published"):
    """A message was published (PUB-2).

    `due` is the instant of its occurrence; for a run on demand it is `at`. `coalesced` is the
    number of occurrences that were coalesced into this one. `payload` is shortened as
    ``recorded_payload`` does it.
    """

    message: int
    cid: str
    job: str
    revision: int
    due: Instant
    epoch: int
    server: str
    name: str
    job_type: str
    service: str
    payload: str | None = None
    on_demand: bool = False
    coalesced: int = 0


class PublishRefused(EventBase, frozen=True, gc=False, tag="publish_refused"):
    """The store refused to publish (LEAD-2, FIRE-6 to FIRE-8).

    `due` is the instant that was to be published, or else the first that was to be skipped; if
    there was neither, the job's cursor.
    """

    job: str
    due: Instant
    epoch: int
    server: str
    why: str


class Requested(EventBase, frozen=True, gc=False, tag="requested"):
    """A run on demand was requested, in a partial history."""

    job: str


class Fired(EventBase, frozen=True, gc=False, tag="fired"):
    """A run of a job began, in a partial history: all that is seen of its message.

    `message` is the number that the observer gave it. `due` is the instant for which it stands, as
    the scheduler names it; if the history does not observe `due`, the observer has found it from
    the job's definition and `at`. It is None for a run on demand, and for a run that stands for no
    instant at which the job was due. `payload` is what the run was given, shortened as
    ``recorded_payload`` does it.
    """

    message: int
    job: str
    due: Instant | None = None
    payload: str | None = None
    on_demand: bool = False


class Ended(EventBase, frozen=True, gc=False, tag="ended"):
    """A run that has `fired` ended, in a partial history."""

    message: int
    outcome: Outcome


class Skipped(EventBase, frozen=True, gc=False, tag="skipped"):
    """An occurrence ended without a message: a misfire under `skip`, or dropped by a change."""

    job: str
    due: Instant
    why: Literal["misfire", "changed"] = "misfire"


class Coalesced(EventBase, frozen=True, gc=False, tag="coalesced"):
    """A misfire was coalesced into a later occurrence, the one due at `into` (MISS-2)."""

    job: str
    due: Instant
    into: Instant


class Claimed(EventBase, frozen=True, gc=False, tag="claimed"):
    """A worker received a message. The workers of a server are numbered from 1."""

    message: int
    server: str
    worker: int
    attempt: int


class Started(EventBase, frozen=True, gc=False, tag="started"):
    """A worker started to run the service."""

    message: int
    server: str
    worker: int
    attempt: int


class Invoked(EventBase, frozen=True, gc=False, tag="invoked"):
    """The values that one run saw and the methods that it called (RUN-3 to RUN-7).

    It is recorded when the run ends: for the first run of each revision of a job on each server,
    for every run after a first attempt, and for every run in which a method raised. That is
    enough to detect a service library that deviates, without doubling the history. `defines` has
    handle and the hooks that the service defines, `calls` those that were called, both in order;
    `raised` has the error of each method that raised.
    """

    message: int
    server: str
    worker: int
    attempt: int
    saw: Fields
    defines: tuple[str, ...]
    calls: tuple[str, ...]
    raised: dict[str, str] = {}


class Finished(EventBase, frozen=True, gc=False, tag="finished"):
    """A run ended: the service returned, or it failed with an `error`."""

    message: int
    server: str
    worker: int
    attempt: int
    outcome: Outcome
    error: str | None = None


class Reclaimed(EventBase, frozen=True, gc=False, tag="reclaimed"):
    """The store reclaimed a message from a server whose heartbeat had lapsed (DLV-2)."""

    message: int
    server: str
    worker: int
    attempt: int


class Lost(EventBase, frozen=True, gc=False, tag="lost"):
    """A message was lost with the server that had claimed it (classic, DLV-3)."""

    message: int
    server: str
    worker: int
    attempt: int


class Expired(EventBase, frozen=True, gc=False, tag="expired"):
    """A message expired before anybody claimed it (classic, DLV-3)."""

    message: int


class DeadLettered(EventBase, frozen=True, gc=False, tag="dead_lettered"):
    """A message was moved to the dead letters, for the reason `why`.

    It could not be read (DLV-6), or each server that had it was lost, as often as the cluster
    allows (DLV-2).
    """

    message: int
    why: str
    cause: DeadLetterCause = "unreadable"


class Dropped(EventBase, frozen=True, gc=False, tag="dropped"):
    """A message that waited or was dead was dropped on request; it is never run."""

    message: int


class PutBack(EventBase, frozen=True, gc=False, tag="put_back"):
    """A message that was dead after its attempts was put back on request, and waits (DLV-2)."""

    message: int


class ServerStarted(EventBase, frozen=True, gc=False, tag="server_started"):
    """A server joined the cluster.

    `workers` is how many workers it has, `services` are those that it can run, and `tzdata` is the
    version of its time zone database; each None if unknown.
    """

    server: str
    workers: int | None
    services: tuple[str, ...] | None = None
    tzdata: str | None = None


class ServerStopping(EventBase, frozen=True, gc=False, tag="server_stopping"):
    """A server began to stop: it claims no more messages and finishes its runs."""

    server: str


class ServerStopped(EventBase, frozen=True, gc=False, tag="server_stopped"):
    """A server left the cluster after its runs had ended."""

    server: str


class ServerCrashed(EventBase, frozen=True, gc=False, tag="server_crashed"):
    """A server crashed and lost everything in its memory.

    If the instant of the crash is not known, `at` is the instant of its detection, and `heard` the
    last instant at which the server was known to be alive.
    """

    server: str
    heard: Instant | None = None


class WritesLost(EventBase, frozen=True, gc=False, tag="writes_lost"):
    """The store lost its last `writes`, which it had acknowledged from the instant `since` on.

    `undone` has the numbers (``seq``) of the events that those writes caused; these events count
    as if they had not happened. The messages in `reopened` are claimed again instead of
    completed, because their completion was lost. A store that was `emptied` has lost its identity
    too, and counts its epochs anew (LEAD-1).
    """

    writes: int
    since: Instant
    undone: tuple[int, ...]
    reopened: tuple[int, ...]
    emptied: bool = False


class StoreReplaced(EventBase, frozen=True, gc=False, tag="store_replaced"):
    """A server found the store emptied, or another one in its place, and discarded what it knew.

    `former` is the identity of the store that it knew, and `store` that of the present one: the
    instant at which each was first used. `epoch` is the latest that the server knew of. `jobs` is
    the number of jobs that it scheduled in the former store, None if it did not lead. The record is
    repeated if the request is.
    """

    server: str
    former: Instant
    store: Instant
    epoch: int
    jobs: int | None = None


class ClockSetBack(EventBase, frozen=True, gc=False, tag="clock_set_back"):
    """The store's clock was set back from the instant `was` to `at` by more than a lease.

    The instants of the history fall here, and nowhere else. Nobody holds the lease. Occurrences
    that were due at `at` or later have had no outcome (``reference/store/memory.py``). Directly
    after `WritesLost` it may be by less: the store has lost the instants after `at` as well.
    """

    was: Instant


class FaultBegan(EventBase, frozen=True, gc=False, tag="fault_began"):
    """A fault was injected."""

    fault: str
    target: str


class FaultEnded(EventBase, frozen=True, gc=False, tag="fault_ended"):
    """A fault was healed."""

    fault: str
    target: str


Event = (
    JobCreated
    | JobEdited
    | JobActivated
    | JobDeactivated
    | JobDeleted
    | JobRejected
    | LeaseAcquired
    | LeaseReleased
    | LeaseExpired
    | Published
    | PublishRefused
    | Requested
    | Fired
    | Ended
    | Skipped
    | Coalesced
    | Claimed
    | Started
    | Invoked
    | Finished
    | Reclaimed
    | Lost
    | Expired
    | DeadLettered
    | Dropped
    | PutBack
    | ServerStarted
    | ServerStopping
    | ServerStopped
    | ServerCrashed
    | WritesLost
    | ClockSetBack
    | StoreReplaced
    | FaultBegan
    | FaultEnded
)
"""Every kind of event: a closed union, so that a type checker finds a reader that misses one."""

JobChange = JobCreated | JobEdited | JobActivated | JobDeactivated | JobDeleted
"""The events that change a job."""

LeaseEvent = LeaseAcquired | LeaseReleased | LeaseExpired
"""The events of the lease; each names a server and its epoch."""

RunEvent = Claimed | Started | Invoked | Finished | Reclaimed | Lost
"""The events of a message at a worker; each names the message, server, worker and attempt."""

OccurrenceEvent = Published | Fired | Coalesced | Skipped
"""The events that give an occurrence its outcome; each names the job and the instant `due`."""

FIRINGS = (Published, Fired)
"""The events with which a run begins to be due: in a full history, and in a partial one."""

Record = Callable[[Event], None]
"""Takes an event as it happens; `list.append` is one."""


def kind_of(event: Event) -> str:
    """The kind of an event, as a history names it."""
    return str(event.__struct_config__.tag)


def is_planned(event: Event) -> TypeGuard[Published]:
    """Whether an event is a message of a planned occurrence, not of a run on demand."""
    return isinstance(event, Published) and not event.on_demand


def job_of(event: Event) -> str | None:
    """The id of the job that an event names; None if it names none."""
    return getattr(event, "job", None)


def message_of(event: Event) -> int | None:
    """The number of the message that an event names; None if it names none."""
    return getattr(event, "message", None)


def server_of(event: Event) -> str | None:
    """The name of the server that an event names; None if it names none."""
    return getattr(event, "server", None)


LONGEST_RECORDED_PAYLOAD = 256
"""Characters of the longest payload that a history contains whole."""


def recorded_payload(payload: str | None) -> str | None:
    """A payload as a history records it: itself, or a digest ``sha256:<hex>:<characters>``.

    A digest stands for a payload of more than `LONGEST_RECORDED_PAYLOAD` characters. Two payloads
    have the same record only if they are the same text.
    """
    if payload is None or len(payload) <= LONGEST_RECORDED_PAYLOAD:
        return payload
    digest = hashlib.sha256(payload.encode("utf-8", "surrogatepass")).hexdigest()
    return f"sha256:{digest}:{len(payload)}"
