"""What can happen: every kind of event a history is made of.

The one idea: an event says what happened and never what it should mean. It carries enough for a
rule to judge it by, and nothing that only our own scheduler could know.
"""

import hashlib
from collections.abc import Callable
from typing import Annotated, Any, Literal

import msgspec

from gnomon.reference.schedule.clock import FIRST_INSTANT, LAST_INSTANT

Instant = Annotated[int, msgspec.Meta(ge=FIRST_INSTANT, le=LAST_INSTANT)]
"""µs since the epoch, UTC; in the years that there are."""

STORE = "store"
"""The target of a fault that strikes the store; other targets are names of servers."""

Outcome = Literal["ok", "failed"]
"""How a run ended."""


class EventBase(
    msgspec.Struct,
    frozen=True,
    gc=False,
    omit_defaults=True,
    forbid_unknown_fields=True,
    tag_field="kind",
):
    """Something that happened at the instant `at`."""

    at: Instant


class JobCreated(EventBase, frozen=True, gc=False, tag="job_created"):
    """A job was accepted. `definition` is as it was given: the rules judge it (JOB-1 to JOB-6).

    `published` is there if the job is older than what the history tells of it, as in an excerpt:
    so many of its plan had been published, and all that was due before `at` had had its outcome.
    """

    job: str
    name: str
    definition: dict[str, Any]
    revision: int = 1
    published: int | None = None


class JobEdited(EventBase, frozen=True, gc=False, tag="job_edited"):
    """A job was given a new definition."""

    job: str
    name: str
    definition: dict[str, Any]
    revision: int


class JobActivated(EventBase, frozen=True, gc=False, tag="job_activated"):
    """A job was made active."""

    job: str
    revision: int


class JobDeactivated(EventBase, frozen=True, gc=False, tag="job_deactivated"):
    """A job was made inactive: by somebody, or because it `has_ended` (FIRE-1, FIRE-3)."""

    job: str
    revision: int
    has_ended: bool = False


class JobDeleted(EventBase, frozen=True, gc=False, tag="job_deleted"):
    """A job was deleted."""

    job: str


class JobRejected(EventBase, frozen=True, gc=False, tag="job_rejected"):
    """A definition was refused, with a reason a fault (JOB-5). `job` is the id it was meant for."""

    job: str
    definition: dict[str, Any]
    faults: tuple[str, ...]


class LeaseAcquired(EventBase, frozen=True, gc=False, tag="lease_acquired"):
    """A server became the leader of a new epoch."""

    server: str
    epoch: int


class LeaseReleased(EventBase, frozen=True, gc=False, tag="lease_released"):
    """A leader handed the lease over."""

    server: str
    epoch: int


class LeaseExpired(EventBase, frozen=True, gc=False, tag="lease_expired"):
    """A leader's lease ran out."""

    server: str
    epoch: int


