"""A storage in memory, over the store in plain Python, for tests of what people may do.

The one idea: time stands still until the test moves `clock`, and the test plays the servers itself
with `serve`. ``app_over`` gives the API over such a storage, ``served`` a real server of it.
"""

import http.client
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import count

import msgspec
import uvicorn
from litestar import Litestar

from gnomon.reference.events import Event
from gnomon.reference.live.api.app import create_app
from gnomon.reference.live.api.auth import guard_for
from gnomon.reference.live.api.credentials import Credentials
from gnomon.reference.live.api.schemas import Health
from gnomon.reference.live.store.storage import (
    OPERATOR,
    Holding,
    Lease,
    Member,
    Overview,
    Storage,
    StoreUnavailable,
    Told,
)
from gnomon.reference.schedule.clock import SECOND, VirtualClock, read_instant
from gnomon.reference.store.memory import MemoryStore
from gnomon.reference.store.operations import Delivery, Operation, Reply

NOW = read_instant("2026-01-05T08:00:00Z")
DOWN = StoreUnavailable("connection refused", "is the store running?")
HEALTHY = Health(server="s1", state="working", leads=True, epoch=1, workers=2, busy=0, store="ok")
EVERY_MINUTE = {
    "name": "report",
    "job_type": "interval_based",
    "service": "work",
    "start_date": "2026-01-05T08:00:30Z",
    "minutes": 1,
}


def member(name: str = "s1", *services: str) -> Member:
    """A server that is there, and has these services."""
    return Member(
        name=name,
        workers=2,
        services=services or ("work", "report.daily"),
        since=NOW,
        heard=NOW,
        alive_until=NOW + SECOND,
    )


def app_over(
    storage: Storage,
    *,
    host: str = "127.0.0.1",
    credentials: Credentials | None = None,
    health: Callable[[], Health] = lambda: HEALTHY,
) -> Litestar:
    """The API over `storage`, as a server that listens on `host` would give it."""
    return create_app(storage, health, lambda: "gnomon_up 1\n", guard_for(host, credentials))


@contextmanager
def served(
    storage: Storage, health: Callable[[], Health] = lambda: HEALTHY
) -> Iterator[http.client.HTTPConnection]:
    """A connection to a real server over `storage`."""
    config = uvicorn.Config(
        app_over(storage, health=health), port=0, log_config=None, lifespan="off",
        timeout_graceful_shutdown=2,
    )  # fmt: skip
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        eventually(lambda: server.started)
        port = server.servers[0].sockets[0].getsockname()[1]
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
            yield connection
    finally:
        server.should_exit = True
        thread.join(10)
        assert not thread.is_alive()


def eventually(holds: Callable[[], object]) -> None:
    """Wait until something holds; fail after ten seconds."""
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


class MemoryStorage:
    """Storage in memory. While `outage` is set, every method raises it."""

    def __init__(self, members: Sequence[Member] = ()) -> None:
        self.clock = VirtualClock(NOW)
        self.members = tuple(members)
        self.outage: StoreUnavailable | None = None
        self.asked: list[Operation] = []
        self.read_history = 0
        self.events: list[Event] = []
        self.store = MemoryStore(self.events.append)
        self._ids = count(1)
        self._lock = threading.Lock()

    def serve(self, server: str, operation: Operation) -> list[Delivery]:
        """What the store answers to a server."""
        with self._lock:
            return self.store.apply(self.clock.now, server, operation)

    def happen(self, *events: Event) -> None:
        """Let events happen as they are, at their own instants."""
        with self._lock:
            self.events += events

    def ask(self, operation: Operation) -> Reply:
        self._check()
        self.asked.append(operation)
        for server, asked, reply in self.serve(OPERATOR, operation):
            if server == OPERATOR and asked == operation:
                return reply
        raise AssertionError(f"{operation} waits")

    def new_job_id(self) -> str:
        self._check()
        return str(next(self._ids))

    def overview(self) -> Overview:
        self._check()
        store = self.store
        return Overview(
            now=self.clock.now,
            profile="durable",
            lease_length=60_000_000,
            lease=Lease(leader=store._leader, epoch=store._epoch, until=store._until),
            members=self.members,
            jobs=len(store._jobs.by_id),
            waiting=store.waiting,
            held=tuple(
                Holding(server, worker, message.id)
                for (server, worker), (message, _) in store._messages._held.items()
            ),
            dead_lettered=0,
        )

    def tell(self, events: Sequence[Event]) -> None:
        self._check()
        self.happen(*(msgspec.structs.replace(event, at=self.clock.now) for event in events))

    def history(self, after: int = 0, most: int = 1_000) -> Sequence[Told]:
        self._check()
        self.read_history += 1
        with self._lock:
            happened = self.events[after : after + most]
        return [Told(seq, event) for seq, event in enumerate(happened, after + 1)]

    def history_backwards(self, before: int | None = None, most: int = 1_000) -> Iterator[Told]:
        self._check()
        with self._lock:
            end = len(self.events) if before is None else before - 1
            happened = self.events[max(0, end - most) : end]
        return (
            Told(seq, event)
            for seq, event in zip(range(end, 0, -1), reversed(happened), strict=False)
        )

    def _check(self) -> None:
        if self.outage is not None:
            raise self.outage
