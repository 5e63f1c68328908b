"""Records the store's history while the trial runs.

The one idea: a history that is read as it grows is not lost with the store.
"""

import threading
import time
from collections.abc import Sequence

from gnomon.reference.events import Event, Published
from gnomon.reference.live.store.storage import Storage, StoreUnavailable
from gnomon.reference.schedule.clock import MILLISECOND, SECOND

PERIOD = 100 * MILLISECOND
"""Time between two reads (µs)."""


class HistoryRecorder:
    """Reads the history in a thread, from `start` to `finish`.

    `published_at` is when an occurrence was seen to be published last (µs, UTC; by this machine's
    clock).
    """

    def __init__(self, storage: Storage) -> None:
        self.published_at = 0
        self._storage = storage
        self._events: list[Event] = []
        self._is_over = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._record, name="recorder", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def finish(self) -> Sequence[Event]:
        """Read to the end, and stop; all events. Raises StoreUnavailable."""
        self._is_over.set()
        self._thread.join()
        self._read_on()
        return self._events

    def _record(self) -> None:
        while not self._is_over.wait(PERIOD / SECOND):
            try:
                self._read_on()
            except StoreUnavailable:
                continue

    def _read_on(self) -> None:
        with self._lock:
            while page := self._storage.history(len(self._events)):
                numbers = [entry.seq for entry in page]
                first = len(self._events) + 1
                assert numbers == [*range(first, first + len(page))], "the history has a gap"
                self._events += (entry.event for entry in page)
                if any(isinstance(entry.event, Published) for entry in page):
                    self.published_at = time.time_ns() // 1_000
