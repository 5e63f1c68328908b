"""Every kind of event has a reader."""

from typing import get_args

from gnomon.reference.events import Event
from gnomon.specs.trace.firings import FiringLog
from gnomon.specs.trace.jobs import JobLog
from gnomon.specs.trace.leases import LeaseLog
from gnomon.specs.trace.messages import MessageLog
from gnomon.specs.trace.servers import ServerLog
from gnomon.specs.trace.trace import readers_of


def test_every_kind_of_event_is_read() -> None:
    leases, jobs = LeaseLog(), JobLog([])
    messages, firings, servers = (
        MessageLog(jobs, leases, []),
        FiringLog(jobs, []),
        ServerLog(leases, []),
    )
    readers = readers_of(jobs, messages, firings, servers, leases, [], [], [])
    assert set(readers.by_kind) == set(get_args(Event))
