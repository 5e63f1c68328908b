"""Fixtures for the commands of the live cluster: a server of the API, and the command."""

import io
import sys
from collections.abc import Iterator

import pytest

from tests.support.command import Command
from tests.support.memory_storage import MemoryStorage, member, served

VARIABLES = ("GNOMON_SERVER", "GNOMON_USER", "GNOMON_PASSWORD", "GNOMON_TOKEN", "GNOMON_CA_FILE")


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[MemoryStorage, str]]:
    """A server for all tests: its storage, and its URL."""
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
def url(running: tuple[MemoryStorage, str]) -> str:
    return running[1]


@pytest.fixture
def run(url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Calls the command with a server, without a terminal."""
    for variable in VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("GNOMON_SERVER", url)
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    return Command(monkeypatch, capsys)
