"""Support: fixtures of a real server over a storage in memory, which all tests of a file share."""

from collections.abc import Iterator

import pytest

from tests.support.memory_storage import MemoryStorage, member, served


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[MemoryStorage, str]]:
    """A server for all tests of a file: its storage, and its URL."""
    storage = MemoryStorage()
    with served(storage) as connection:
        yield storage, f"http://127.0.0.1:{connection.port}"


@pytest.fixture
def storage(running: tuple[MemoryStorage, str]) -> MemoryStorage:
    """The server's storage, emptied."""
    storage, _ = running
    vars(storage).update(vars(MemoryStorage([member()])))
    return storage


@pytest.fixture
def url(running: tuple[MemoryStorage, str], storage: MemoryStorage) -> str:
    """The URL of the server, whose storage is emptied."""
    return running[1]
