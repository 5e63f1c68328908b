"""A store on Redis in the place of a MemoryStore: the same calls, deliveries and events.

The one idea: what lies in the inboxes of others is fetched at once, so that one list tells of all
deliveries in the order in which the store decided them.
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
from gnomon.reference.store.messages import Profile
from gnomon.reference.store.operations import Delivery, Operation

CLOCK = "(function() return tonumber(redis.call('GET', KEYS[1] .. ':clock')) end)"
"""In the place of the server's own clock, which nobody can steer."""

_events: msgspec.json.Decoder[Any] = msgspec.json.Decoder(Event)
frozen = freezegun.freeze_time(datetime(2026, 1, 1, tzinfo=UTC), ignore=["hypothesis", "_pytest"])


class RedisArm:
    """`store` with the interface of a MemoryStore; `set_clock` makes it some instant (µs, UTC)."""

    def __init__(
        self, store: RedisStore, record: Record, set_clock: Callable[[int], object]
    ) -> None:
        self.store = store
        self._record = record
        self._set_clock = set_clock
        self._last = b"0-0"

    def apply(self, now: int, server: str, operation: Operation) -> list[Delivery]:
        """Carry out one operation of `server` at `now`."""
        self._set_clock(now)
        answer = self.store.call(server, [operation])
        assert answer.now == now
        assert not answer.inbox  # it had been fetched
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


def on_fakeredis(profile: Profile, record: Record, clock: Any) -> Arm:
    """A store on a fakeredis of its own, whose time `clock`, a frozen one, steers."""
    store = STORES[profile](fakeredis.FakeRedis(protocol=2))
    return store, record, lambda now: clock.move_to(to_datetime(now))


def on_a_server(profile: Profile, record: Record, client: "redis.Redis") -> Arm:
    """A store on a real server, empty, whose time is read from a key."""
    client.flushall()
    store = STORES[profile](client, time=CLOCK)
    return store, record, lambda now: client.set(f"{store.prefix}:clock", now)