class Published(EventBase, frozen=True, gc=False, tag="published"):
    """A message was appended (PUB-2).

    `due` is the instant it stands for; of a run on demand, `at`.
    `payload` is the message's as `shown` gives it.
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
    """The store did not accept a publish (LEAD-2, FIRE-6 to FIRE-8)."""

    job: str
    due: Instant
    epoch: int
    server: str
    why: str


class Skipped(EventBase, frozen=True, gc=False, tag="skipped"):
    """An occurrence ended without a message: a misfire under `skip`, or overtaken by a change."""

    job: str
    due: Instant
    why: Literal["misfire", "changed"] = "misfire"


class Coalesced(EventBase, frozen=True, gc=False, tag="coalesced"):
    """A misfire was folded into a later occurrence, the one at `into` (MISS-2)."""

    job: str
    due: Instant
    into: Instant


class Claimed(EventBase, frozen=True, gc=False, tag="claimed"):
    """A worker was given a message. Workers of a server count from 1."""

    message: int
    server: str
    worker: int
    attempt: int


class Started(EventBase, frozen=True, gc=False, tag="started"):
    """A worker began to run the service."""

    message: int
    server: str
    worker: int
    attempt: int


class Invoked(EventBase, frozen=True, gc=False, tag="invoked"):
    """What one run saw and called (RUN-3 to RUN-7), told when it ended.

    A runtime tells it of the first run of each revision of a job on each server, of every run
    after a first attempt, and of every run in which something raised: enough to catch a service
    library that strays, without doubling the history. `defines` are handle and the hooks that
    the service has, `calls` those that were called, both in order; `raised` says what raised.
    """

    message: int
    server: str
    worker: int
    attempt: int
    saw: dict[str, Any]
    defines: tuple[str, ...]
    calls: tuple[str, ...]
    raised: dict[str, str] = {}


class Finished(EventBase, frozen=True, gc=False, tag="finished"):
    """The service returned, or failed."""

    message: int
    server: str
    worker: int
    attempt: int
    outcome: Outcome
    error: str | None = None


class Reclaimed(EventBase, frozen=True, gc=False, tag="reclaimed"):
    """A message was taken back from a server whose heartbeat had lapsed (DLV-2)."""

    message: int
    server: str
    worker: int
    attempt: int


class Lost(EventBase, frozen=True, gc=False, tag="lost"):
    """A message is gone with the server that had claimed it (classic, DLV-3)."""

    message: int
    server: str
    worker: int
    attempt: int


class Expired(EventBase, frozen=True, gc=False, tag="expired"):
    """A message was gone before anybody claimed it (classic, DLV-3)."""

    message: int


class DeadLettered(EventBase, frozen=True, gc=False, tag="dead_lettered"):
    """A message could not be read and was put aside (DLV-6)."""

    message: int
    why: str


class ServerStarted(EventBase, frozen=True, gc=False, tag="server_started"):
    """A server joined the cluster with so many workers; `services` are those it can invoke."""

    server: str
    workers: int
    services: tuple[str, ...] | None = None


class ServerStopping(EventBase, frozen=True, gc=False, tag="server_stopping"):
    """A server began to stop: it claims no more, and finishes what it runs."""

    server: str


class ServerStopped(EventBase, frozen=True, gc=False, tag="server_stopped"):
    """A server left the cluster after its runs had ended."""

    server: str


class ServerCrashed(EventBase, frozen=True, gc=False, tag="server_crashed"):
    """A server was lost with everything in its memory.

    If nobody saw when, it is told as soon as it is known, and it was `heard` last at that instant.
    """

    server: str
    heard: Instant | None = None


class WritesLost(EventBase, frozen=True, gc=False, tag="writes_lost"):
    """The store goes on without its last `writes`, which it had acknowledged `since` an instant.

    The events numbered `undone` (their ``seq``) are what those writes did; they count as if they
    had not happened. The messages `reopened` are again as when they were claimed: that they were
    completed is forgotten.
    """

    writes: int
    since: Instant
    undone: tuple[int, ...]
    reopened: tuple[int, ...]


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
    | ServerStarted
    | ServerStopping
    | ServerStopped
    | ServerCrashed
    | WritesLost
    | FaultBegan
    | FaultEnded
)
"""Every kind of event: a closed union, so that a type checker sees which kind a reader forgot."""

Record = Callable[[Event], None]
"""Takes an event as it happens; `list.append` is one."""


PAYLOAD_SHOWN = 256
"""Characters of a payload that a history quotes; of a longer one it gives the digest."""


def shown(payload: str | None) -> str | None:
    """How a history names a payload: itself, or when it is long ``sha256:<hex>:<characters>``.

    Two payloads are shown alike only if they are the same text.
    """
    if payload is None or len(payload) <= PAYLOAD_SHOWN:
        return payload
    digest = hashlib.sha256(payload.encode("utf-8", "surrogatepass")).hexdigest()
    return f"sha256:{digest}:{len(payload)}"
