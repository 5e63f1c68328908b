"""One server process: assembles what a `Node` needs, runs it, and closes everything again.

The one idea: the main thread runs the node. The API, the inbox listener and the workers have
threads of their own, and reach the node through its inputs. The first signal to end lets running
services finish; the second one does not.
"""

import logging
import os
import signal
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from queue import SimpleQueue
from threading import Thread, current_thread
from typing import Any

import msgspec
import uvicorn

from gnomon.reference.live.api.access.auth import Access
from gnomon.reference.live.api.access.credentials import Credentials
from gnomon.reference.live.api.access.failed_logins import FailedLogins
from gnomon.reference.live.api.app import create_app
from gnomon.reference.live.api.schemas import Health, view_incident
from gnomon.reference.live.runtime.arrival import arrive
from gnomon.reference.live.runtime.clock import WallClock, elapsed
from gnomon.reference.live.runtime.monitoring.cluster_watch import ClusterWatch
from gnomon.reference.live.runtime.monitoring.logs import log_run
from gnomon.reference.live.runtime.monitoring.metrics import Metrics
from gnomon.reference.live.runtime.monitoring.store_watch import StoreWatch
from gnomon.reference.live.runtime.node import Input, Node, Signal
from gnomon.reference.live.runtime.overdue import describe_stuck
from gnomon.reference.live.runtime.service_manager import (
    ServiceManager,
    WatchedQueue,
    reporting,
)
from gnomon.reference.live.runtime.shape import Shape
from gnomon.reference.live.runtime.tls import Tls
from gnomon.reference.live.runtime.worker_pool import Ended, WorkerPool
from gnomon.reference.live.store import encryption
from gnomon.reference.live.store.address import Address, Server
from gnomon.reference.live.store.connection import Connection, Open
from gnomon.reference.live.store.embedded.diagnosis import explain, removed_data
from gnomon.reference.live.store.errors import Failure
from gnomon.reference.live.store.notify import PATIENCE, Notifier
from gnomon.reference.live.store.redis import STORES
from gnomon.reference.live.store.redis_storage import RedisStorage
from gnomon.reference.schedule.clock import SECOND, write_duration
from gnomon.reference.service import Service
from gnomon.reference.store.administration import RESULTS_KEPT
from gnomon.reference.store.messages import Profile

logger = logging.getLogger("gnomon.server")

LONGEST_TURN = 30 * SECOND
"""The longest turn of a server's loop (µs): it waits up to 10 s, and for two calls of the store."""

SHORTEST_TIMEOUT = SECOND
LONGEST_TIMEOUT = 5 * SECOND


class StoreOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The store, and how it is used; `RedisStore` describes `keep`, `results` and `replicas`."""

    address: Address
    prefix: str
    profile: Profile
    keep: int
    results: int = RESULTS_KEPT
    replicas: int = 0

    def open(self, timeout: int) -> Open:
        """A function that connects to the store; its calls time out after `timeout` (µs)."""
        kind = STORES[self.profile]

        def find() -> Any:
            client = self.address.connect(timeout, f"{{{self.prefix}}}")
            patience = timeout // 2_000
            return kind(
                client,
                self.prefix,
                keep=self.keep,
                results=self.results,
                replicas=self.replicas,
                patience=patience,
            )

        return find

    def explain(self, failure: Failure) -> Failure:
        """The failure of a call, with what is known about this store."""
        folder, place = self.address.embedded_in, self.address.place
        if folder is not None:
            return explain(failure, folder)
        if isinstance(place, Server):
            uses_tls = self.address.tls is not None
            return encryption.explain(failure, place.host, place.port, uses_tls)
        return failure

    def warnings(self) -> tuple[str, ...]:
        """What is wrong with this store although it answers, for people."""
        folder = self.address.embedded_in
        removed = None if folder is None else removed_data(folder)
        return () if removed is None else (removed,)

    def connection(self, timeout: int) -> Connection:
        """A connection for a server; its calls time out after `timeout` (µs)."""
        return Connection(self.open(timeout), explain=self.explain)


def timeout_of(lease: int) -> int:
    """How long a server waits for a reply (µs): repeating a late heartbeat is better."""
    return min(max(lease // 3, SHORTEST_TIMEOUT), LONGEST_TIMEOUT)


class Listening(msgspec.Struct, frozen=True, kw_only=True):
    """The socket that serves the API at `host`, who may use it, and its certificate, if any."""

    socket: Any
    host: str
    credentials: Credentials | None
    tls: Tls | None = None

    @property
    def url(self) -> str:
        """The URL of the API."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        scheme = "http" if self.tls is None else "https"
        return f"{scheme}://{host}:{self.socket.getsockname()[1]}"


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens at `host` and `port`. Raises OSError.

    Its connections send each answer at once. Otherwise the second part of an answer on a kept-alive
    connection waits for the client's acknowledgement, which the client delays by 40 ms.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.create_server((host, port), family=family, backlog=2048)
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listening.setblocking(False)
    return listening


