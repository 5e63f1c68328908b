"""Fixtures of the tests of the API: a storage in memory with one server, and a client."""

from collections.abc import Iterator

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from tests.support.memory_storage import LOOPBACK, MemoryStorage, app_over, member


@pytest.fixture
def storage() -> MemoryStorage:
    """A storage of which one server is a member."""
    return MemoryStorage([member()])


@pytest.fixture
def client(storage: MemoryStorage) -> Iterator[TestClient[Litestar]]:
    """A client of the API over that storage."""
    with TestClient(app_over(storage), base_url=LOOPBACK) as client:
        yield client
