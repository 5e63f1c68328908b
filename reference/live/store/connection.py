"""A connection to the store that is made anew whenever it has broken.

The one idea: a failed call is reported and never repeated here, because only the protocol knows
which operations may be repeated; but a call that surely had no effect, because another run of the
store answered or a former primary refused it, is sent once more to the store found anew. Each new
connection first reports to the store which run of it answers: after a restart or a failover the
store may have lost its last writes, and then numbers from far beyond.
"""

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from threading import Lock
from typing import Any, TypeVar

import redis
from redis.exceptions import ReadOnlyError, RedisError

from gnomon.reference.live.store.decode import UNREADABLE
from gnomon.reference.live.store.encode import ReportStoreRun
from gnomon.reference.live.store.errors import Failure, classify
from gnomon.reference.live.store.redis import Answer, RedisStore
from gnomon.reference.store.memory import LEAP
from gnomon.reference.store.operations import OPERATOR, Operation, Reply

T = TypeVar("T")

FAILURES = (RedisError, OSError, ValueError, *UNREADABLE)
"""The exceptions of a call, and of reading its answer, whatever server answers."""

Open = Callable[[], RedisStore]
"""Finds the store as of now; raises what ``redis`` raises."""

Introduce = Callable[[RedisStore, str], str]
"""Called with each new connection, and the store's run known before; returns the run of now."""


Explain = Callable[[Failure], Failure]
"""Adds to a failure what is known about this store."""


class StoreFailed(Exception):
    """A call to the store failed; it is not known whether it was carried out."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.problem)
        self.failure = failure


def report_run(store: RedisStore, known: str) -> str:
    """Report to the store which run of it answers, and which run was `known` before; the run.

    The store's client connects to no other run from now on.
    """
    run = _run_of(store)
    store.call("", [ReportStoreRun(run, known, LEAP)])
    return run


def as_it_is(failure: Failure) -> Failure:
    """Add nothing to a failure."""
    return failure


def report_nothing(_: RedisStore, known: str) -> str:
    """Report nothing: a client that only reads writes nothing."""
    return known


class Connection:
    """Calls the store that `open` finds; may be used by several threads."""

    def __init__(
        self, open: Open, introduce: Introduce = report_run, explain: Explain = as_it_is
    ) -> None:
        self._open = open
        self._introduce = introduce
        self._explain = explain
        self._store: RedisStore | None = None
        self._run = ""  # of the store, at the latest connection
        self._lock = Lock()
        self._attempts = 0
        self._failure: Exception | None = None  # of the latest attempt

    @property
    def run(self) -> str:
        """The id of the store's run at the latest connection; empty before the first one."""
        return self._run

    def call(self, server: str, operations: Sequence[Operation]) -> Answer:
        """Carry out `operations` of `server` at one instant. Raises StoreFailed.

        The answer has what was waiting in the server's inbox, which is nowhere else from now on.
        The inbox belongs to the name: a process that another one has superseded may still take what
        waits for that one, until a call reports to it that it is superseded.
        """
        return self.use(lambda store: store.call(server, operations))

    def ask(self, operations: Sequence[Operation]) -> list[Reply]:
        """The replies to operations that anybody may send. Raises StoreFailed.

        Nothing is taken from a server's inbox.
        """
        return [reply for _, _, reply in self.call(OPERATOR, operations).deliveries]

    def use(self, use: Callable[[RedisStore], T]) -> T:
        """The result of `use` with the store. Raises StoreFailed for what ``redis`` raises."""
        try:
            try:
                return use(self._connected())
            except (_AnotherRun, ReadOnlyError):  # nothing has been carried out
                self.close()
                return use(self._connected())
        except FAILURES as error:
            raise self._failed(error) from error

    def _connected(self) -> RedisStore:
        attempts = self._attempts
        with self._lock:
            if self._store is None:
                if self._attempts != attempts and self._failure:
                    raise self._failure  # of a thread that waited before: do not wait in turn
                self._store = self._attempt()
            return self._store

    def _attempt(self) -> RedisStore:
        """Find the store, and introduce the connection."""
        self._attempts += 1
        self._failure = None
        try:
            store = self._open()
            self._run = self._introduce(store, self._run)
        except Exception as error:
            self._failure = error
            raise
        return store

    def _failed(self, error: Exception) -> StoreFailed:
        failure = classify(error)
        if failure.resolves_anew:
            self.close()
        return StoreFailed(self._explain(failure))

    def close(self) -> None:
        """Drop the connection; the next call makes another. Calls under way may still finish."""
        with self._lock:
            store, self._store = self._store, None
        if store is not None:
            with suppress(RedisError, OSError):
                store.client.connection_pool.disconnect(inuse_connections=False)


def _run_of(store: RedisStore) -> str:
    """The id of the store's run; its client connects to no other run from now on."""
    pool = store.client.connection_pool
    pool.reset()
    pool.connection_kwargs["redis_connect_func"] = run = _OneRun()
    store.client.ping()
    return run.id


class _AnotherRun(redis.ConnectionError):
    """Another run of the store answers at its address."""


class _OneRun:
    """Lets a client connect to one run of the store only: the first one that it finds.

    A client that finds its connection closed silently makes another. If that reached another run of
    the store, after a restart, nothing would be reported to it.
    """

    def __init__(self) -> None:
        self.id = ""

    def __call__(self, connection: Any) -> None:  # redis-py has several types of connections
        """Called by redis-py for each new connection."""
        connection.on_connect()
        connection.send_command("INFO", "server")
        found = _RUN_ID.search(connection.read_response())
        id = found[1].decode() if found else "?"
        if self.id not in ("", id):
            raise _AnotherRun("another run of the store answers")
        self.id = id


_RUN_ID = re.compile(rb"run_id:(\w+)")
