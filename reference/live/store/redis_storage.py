"""The store on Redis, as people use it.

The one idea: a `Storage` is one more client of the same store. It reports each failure to its
caller, because only the caller knows whether to try again.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

import msgspec

from gnomon.reference.events import Event
from gnomon.reference.live.store.connection import Connection, StoreFailed
from gnomon.reference.live.store.decode import UNREADABLE
from gnomon.reference.live.store.errors import unavailable
from gnomon.reference.live.store.redis import RedisStore
from gnomon.reference.live.store.storage import RecordedEvent, Storage
from gnomon.reference.store.administration import RecordEvents, Reported
from gnomon.reference.store.operations import Operation, Reply

logger = logging.getLogger("gnomon.store")

T = TypeVar("T")

LATEST_ENTRIES = 8
"""Number of entries that are read at once for the latest events."""
FIRST_ENTRIES, ENTRIES = 4, 32
"""First and most history entries per read; an entry of a busy cluster has thousands of events."""

Entry = tuple[bytes, bytes]
"""An entry of the history: its id, and its events, a line each."""

_events: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)


class RedisStorage(Storage):
    """A `Storage` over a connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def ask_all(self, operations: Sequence[Operation]) -> Sequence[Reply]:
        """Carry out operations of `OPERATOR` in order, at one instant; the reply to each."""
        try:
            return self._connection.ask(operations)
        except StoreFailed as failed:
            raise unavailable(failed.failure) from failed

    def record_events(self, events: Sequence[Reported]) -> None:
        """Append events to the history; the store replaces each `at` by its own time."""
        self.ask_all([RecordEvents(0, tuple(events))])

    def identity(self) -> int:
        """The identity of the store: when a server first joined it (µs, UTC); 0 before that."""

        def read(store: RedisStore) -> int:
            return int(store.client.hget(f"{store.prefix}:meta", "store") or 0)

        return self._read(read)

    def history(self, after: int = 0, most: int = 1_000) -> Sequence[RecordedEvent]:
        """Up to `most` events numbered above `after`, in order; empty if there are none yet."""
        return list(islice(self._events_above(after), most))

    def _events_above(self, after: int) -> Iterator[RecordedEvent]:
        """Each event numbered above `after`; nothing is read before it is used."""
        # The id of an entry is the number of its first event; the entry before may reach further.
        entries = self._entries("XREVRANGE", f"{after + 1}-0", "-", 1)
        first = f"({entries[0][0].decode()}" if entries else "-"
        number = FIRST_ENTRIES
        while True:
            for entry in entries:
                yield from _read(entry, after)
            entries = self._entries("XRANGE", first, "+", number)
            if not entries:
                return
            first = f"({entries[-1][0].decode()}"
            number = min(2 * number, ENTRIES)

    def latest(self, most: int) -> Sequence[RecordedEvent]:
        """The latest events, at most `most`, in order; empty if there are none yet."""
        found: list[RecordedEvent] = []
        last = "+"
        while len(found) < most:
            entries = self._entries("XREVRANGE", last, "-", LATEST_ENTRIES)
            if not entries:
                break
            for entry in entries:  # the latest first
                found[:0] = _read(entry)
            last = f"({entries[-1][0].decode()}"
        return found[-most:]

    def _entries(self, command: str, start: str, end: str, count: int) -> list[Entry]:
        def read(store: RedisStore) -> list[Entry]:
            key = f"{store.prefix}:history"
            entries = store.client.execute_command(command, key, start, end, "COUNT", count)
            return [(id, fields.get(b"e", b"")) for id, fields in entries]

        return self._read(read)

    def _read(self, read: Callable[[RedisStore], T]) -> T:
        try:
            return self._connection.use(read)
        except StoreFailed as failed:
            raise unavailable(failed.failure) from failed


def _read(entry: Entry, after: int = 0) -> Iterator[RecordedEvent]:
    """The events of an entry above `after`; text that a stranger wrote is left out."""
    id, lines = entry
    first = int(id.partition(b"-")[0])
    known = max(after + 1 - first, 0)
    for seq, line in enumerate(lines.split(b"\n")[known:], first + known):
        try:
            event = _events.decode(line)
        except UNREADABLE as error:
            logger.error("event %d of the history cannot be read: %s", seq, error)  # noqa: TRY400
        else:
            yield RecordedEvent(seq, event)
