"""A storage in memory, over the store in plain Python, for tests of the API and its clients.

The one idea: time stands still until the test moves `clock`, and the test acts as the servers with
`serve`. ``app_over`` gives the API over such a storage, ``served`` a real server of it.
"""

import http.client
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager

import uvicorn
from litestar import Litestar

from gnomon.reference.events import Event
from gnomon.reference.live.api.access.auth import Access
from gnomon.reference.live.api.access.credentials import Credentials
from gnomon.reference.live.api.app import create_app
from gnomon.reference.live.api.schemas import Health
from gnomon.reference.live.store.storage import RecordedEvent, Storage, StoreUnavailable
from gnomon.reference.schedule.clock import SECOND, VirtualClock, read_instant
from gnomon.reference.store.administration import RecordEvents, RegisterServer, Reported
from gnomon.reference.store.operations import (
    OPERATOR,
    Delivery,
    Heartbeat,
    Operation,
    Reply,
)
from gnomon.reference.store.runs import MemoryStoreWithRuns

NOW = read_instant("2026-01-05T08:00:00Z")
DOWN = StoreUnavailable("connection refused", "is the store running?")
HEALTHY = Health(
    server="s1",
    state="working",
    leads=True,
    epoch=1,
    workers=2,
    busy=0,
    stuck=0,
    dead_letters=0,
    store="ok",
    warnings=(),
    incidents=(),
)
LOOPBACK = "http://127.0.0.1:8000"
"""A host that the API accepts."""
IN_WARSAW = {
    "name": "weekly report",
    "job_type": "cron_style",
    "service": "work",
    "start_date": "2026-01-01T00:00:00Z",
    "is_active": False,
    "extra": "for the board",
    "cron_definition": "0 9 * * MON",
    "timezone": "Europe/Warsaw",
    "misfire": "skip",
    "grace": "5s",
}
EVERY_MINUTE = {
    "name": "report",
    "job_type": "interval_based",
    "service": "work",
    "start_date": "2026-01-05T08:00:30Z",
    "minutes": 1,
}


Member = tuple[str, tuple[str, ...]]
"""A server of two workers: its name and its services."""


def member(name: str = "s1", *services: str) -> Member:
    """A server with these services."""
    return name, services or ("work", "report.daily")


def app_over(
    storage: Storage,
    *,
    host: str = "127.0.0.1",
    credentials: Credentials | None = None,
    health: Callable[[], Health] = lambda: HEALTHY,
) -> Litestar:
    """The API over `storage`, as a server that listens on `host` would give it."""
    access = Access(host, credentials, storage)
    return create_app(storage, health, lambda: "gnomon_up 1\n", access)


@contextmanager
def served(
    storage: Storage,
    health: Callable[[], Health] = lambda: HEALTHY,
    credentials: Credentials | None = None,
) -> Iterator[http.client.HTTPConnection]:
    """A connection to a real server over `storage`."""
    config = uvicorn.Config(
        app_over(storage, health=health, credentials=credentials), port=0, log_config=None,
        lifespan="off", timeout_graceful_shutdown=2,
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


class MemoryStorage(Storage):
    """Storage in memory. While `outage` is set, every method raises it.

    The `members` registered just before the history began.
    """

    def __init__(self, members: Sequence[Member] = ()) -> None:
        self.clock = VirtualClock(NOW)
        self.outage: StoreUnavailable | None = None
        self.asked: list[Operation] = []
        self.read_history = 0
        self.events: list[Event] = []
        self.store = MemoryStoreWithRuns(self.events.append)
        self._lock = threading.Lock()
        for name, services in members:
            self.serve(name, Heartbeat(SECOND))
            self.serve(name, RegisterServer(1, NOW, 2, services))
        self.events.clear()

    def serve(self, server: str, operation: Operation) -> list[Delivery]:
        """The store's deliveries for an operation of a server."""
        with self._lock:
            return self.store.apply(self.clock.now, server, operation)

    def happen(self, *events: Event) -> None:
        """Record events of any kind, at their own instants."""
        with self._lock:
            for event in events:
                self.store.record(event)

    def ask_all(self, operations: Sequence[Operation]) -> Sequence[Reply]:
        self._check()
        return [self._ask(operation) for operation in operations]

    def _ask(self, operation: Operation) -> Reply:
        self.asked.append(operation)
        for server, asked, reply in self.serve(OPERATOR, operation):
            if server == OPERATOR and asked == operation:
                return reply
        raise AssertionError(f"{operation} waits")

    def record_events(self, events: Sequence[Reported]) -> None:
        self._check()
        self.serve(OPERATOR, RecordEvents(0, tuple(events)))

    def identity(self) -> int:
        self._check()
        return self.store.identity

    def history(self, after: int = 0, most: int = 1_000) -> Sequence[RecordedEvent]:
        self._check()
        self.read_history += 1
        with self._lock:
            happened = self.events[after : after + most]
        return [RecordedEvent(seq, event) for seq, event in enumerate(happened, after + 1)]

    def latest(self, most: int) -> Sequence[RecordedEvent]:
        self._check()
        with self._lock:
            happened = self.events[-most:]
            first = len(self.events) - len(happened) + 1
        return [RecordedEvent(seq, event) for seq, event in enumerate(happened, first)]

    def _check(self) -> None:
        if self.outage is not None:
            raise self.outage