def serve(
    shape: Shape,
    services: Mapping[str, type[Service]],
    store: StoreOptions,
    listening: Listening | None,
) -> bool:
    """Run a server of the cluster until a signal ends it; whether it left in good order.

    Raises StoreUnusable if the store cannot be used, and waiting would not help, and NameTaken.
    """
    inputs = WatchedQueue[Input]()
    connection = store.connection(timeout_of(shape.lease))
    with _handled_signals(inputs):
        if not arrive(connection, shape, store.profile, inputs):
            return True  # it was to leave before it had arrived
        return _serve(shape, services, store, listening, inputs, connection)


def _serve(
    shape: Shape,
    services: Mapping[str, type[Service]],
    store: StoreOptions,
    listening: Listening | None,
    inputs: "WatchedQueue[Input]",
    connection: Connection,
) -> bool:
    current_thread().name = shape.name
    metrics = Metrics(services, shape.workers)

    def ended(run: Ended) -> None:
        inputs.put(run)
        with suppress(Exception):  # a user's log filter may raise, and must not end a worker
            log_run(run)  # in the worker's thread, whose name appears in the line

    workers = WorkerPool(shape.name, services, shape.workers, ended)
    node = Node(shape, connection, WallClock(), workers, metrics, inputs)
    others = store.connection(LONGEST_TIMEOUT)
    storage = RedisStorage(others)
    watch = StoreWatch(others, store.profile, metrics)
    cluster = ClusterWatch(storage, metrics)
    notifier = Notifier(
        shape.name, store.open((PATIENCE + 1) * SECOND), lambda: inputs.put(Signal.INBOX)
    )

    def measured() -> str:
        metrics.busy.set(workers.busy)
        metrics.clock_offset.set(node.clock_offset / SECOND)
        return metrics.text()

    def health() -> Health:
        problem = node.failure or watch.problem
        stuck = describe_stuck(shape.name, workers.running)
        return Health(
            server=shape.name,
            state=node.state,
            leads=node.epoch is not None,
            epoch=node.epoch or 0,
            workers=shape.workers,
            busy=workers.busy,
            stuck=len(stuck),
            dead_letters=watch.dead_letters,
            store=node.clock_problem or "ok" if problem is None else problem.problem,
            warnings=(*store.warnings(), *cluster.warnings, *stuck),
            incidents=tuple(map(view_incident, node.incidents.latest)),
        )

    failed_logins = FailedLogins(metrics.login_failed)
    manager = ServiceManager(os.environ)
    with (
        _api(listening, storage, health, measured, failed_logins),
        reporting(manager, lambda: node.state, lambda: elapsed() - inputs.asked_at < LONGEST_TURN),
    ):
        logger.info("joins the cluster", extra={"fields": _described(shape, store, listening)})
        left_in_order = node.run()
        notifier.close()
        watch.close()
        cluster.close()
    connection.close()
    return left_in_order


def _described(shape: Shape, store: StoreOptions, listening: Listening | None) -> dict[str, object]:
    """The fields of the line that reports the start of a server."""
    return {
        "server": shape.name,
        "pid": os.getpid(),
        "store": str(store.address),
        "data": None if store.address.embedded_in is None else str(store.address.embedded_in),
        "profile": shape.profile,
        "workers": shape.workers,
        "lease": write_duration(shape.lease),
        "services": list(shape.services),
        "api": None if listening is None else listening.url,
    }


@contextmanager
def _handled_signals(inputs: "SimpleQueue[Input]") -> Iterator[None]:
    """Let the first SIGTERM or SIGINT drain the server, and the second one end it at once."""
    received = 0

    def receive(_: int, __: object) -> None:
        nonlocal received
        received += 1
        inputs.put(Signal.DRAIN if received == 1 else Signal.QUIT)

    before = {name: signal.signal(name, receive) for name in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)


@contextmanager
def _api(
    listening: Listening | None,
    storage: RedisStorage,
    health: Callable[[], Health],
    metrics: Callable[[], str],
    failed_logins: FailedLogins,
) -> Iterator[None]:
    """Serve the API in a thread of its own; do nothing if `listening` is None."""
    if listening is None:
        yield
        return
    access = Access(listening.host, listening.credentials, storage, failed_logins)
    app = create_app(storage, health, metrics, access)
    tls = listening.tls
    config = uvicorn.Config(
        app,
        log_config=None,
        log_level="warning",
        access_log=False,
        lifespan="off",
        server_header=False,
        ssl_certfile=None if tls is None else tls.certificate,
        ssl_keyfile=None if tls is None else tls.key,
        timeout_graceful_shutdown=2,
    )
    server = uvicorn.Server(config)
    thread = Thread(target=server.run, args=([listening.socket],), name="api", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(timeout=5)
