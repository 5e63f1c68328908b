"""Every kind of event has a reader."""

from typing import get_args

import pytest

from gnomon.reference.events import Event
from gnomon.reference.packed import PackedEvents
from gnomon.specs.trace.firings import FiringLog
from gnomon.specs.trace.jobs import JobLog
from gnomon.specs.trace.leases import LeaseLog
from gnomon.specs.trace.message_records import MessageRecords
from gnomon.specs.trace.message_table import MessageTable
from gnomon.specs.trace.messages import MessageLog
from gnomon.specs.trace.readers import readers_of
from gnomon.specs.trace.servers import ServerLog


@pytest.mark.parametrize(
    "messages", [MessageRecords([]), MessageTable(PackedEvents(), [])], ids=["records", "table"]
)
def test_every_kind_of_event_is_read(messages: MessageRecords | MessageTable) -> None:
    leases, jobs = LeaseLog(), JobLog([], ())
    message_log, firings, servers = (
        MessageLog(messages, jobs, leases, []),
        FiringLog(jobs, []),
        ServerLog(leases, []),
    )
    readers = readers_of(jobs, messages, message_log, firings, servers, leases, [], [], [])
    assert set(readers.by_kind) == set(get_args(Event))
