"""Fixtures of the tests of the API: a storage in memory with one server, and a client."""

from collections.abc import Iterator

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from tests.support.memory_storage import LOOPBACK, MemoryStorage, app_over, member


@pytest.fixture(scope="session")
def running() -> tuple[MemoryStorage, Litestar]:
    """A storage and the API over it, for all tests of a process: it takes 0.1 s to make one."""
    storage = MemoryStorage()
    return storage, app_over(storage)


@pytest.fixture
def storage(running: tuple[MemoryStorage, Litestar]) -> MemoryStorage:
    """That storage, emptied; one server is a member."""
    storage, _ = running
    vars(storage).clear()
    vars(storage).update(vars(MemoryStorage([member()])))
    return storage


@pytest.fixture
def app(running: tuple[MemoryStorage, Litestar]) -> Litestar:
    """The API over that storage."""
    return running[1]


@pytest.fixture
def client(app: Litestar, storage: MemoryStorage) -> Iterator[TestClient[Litestar]]:
    """A client of the API over that storage, without a session."""
    with TestClient(app, base_url=LOOPBACK) as client:
        yield client
