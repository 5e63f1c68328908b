"""Which reader each kind of event has: the logs of jobs, messages, servers, leases and firings."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from gnomon.reference import events
from gnomon.reference.events import Event, EventBase
from gnomon.specs.trace.entities import PauseEvent
from gnomon.specs.trace.firings import FiringLog
from gnomon.specs.trace.jobs import JobLog
from gnomon.specs.trace.leases import LeaseLog
from gnomon.specs.trace.message_records import MessageRecords
from gnomon.specs.trace.message_table import MessageTable
from gnomon.specs.trace.messages import MessageLog
from gnomon.specs.trace.servers import ServerLog

E = TypeVar("E", bound=EventBase)


class Readers:
    """Which function reads the events of each kind."""

    def __init__(self) -> None:
        self.by_kind: dict[type[EventBase], Callable[[Any], None]] = {}  # each takes its own kind

    def add(self, kind: type[E], read: Callable[[E], None]) -> None:
        """Let `read` read the events of a kind."""
        self.by_kind[kind] = read

    def read(self, history: Iterable[Event]) -> None:
        """Read the events in order."""
        by_kind = self.by_kind
        for event in history:
            by_kind[type(event)](event)


def readers_of(
    jobs: JobLog,
    messages: MessageRecords | MessageTable,
    message_log: MessageLog,
    firings: FiringLog,
    servers: ServerLog,
    leases: LeaseLog,
    refused: list[events.PublishRefused],
    requests: list[events.Requested],
    pauses: list[PauseEvent],
) -> Readers:
    """Which reader each kind of event has."""

    def clock_set_back(event: events.ClockSetBack) -> None:
        leases.voided(event)
        jobs.clock_set_back(event)

    readers = Readers()
    readers.add(events.Published, message_log.published)
    readers.add(events.Claimed, messages.claimed)
    readers.add(events.Started, messages.started)
    readers.add(events.Invoked, messages.invoked)
    readers.add(events.Overdue, message_log.reported)
    readers.add(events.Finished, messages.finished)
    readers.add(events.Reclaimed, messages.later)
    readers.add(events.Lost, messages.later)
    readers.add(events.Expired, messages.later)
    readers.add(events.DeadLettered, messages.later)
    readers.add(events.Dropped, messages.later)
    readers.add(events.PutBack, messages.later)
    readers.add(events.Fired, firings.fired)
    readers.add(events.Ended, firings.ended)
    readers.add(events.Coalesced, jobs.not_published)
    readers.add(events.Skipped, jobs.not_published)
    readers.add(events.JobCreated, jobs.created)
    readers.add(events.JobEdited, jobs.edited)
    readers.add(events.JobActivated, jobs.switched)
    readers.add(events.JobDeactivated, jobs.switched)
    readers.add(events.JobDeleted, jobs.deleted)
    readers.add(events.JobRejected, jobs.rejected.append)
    readers.add(events.PublishRefused, refused.append)
    readers.add(events.Requested, requests.append)
    readers.add(events.ClusterPaused, pauses.append)
    readers.add(events.ClusterResumed, pauses.append)
    readers.add(events.LeaseAcquired, leases.acquired)
    readers.add(events.LeaseReleased, leases.ended)
    readers.add(events.LeaseExpired, leases.ended)
    readers.add(events.WritesLost, servers.writes_lost)
    readers.add(events.ClockSetBack, clock_set_back)
    readers.add(events.StoreReplaced, servers.store_replaced)
    readers.add(events.ServerStarted, servers.started)
    readers.add(events.ServerStopping, servers.stopping)
    readers.add(events.ServerStopped, servers.left)
    readers.add(events.ServerCrashed, servers.left)
    readers.add(events.FaultBegan, servers.fault_began)
    readers.add(events.FaultEnded, servers.fault_ended)
    return readers
