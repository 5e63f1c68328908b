"""Record in the history, through the store, the faults injected into servers and store.

The one idea: the reporter numbers its reports, as a server does, and repeats each until the store
answers. So the history contains each fault once, however often the store fails meanwhile.
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


class FaultReporter:
    """Reports faults over a connection of its own; several threads may use it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._next = 1
        self._lock = threading.Lock()

    @contextmanager
    def reported(self, fault: str, target: str) -> Iterator[None]:
        """Report that a fault begins, before the block, and that it has ended, after it."""
        self._report(events.FaultBegan(0, fault, target))
        try:
            yield
        finally:
            self._report(events.FaultEnded(0, fault, target))

    def report_crash(self, server: str) -> None:
        """Report that a server was killed, after the store has handled everything it had sent."""
        self._until_answered([])
        self._until_answered([RemoveServer(server, events.ServerCrashed(0, server))])

    def _report(self, event: Reported) -> None:
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
