"""A way to the store that is made anew whenever it has broken.

The one idea: whoever asks is told what went wrong and is asked to go on; nothing is asked twice
here, because only the protocol knows what may be. When a connection is made the store is greeted
with the run of it that answers: after a restart or a failover it goes on with new numbers, for it
may have lost what it did last.
"""

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from threading import Lock
from typing import Any, TypeVar

import redis
from redis.exceptions import RedisError

from gnomon.reference.live.store.decode import UNREADABLE
from gnomon.reference.live.store.errors import Trouble, classify
from gnomon.reference.live.store.operations import Greet
from gnomon.reference.live.store.redis import Answer, RedisStore
from gnomon.reference.store.memory import LEAP
from gnomon.reference.store.operations import Operation

T = TypeVar("T")

FAILURES = (RedisError, OSError, ValueError, *UNREADABLE)
"""What asking a store can raise, or reading what it answers, whatever answers there."""

Open = Callable[[], RedisStore]
"""Finds the store as of now; raises what ``redis`` raises."""


class StoreFailed(Exception):
    """The store did not answer; whether it did what it was asked is not known."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.problem)
        self.trouble = trouble


def greet(store: RedisStore, known: str) -> str:
    """Let the store know which run of it this is, and which was `known` before; the run.

    Its client keeps to that run from now on.
    """
    run = _run_of(store)
    store.call("", [Greet(run, known, LEAP)])
    return run


def pass_by(_: RedisStore, known: str) -> str:
    """Greet nobody: whoever only reads leaves no trace."""
    return known


class Connection:
    """Asks the store that `open` finds, after it was greeted; may be used by several threads."""

    def __init__(self, open: Open, greet: Callable[[RedisStore, str], str] = greet) -> None:
        self._open = open
        self._greet = greet
        self._store: RedisStore | None = None
        self._run = ""  # of the store that was greeted last
        self._lock = Lock()
        self._attempts = 0
        self._failure: Exception | None = None  # of the latest attempt

    def call(self, server: str, operations: Sequence[Operation]) -> Answer:
        """Carry out `operations` of `server` at one instant. Raises StoreFailed."""
        return self.use(lambda store: store.call(server, operations))

    def use(self, use: Callable[[RedisStore], T]) -> T:
        """What `use` makes of the store. Raises StoreFailed for what ``redis`` raises in it."""
        try:
            try:
                return use(self._greeted())
            except _AnotherRun:  # and it has not been asked anything yet
                self.close()
                return use(self._greeted())
        except FAILURES as error:
            raise self._failed(error) from error

    def _greeted(self) -> RedisStore:
        attempts = self._attempts
        with self._lock:
            if self._store is None:
                if self._attempts != attempts and self._failure:
                    raise self._failure  # of who was before us here: do not wait in a row
                self._store = self._attempt()
            return self._store

    def _attempt(self) -> RedisStore:
        """Find the store, and greet it."""
        self._attempts += 1
        self._failure = None
        try:
            store = self._open()
            self._run = self._greet(store, self._run)
        except Exception as error:
            self._failure = error
            raise
        return store

    def _failed(self, error: Exception) -> StoreFailed:
        trouble = classify(error)
        if trouble.resolves_anew:
            self.close()
        return StoreFailed(trouble)

    def close(self) -> None:
        """Let the connection go; the next call makes another. Who awaits an answer may get it."""
        with self._lock:
            store, self._store = self._store, None
        if store is not None:
            with suppress(RedisError, OSError):
                store.client.connection_pool.disconnect(inuse_connections=False)


def _run_of(store: RedisStore) -> str:
    """What tells this run of the store from another; its client keeps to it from now on."""
    pool = store.client.connection_pool
    pool.reset()
    pool.connection_kwargs["redis_connect_func"] = run = _OneRun()
    store.client.ping()
    return run.id


class _AnotherRun(redis.ConnectionError):
    """Where the store was answers another run of it."""


class _OneRun:
    """Lets a client connect to one run of the store only: the one that it finds first.

    A client that finds its connection closed makes another without a word; were that to another
    run of the store, after a restart, nobody would greet it.
    """

    def __init__(self) -> None:
        self.id = ""

    def __call__(self, connection: Any) -> None:
        """What is done with each connection when it is made."""
        connection.on_connect()
        connection.send_command("INFO", "server")
        found = _RUN_ID.search(connection.read_response())
        id = found[1].decode() if found else "?"
        if self.id not in ("", id):
            raise _AnotherRun("another run of the store answers")
        self.id = id


_RUN_ID = re.compile(rb"run_id:(\w+)")
