"""The messages of the classic profile, and the queue of each profile.

The one idea: the predecessor assigns a message once, and does not keep it.
"""

from collections import deque
from collections.abc import Hashable
from typing import Self

from gnomon.reference import events
from gnomon.reference.events import Record
from gnomon.reference.schedule.clock import SECOND
from gnomon.reference.store.messages import MAX_ATTEMPTS, MessageQueue, Profile
from gnomon.reference.store.operations import Claim, Delivery, Message, Worker

MESSAGE_LIFE = 15 * SECOND
"""How long a message can be claimed in the classic profile (µs; S4, DLV-3)."""


class ClassicQueue(MessageQueue):
    """The classic profile, as the predecessor does it: a message is assigned once, and not kept.

    publish -> backlog --claim--> held by a worker --complete, or the next claim--> (gone)
                  |                     |
                  +-- 15 s --> (gone)   +-- its server is lost --> (gone)
    """

    __slots__ = ("_gone_at",)

    def __init__(self, record: Record, max_attempts: int = MAX_ATTEMPTS) -> None:
        super().__init__(record, max_attempts)
        self._gone_at: deque[int] = deque()  # of each message of the backlog

    def publish(self, now: int, message: Message) -> Delivery | None:
        """Append a message, which expires after `MESSAGE_LIFE`."""
        self._expire(now)
        self._gone_at.append(now + MESSAGE_LIFE)
        return super().publish(now, message)

    def claim(self, now: int, server: str, operation: Claim) -> list[Delivery]:
        """Assign the oldest message that has not expired, or let the worker wait."""
        self._expire(now)
        return super().claim(now, server, operation)

    def set_back(self, now: int, lease: int) -> None:
        """Let no message live longer than one that is published now."""
        super().set_back(now, lease)
        self._gone_at = deque(min(gone_at, now + MESSAGE_LIFE) for gone_at in self._gone_at)

    def take_back(self, now: int) -> list[Delivery]:
        """Drop the messages of servers whose heartbeat has lapsed."""
        self._expire(now)
        return super().take_back(now)

    def _assign(self, now: int, worker: Worker, operation: Claim) -> Delivery:
        if not self._left:
            self._gone_at.popleft()
        return super()._assign(now, worker, operation)

    def _put_back(self, now: int, worker: Worker) -> None:
        message, attempt = self._held.pop(worker)
        self._record(events.Lost(now, message.id, *worker, attempt))

    def _remove_from_backlog(self, place: int) -> None:
        super()._remove_from_backlog(place)
        del self._gone_at[place]

    def copy(self, record: Record) -> Self:
        """Another that holds the same and records to `record`: O(messages + workers)."""
        other: Self = super().copy(record)
        other._gone_at = self._gone_at.copy()
        return other

    def key(self) -> Hashable:
        """All that can influence a decision: O(messages + workers)."""
        return super().key(), tuple(self._gone_at)

    def _expire(self, now: int) -> None:
        """Drop the messages that have waited for `MESSAGE_LIFE`."""
        while self._gone_at and self._gone_at[0] <= now:
            self._gone_at.popleft()
            self._record(events.Expired(now, self._backlog.popleft().id))


QUEUES: dict[Profile, type[MessageQueue]] = {"durable": MessageQueue, "classic": ClassicQueue}
"""The queue of each profile."""
