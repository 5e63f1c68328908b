"""The store on Redis, as people ask it.

The one idea: it is one more asker of the same store, by the name `OPERATOR`; what fails is told to
whoever asked, who alone knows whether to ask again.
"""

import logging
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from gnomon.reference.events import Event
from gnomon.reference.live.store.connection import Connection, StoreFailed
from gnomon.reference.live.store.decode import UNREADABLE
from gnomon.reference.live.store.errors import unavailable
from gnomon.reference.live.store.operations import AskOverview, NewJob, Number, Tell
from gnomon.reference.live.store.redis import RedisStore
from gnomon.reference.live.store.storage import OPERATOR, Overview, Told
from gnomon.reference.store.operations import Operation, Reply

logger = logging.getLogger("gnomon.store")

ENTRIES = 32
"""Of the history, read at once: one of a busy cluster holds thousands of events."""

_events: msgspec.json.Decoder[Any] = msgspec.json.Decoder(Event)


class RedisStorage:
    """A `Storage` over a connection. Each method raises StoreUnavailable."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def ask(self, operation: Operation) -> Reply:
        """Carry out an operation in the name of `OPERATOR`; never one that waits."""
        try:
            answer = self._connection.call(OPERATOR, [operation])
        except StoreFailed as failed:
            raise unavailable(failed.trouble) from failed
        return answer.deliveries[0][2]

    def new_job_id(self) -> str:
        """An id that no job has had, such as ``17``."""
        number = self.ask(NewJob())
        assert isinstance(number, Number)
        return str(number.value)

    def overview(self) -> Overview:
        """Who is there, who leads, and what waits."""
        reply = self.ask(AskOverview())
        assert isinstance(reply, Overview)
        return reply

    def tell(self, events: Sequence[Event]) -> None:
        """Append to the history; the store puts its own time in the place of each `at`."""
        try:
            self._connection.call(OPERATOR, [Tell(0, tuple(events))])
        except StoreFailed as failed:
            raise unavailable(failed.trouble) from failed

    def history(self, after: int = 0, most: int = 1_000) -> Sequence[Told]:
        """Up to `most` events numbered above `after`, in order; empty if there are none yet."""
        # An entry is named by its first event; the one before may go on beyond `after`.
        before = self._entries("XREVRANGE", f"{after + 1}-0", "-", 1)
        first = before[0][0].decode() if before else "-"
        told: list[Told] = []
        while len(told) < most:
            entries = self._entries("XRANGE", first, "+", ENTRIES)
            if not entries:
                break
            told += (event for entry in entries for event in _read(entry) if event.seq > after)
            first = f"({entries[-1][0].decode()}"
        return told[:most]

    def history_backwards(self, before: int | None = None, most: int = 1_000) -> Iterator[Told]:
        """The latest events, numbered below `before`, the latest first; at most `most`."""
        last = "+" if before is None else f"{before - 1}-0"
        while most > 0:
            entries = self._entries("XREVRANGE", last, "-", min(most, ENTRIES))
            if not entries:
                return
            for entry in entries:
                for event in reversed(_read(entry)):
                    if (before is None or event.seq < before) and most > 0:
                        most -= 1
                        yield event
            last = f"({entries[-1][0].decode()}"

    def _entries(self, command: str, start: str, end: str, count: int) -> list[tuple[bytes, bytes]]:
        def read(store: RedisStore) -> Any:
            key = f"{store.prefix}:history"
            return store.client.execute_command(command, key, start, end, "COUNT", count)

        try:
            entries = self._connection.use(read)
        except StoreFailed as failed:
            raise unavailable(failed.trouble) from failed
        return [(id, fields.get(b"e", b"")) for id, fields in entries]


def _read(entry: tuple[bytes, bytes]) -> list[Told]:
    """The events of an entry, which is named by the first of them; not what strangers wrote."""
    id, lines = entry
    first = int(id.partition(b"-")[0])
    told: list[Told] = []
    for place, line in enumerate(lines.split(b"\n")):
        try:
            told.append(Told(first + place, _events.decode(line)))
        except UNREADABLE as error:
            text = "event %d of the history cannot be read: %s"
            logger.error(text, first + place, error)  # noqa: TRY400
    return told
