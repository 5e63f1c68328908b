"""The faults of a link to the store."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from gnomon.reference.schedule.clock import MILLISECOND
from tests.nemesis.system.proxy import Proxy, proxies


@contextmanager
def echo() -> Iterator[tuple[Proxy, list[bytes]]]:
    """A proxy to a server that echoes its requests, and the list of them."""
    heard: list[bytes] = []

    def answer(connection: socket.socket) -> None:
        with connection:
            while data := connection.recv(100):
                heard.append(data)
                connection.sendall(data)

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, daemon=True).start()
        with proxies(1, listener.getsockname()[:2], seed=1) as (proxy,):
            yield proxy, heard
        listener.shutdown(socket.SHUT_RDWR)


def ask(connection: socket.socket, what: bytes) -> bytes | None:
    """The reply; empty if the connection is broken, None if there is no reply."""
    try:
        connection.sendall(what)
        return connection.recv(100)
    except TimeoutError:
        return None
    except OSError:
        return b""


def connect(proxy: Proxy) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=0.5)


def test_a_link_forwards_its_data() -> None:
    with echo() as (proxy, _), connect(proxy) as connection:
        assert ask(connection, b"one") == b"one"
        proxy.delay = 20 * MILLISECOND
        assert ask(connection, b"two") == b"two"


@pytest.mark.parametrize("direction", ["requests", "replies"])
def test_a_link_carries_nothing_after_a_loss(direction: Any) -> None:
    with echo() as (proxy, heard), connect(proxy) as connection:
        assert ask(connection, b"one") == b"one"
        proxy.loses = frozenset({direction})
        assert ask(connection, b"two") is None
        assert heard == ([b"one"] if direction == "requests" else [b"one", b"two"])
        proxy.loses = frozenset()
        assert ask(connection, b"three") is None
        with connect(proxy) as another:
            assert ask(another, b"four") == b"four"


def test_a_reset_breaks_the_connections() -> None:
    with echo() as (proxy, _), connect(proxy) as connection:
        assert ask(connection, b"one") == b"one"
        proxy.reset()
        assert ask(connection, b"two") == b""
        with connect(proxy) as another:
            assert ask(another, b"three") == b"three"


def test_an_unreachable_store_breaks_the_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        unused = listener.getsockname()[:2]
    with proxies(1, unused, seed=1) as (proxy,), connect(proxy) as connection:
        assert ask(connection, b"one") == b""
