"""What has gone wrong at this server's store, and has ended: the latest incidents.

The one idea: a fault that lasts is the problem in the health, until it ends. A fault of an instant,
such as a store that was emptied, would be in the log alone. Each is therefore reported here, in one
call: it is logged as a warning, counted in the metrics, and kept for the health.
"""

import logging
from threading import Lock
from typing import Literal

import msgspec

from gnomon.reference.live.runtime.metrics import Metrics

logger = logging.getLogger("gnomon.server")

INCIDENTS_KEPT = 10
"""Number of latest incidents that a server keeps."""

IncidentKind = Literal["store_replaced", "writes_lost"]
"""The kinds of incidents.

    store_replaced   the store was emptied, or another one is in its place
    writes_lost      the store was restarted, or failed over, and may have lost its latest writes
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
