"""Events: every kind of event that a history can contain.

The one idea: an event records what happened and nothing about what it means. It carries enough for
a rule to judge it, and nothing that only our own scheduler could know.
"""

from collections.abc import Callable
from typing import TypeGuard

from gnomon.reference.events.base import (
    LONGEST_RECORDED_PAYLOAD,
    STORE,
    DeadLetterCause,
    EventBase,
    Fields,
    Instant,
    Json,
    Outcome,
    recorded_payload,
)
from gnomon.reference.events.cluster import (
    ClockSetBack,
    ClusterPaused,
    ClusterResumed,
    FaultBegan,
    FaultEnded,
    LeaseAcquired,
    LeaseExpired,
    LeaseReleased,
    ServerCrashed,
    ServerStarted,
    ServerStopped,
    ServerStopping,
    StoreReplaced,
    WritesLost,
)
from gnomon.reference.events.jobs import (
    JobActivated,
    JobCreated,
    JobDeactivated,
    JobDeleted,
    JobEdited,
    JobRejected,
)
from gnomon.reference.events.occurrences import (
    Coalesced,
    Ended,
    Fired,
    Published,
    PublishRefused,
    Requested,
    Skipped,
)
from gnomon.reference.events.runs import (
    Claimed,
    DeadLettered,
    Dropped,
    Expired,
    Finished,
    Invoked,
    Lost,
    Overdue,
    PutBack,
    Reclaimed,
    Started,
)

__all__ = [
    "FIRINGS",
    "LONGEST_RECORDED_PAYLOAD",
    "STORE",
    "Claimed",
    "ClockSetBack",
    "ClusterPaused",
    "ClusterResumed",
    "Coalesced",
    "DeadLetterCause",
    "DeadLettered",
    "Dropped",
    "Ended",
    "Event",
    "EventBase",
    "Expired",
    "FaultBegan",
    "FaultEnded",
    "Fields",
    "Finished",
    "Fired",
    "Instant",
    "Invoked",
    "JobActivated",
    "JobChange",
    "JobCreated",
    "JobDeactivated",
    "JobDeleted",
    "JobEdited",
    "JobRejected",
    "Json",
    "LeaseAcquired",
    "LeaseEvent",
    "LeaseExpired",
    "LeaseReleased",
    "Lost",
    "OccurrenceEvent",
    "Outcome",
    "Overdue",
    "PublishRefused",
    "Published",
    "PutBack",
    "Reclaimed",
    "Record",
    "Requested",
    "RunEvent",
    "ServerCrashed",
    "ServerStarted",
    "ServerStopped",
    "ServerStopping",
    "Skipped",
    "Started",
    "StoreReplaced",
    "WritesLost",
    "is_planned",
    "job_of",
    "kind_of",
    "message_of",
    "recorded_payload",
    "server_of",
]

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
    | Overdue
    | Reclaimed
    | Lost
    | Expired
    | DeadLettered
    | Dropped
    | PutBack
    | ClusterPaused
    | ClusterResumed
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

RunEvent = Claimed | Started | Invoked | Finished | Overdue | Reclaimed | Lost
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
