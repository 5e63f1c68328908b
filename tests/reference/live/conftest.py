"""Fixtures of the live tests: a real server for all tests of a process, and a client of it."""

from collections.abc import Iterator

import pytest
import redis

from tests.support.servers import RealServer, on_a_socket, programs


@pytest.fixture(scope="session", params=programs(), ids=lambda program: program.name)
def real_server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RealServer]:
    """A server that all tests of this process share, on whichever program there is."""
    folder = tmp_path_factory.mktemp("real_server")
    with on_a_socket(folder, request.param) as server:
        yield server


@pytest.fixture
def store_client(real_server: RealServer) -> redis.Redis:
    """A client of the shared server, which is empty."""
    client = real_server.client()
    client.flushall()
    return client
