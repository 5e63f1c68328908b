"""Tells the history, through the store, what is done to servers and store.

The one idea: it numbers what it tells, as a server does, and tells it until it is answered. So a
fault is in the history once, however often the store fails while it is told.
"""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from gnomon.reference import events
from gnomon.reference.live.store.connection import Connection, StoreFailed
from gnomon.reference.store.administration import RecordEvents, RemoveServer, Reported
from gnomon.reference.store.operations import Operation

NAME = "nemesis"
PATIENCE_S = 120
PAUSE_S = 0.05


class Herald:
    """Tells of faults over a connection of its own; may be used by several threads."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._next = 1
        self._lock = threading.Lock()

    @contextmanager
    def told(self, fault: str, target: str) -> Iterator[None]:
        """Tell that a fault begins, before the block, and that it has ended."""
        self._tell(events.FaultBegan(0, fault, target))
        try:
            yield
        finally:
            self._tell(events.FaultEnded(0, fault, target))

    def tell_crash(self, server: str) -> None:
        """A server was killed; all that it had sent has been heard before this is."""
        self._until_answered([])
        self._until_answered([RemoveServer(server, events.ServerCrashed(0, server))])

    def _tell(self, event: Reported) -> None:
        with self._lock:
            self._until_answered([RecordEvents(self._next, (event,))])
            self._next += 1

    def _until_answered(self, operations: Sequence[Operation]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                self._connection.call(NAME, operations)
                return
            except StoreFailed:
                if time.monotonic() > deadline:
                    raise
            time.sleep(PAUSE_S)
