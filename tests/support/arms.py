"""A store on Redis with the interface of a MemoryStore: the same calls, deliveries and events.

The one idea: deliveries to other servers are fetched from their inboxes at once, so that one list
has all deliveries in the order in which the store decided them.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import fakeredis
import freezegun
import msgspec
import redis

from gnomon.reference.events import Event, Record
from gnomon.reference.live.store import decode
from gnomon.reference.live.store.redis import STORES, RedisStore
from gnomon.reference.schedule.clock import to_datetime
from gnomon.reference.store.administration import RESULTS_KEPT
from gnomon.reference.store.messages import Profile
from gnomon.reference.store.operations import Delivery, Operation, Reply
from gnomon.reference.store.runs import MemoryStoreWithRuns

CLOCK = "(function() return tonumber(redis.call('GET', KEYS[1] .. ':clock')) end)"
"""In place of the server's own clock, which a test cannot set."""

_events: msgspec.json.Decoder[Any] = msgspec.json.Decoder(Event)
frozen = freezegun.freeze_time(datetime(2026, 1, 1, tzinfo=UTC), ignore=["hypothesis", "_pytest"])


class RedisArm:
    """`store` with the interface of a MemoryStore; `set_clock` sets its time (µs, UTC)."""

    def __init__(
        self, store: RedisStore, record: Record, set_clock: Callable[[int], object]
    ) -> None:
        self.store = store
        self._record = record
        self._set_clock = set_clock
        self._now: int | None = None
        self._last = b"0-0"

    def apply(self, now: int, server: str, *operations: Operation) -> list[Delivery]:
        """Carry out the `operations` of `server`, in one call at `now`."""
        if now != self._now:
            self._set_clock(now)
            self._now = now
        answer = self.store.call(server, operations)
        assert not answer.inbox  # it was fetched before
        deliveries = answer.deliveries
        for place, other in answer.others:
            entry = self.store.client.lpop(f"{self.store.prefix}:inbox:{other}")
            assert isinstance(entry, bytes)
            deliveries.insert(place, *decode.read_inbox(other, [entry]))
        for event in self._new_events():
            self._record(event)
        return deliveries

    def _new_events(self) -> list[Event]:
        history = f"{self.store.prefix}:history"
        entries: Any = self.store.client.xrange(history, b"(" + self._last)
        if entries:
            self._last = entries[-1][0]
        return [_events.decode(line) for _, f in entries for line in f[b"e"].split(b"\n")]


Arm = tuple[RedisStore, Record, Callable[[int], object]]
"""What a RedisArm is made of."""


def on_fakeredis(profile: Profile, record: Record, clock: Any, results: int = RESULTS_KEPT) -> Arm:
    """A store on a fakeredis of its own, with the time of the frozen `clock`."""
    store = STORES[profile](fakeredis.FakeRedis(protocol=2), results=results)
    return store, record, lambda now: clock.move_to(to_datetime(now))


def on_a_server(
    profile: Profile, record: Record, client: "redis.Redis", results: int = RESULTS_KEPT
) -> Arm:
    """A store on an empty real server, with the time from a key."""
    client.flushall()
    store = STORES[profile](client, results=results, time=CLOCK)
    return store, record, lambda now: client.set(f"{store.prefix}:clock", now)


class Arms:
    """The three stores, empty; each operation must have the same deliveries and events in all.

    Each keeps the last `results` of a job.
    """

    def __init__(
        self,
        profile: Profile,
        clock: Any,
        client: "redis.Redis",
        results: int = RESULTS_KEPT,
    ) -> None:
        self.events: tuple[list[Event], list[Event], list[Event]] = ([], [], [])
        memory, fake, real = self.events
        self.memory = MemoryStoreWithRuns(memory.append, profile, results=results)
        self.others = (
            RedisArm(*on_fakeredis(profile, fake.append, clock, results)),
            RedisArm(*on_a_server(profile, real.append, client, results)),
        )

    def apply(self, now: int, server: str, *operations: Operation) -> list[Delivery]:
        """The deliveries on which all three agree; a Redis carries the operations out together."""
        expected = [
            delivery
            for operation in operations
            for delivery in self.memory.apply(now, server, operation)
        ]
        self.memory.check()
        for other in self.others:
            assert other.apply(now, server, *operations) == expected
        assert self.events[1] == self.events[0]
        assert self.events[2] == self.events[0]
        return expected

    def ask(self, now: int, server: str, operation: Operation) -> Reply:
        """The only reply to an operation."""
        ((to, _, reply),) = self.apply(now, server, operation)
        assert to == server
        return reply
