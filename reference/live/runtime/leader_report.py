"""What a leader reports to the store about its jobs: those it cannot schedule, and their services.

The one idea: every server shows in its health what the leader has reported. The report is repeated
with each heartbeat, because a store may lose it. Beside it goes when jobs are due next, once.
"""

import logging
from itertools import islice

from gnomon.reference.cluster.server import Server
from gnomon.reference.live.runtime.due_order import DueOrder
from gnomon.reference.live.runtime.monitoring.metrics import Metrics
from gnomon.reference.live.runtime.store_link import StoreLink
from gnomon.reference.store.administration import ReportUnschedulable
from gnomon.reference.store.operations import Operation, Reply

logger = logging.getLogger("gnomon.server")

MOST_REPORTED = 1_000
"""The largest number of unschedulable jobs, and of services, that a leader reports to the store."""


class LeaderReport:
    """The report of one server, while it leads."""

    def __init__(self, link: StoreLink, metrics: Metrics) -> None:
        self._link = link
        self._metrics = metrics
        self._unschedulable: dict[str, str] = {}  # as logged
        self._version: int | None = None  # of the jobs whose services are known
        self._needed: tuple[str, ...] = ()
        self._due_order = DueOrder(link)

    def receive(self, operation: Operation, reply: Reply) -> None:
        """The store has answered an operation of this server."""
        self._due_order.receive(operation, reply)

    def note(self, server: Server) -> None:
        """Report the jobs that it cannot schedule if they have changed; log each once."""
        self._due_order.note(server)
        before = self._unschedulable
        if server.unschedulable == before:
            return
        self._unschedulable = found = dict(server.unschedulable)
        self._metrics.unschedulable.set(len(found))
        for id, why in found.items():
            if before.get(id) != why:
                logger.error("job %s cannot be scheduled, and is not published: %s", id, why)
        self._send(server)

    def repeat(self, server: Server) -> None:
        """Repeat the report with a heartbeat, unless there is nothing to report.

        O(jobs) if jobs have changed since the last one, else O(1).
        """
        if server.version != self._version:
            self._version = server.version
            self._needed = tuple(sorted(server.services_needed)[:MOST_REPORTED])
        if self._unschedulable or self._needed:
            self._send(server)

    def _send(self, server: Server) -> None:
        if server.epoch is not None:
            jobs = tuple(islice(self._unschedulable.items(), MOST_REPORTED))
            self._link.send(ReportUnschedulable(server.epoch, jobs, self._needed))
