"""Watches settings of the store that no call reports: whether it evicts data.

The one idea: a server that evicts answers every call as if nothing were wrong. A thread therefore
reads its policy every few seconds. A problem is logged once, appears in the health, and is counted
in the metrics; so is the end of it. The server keeps working meanwhile, because nothing is lost
until memory runs out.
"""

import logging
from threading import Event, Thread

from gnomon.reference.live.runtime.metrics import Metrics
from gnomon.reference.live.store.connection import Connection, StoreFailed
from gnomon.reference.live.store.errors import Failure, eviction_problem
from gnomon.reference.schedule.clock import SECOND
from gnomon.reference.store.messages import Profile

logger = logging.getLogger("gnomon.store")

PERIOD = 2 * SECOND
"""Time between two reads (µs): a problem is to be reported within five seconds."""


class StoreWatch:
    """Reads the settings over `connection` in a thread, from the start until `close`.

    `problem` is what is wrong with them, None if nothing is, or if they may not be read.
    """

    def __init__(self, connection: Connection, profile: Profile, metrics: Metrics) -> None:
        self._connection = connection
        self._profile = profile
        self._metrics = metrics
        self._is_closed = Event()
        self.problem: Failure | None = None
        Thread(target=self._watch, name="store-watch", daemon=True).start()

    def close(self) -> None:
        """Stop reading."""
        self._is_closed.set()

    def _watch(self) -> None:
        while not self._is_closed.wait(PERIOD / SECOND):
            try:
                info = self._connection.use(lambda store: store.client.info("memory"))
            except StoreFailed as failed:  # its calls report an outage
                logger.debug("the store's settings cannot be read: %s", failed.failure.problem)
                continue
            self._note(eviction_problem(info, self._profile))

    def _note(self, problem: Failure | None) -> None:
        """Log a new problem, and the end of one."""
        if problem is not None and self.problem != problem:
            self._metrics.store_errors.labels(problem.kind).inc()
            logger.warning("%s; %s", problem.problem, problem.advice)
        if problem is None and self.problem is not None:
            logger.info("the store no longer throws data away")
        self.problem = problem
