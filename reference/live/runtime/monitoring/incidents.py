"""What has gone wrong at this server's store, and has ended: the latest incidents.

The one idea: a fault that lasts is the problem in the health, until it ends. A fault of an instant,
such as a store that was emptied, would be in the log alone. Each is therefore reported here, in one
call: it is logged as a warning, counted in the metrics, and kept for the health.
"""

import logging
from threading import Lock
from typing import Literal

import msgspec

from gnomon.reference.live.runtime.monitoring.metrics import Metrics
from gnomon.reference.schedule.clock import write_instant
from gnomon.reference.store.administration import ClusterOverview
from gnomon.reference.store.operations import Former

logger = logging.getLogger("gnomon.server")

INCIDENTS_KEPT = 10
"""Number of latest incidents that a server keeps."""

IncidentKind = Literal["store_replaced", "writes_lost", "clock_set_back"]
"""The kinds of incidents.

    store_replaced   the store was emptied, or another one is in its place
    writes_lost      the store was restarted, or failed over, and may have lost its latest writes
    clock_set_back   the store's clock was ahead, and was corrected
"""


class Incident(msgspec.Struct, frozen=True):
    """One incident: when the server noticed it (`at`: µs, UTC), and a sentence for people."""

    kind: IncidentKind
    at: int
    text: str


class Incidents:
    """The `latest` incidents of a server, the latest last; any thread may report and read."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._lock = Lock()
        self.latest: tuple[Incident, ...] = ()

    def report(self, kind: IncidentKind, at: int, text: str) -> None:
        """Log, count and keep an incident that the server noticed `at` (µs, UTC)."""
        self._metrics.incidents.labels(kind).inc()
        with self._lock:
            self.latest = (*self.latest, Incident(kind, at, text))[-INCIDENTS_KEPT:]
        logger.warning("%s", text)


def describe_replacement(former: Former, present: ClusterOverview) -> str:
    """What a server that knew a `former` store finds in its place, and what to do, for people."""
    if former.jobs is None:
        lost = "this server did not lead and does not know which jobs are gone"
    else:
        lost = f"jobs that this server scheduled there: {former.jobs}"
    return (
        "the store was emptied or replaced: "
        f"a server first joined it at {write_instant(present.store)}, "
        f"the former one at {write_instant(former.store)}; "
        f"{lost}, jobs here: {present.jobs}; "
        "create the jobs again, or stop the servers and restore the store's data"
    )


def describe_lost_writes(changes: int | None, present: ClusterOverview) -> str:
    """What a server knows to be lost after the store was restarted or failed over, for people.

    `changes` is the number of changes of jobs that it knew, None if it did not lead.
    """
    if changes is None:
        lost = "this server did not lead and does not know which"
    elif changes > present.changes:
        lost = f"changes of jobs that are lost: {changes - present.changes}; make them again"
    else:
        lost = "no change of a job is lost"
    return (
        "the store was restarted or failed over, and may have lost its latest writes: "
        f"{lost}; messages that were completed last may run again"
    )
