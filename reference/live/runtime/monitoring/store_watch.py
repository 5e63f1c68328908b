"""Watches what no call reports: whether the store evicts data, and which messages are dead.

The one idea: a store that evicts answers every call as if nothing were wrong. A thread therefore
reads its policy every few seconds. A problem is logged once, appears in the health, and is counted
in the metrics; so is the end of it. The server keeps working meanwhile, because nothing is lost
until memory runs out.

Nor does any call report that a message was dead-lettered, often by another server. The same thread
reads the new dead letters, and logs each one.
"""

import logging
from threading import Event, Thread

from gnomon.reference.live.runtime.monitoring.metrics import Metrics
from gnomon.reference.live.store.connection import Connection, StoreFailed
from gnomon.reference.live.store.errors import Failure, eviction_problem
from gnomon.reference.live.store.redis import RedisStore
from gnomon.reference.schedule.clock import SECOND
from gnomon.reference.store.messages import Profile

logger = logging.getLogger("gnomon.store")

DeadLetter = tuple[bytes, dict[bytes, bytes]]
"""An entry of the stream of dead letters: its id, and its fields."""

MOST_READ = 100
"""Dead letters per read; the next read continues."""

PERIOD = 2 * SECOND
"""Time between two reads (µs): a problem is to be reported within five seconds."""


class StoreWatch:
    """Reads the store over `connection` in a thread, from the start until `close`.

    `problem` is what is wrong with its settings, None if nothing is, or if they may not be read.
    `dead_letters` is the number of dead letters that the store keeps.
    """

    def __init__(self, connection: Connection, profile: Profile, metrics: Metrics) -> None:
        self._connection = connection
        self._profile = profile
        self._metrics = metrics
        self._is_closed = Event()
        self.problem: Failure | None = None
        self.dead_letters = 0
        self._last_dead: bytes | None = None  # id of the last dead letter that was read
        Thread(target=self._watch, name="store-watch", daemon=True).start()

    def close(self) -> None:
        """Stop reading."""
        self._is_closed.set()

    def _watch(self) -> None:
        while not self._is_closed.wait(PERIOD / SECOND):
            try:
                info = self._connection.use(lambda store: store.client.info("memory"))
                self._note(eviction_problem(info, self._profile))
                self._read_dead_letters()
            except StoreFailed as failed:  # its calls report an outage
                logger.debug("the store cannot be watched: %s", failed.failure.problem)

    def _read_dead_letters(self) -> None:
        """Count the dead letters, and log those that are new; at the start, the last one.

        Any field may be missing, if a stranger wrote it.
        """
        is_first = self._last_dead is None
        found = self._connection.use(self._newest if is_first else self._following)
        self.dead_letters = self._connection.use(
            lambda store: int(store.client.xlen(f"{store.prefix}:dead"))
        )
        self._metrics.dead_letters.set(self.dead_letters)
        self._last_dead = found[-1][0] if found else self._last_dead or b"0-0"
        for _, fields in found:
            id, why = (_text(fields.get(key, b"?")) for key in (b"id", b"why"))
            message = id.removesuffix("-0")
            if is_first:
                text = "the store keeps %d dead letters; the last is message %s: %s"
                logger.warning(text, self.dead_letters, message, why)
            else:
                logger.warning("message %s is dead-lettered, and is not run: %s", message, why)
                is_exhausted = fields.get(b"cause") == b"attempts"
                self._metrics.dead_lettered("attempts" if is_exhausted else "unreadable")

    def _newest(self, store: RedisStore) -> list[DeadLetter]:
        found: list[DeadLetter] = store.client.xrevrange(f"{store.prefix}:dead", count=1)
        return found

    def _following(self, store: RedisStore) -> list[DeadLetter]:
        assert self._last_dead is not None
        after = b"(" + self._last_dead
        found: list[DeadLetter] = store.client.xrange(
            f"{store.prefix}:dead", after, count=MOST_READ
        )
        return found

    def _note(self, problem: Failure | None) -> None:
        """Log a new problem, and the end of one."""
        if problem is not None and self.problem != problem:
            self._metrics.store_errors.labels(problem.kind).inc()
            logger.warning("%s; %s", problem.problem, problem.advice)
        if problem is None and self.problem is not None:
            logger.info("the store no longer throws data away")
        self.problem = problem


def _text(value: bytes) -> str:
    """A field on one line."""
    return " ".join(value.decode("utf-8", "replace").split())
