"""HEAD is answered as GET, without the body."""

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from gnomon.reference.jobs import read
from gnomon.reference.live.api.access.credentials import Credentials
from gnomon.reference.store.operations import PutJob
from tests.support.memory_storage import EVERY_MINUTE, LOOPBACK, MemoryStorage, app_over, served

PATHS = [
    "/jobs", "/jobs/1", "/jobs/7", "/messages?state=dead", "/messages?state=lost", "/cluster",
    "/history", "/health", "/metrics", "/openapi.json", "/nowhere",
]  # fmt: skip


@pytest.fixture
def storage(storage: MemoryStorage) -> MemoryStorage:
    """A store that has one job."""
    storage.serve("test", PutJob("1", read(EVERY_MINUTE)))
    return storage


@pytest.mark.parametrize("path", PATHS)
def test_head_has_the_status_and_the_headers_of_get(
    client: TestClient[Litestar], path: str
) -> None:
    """API-12"""
    whole, head = client.get(path), client.head(path)
    assert head.content == b""
    assert head.status_code == whole.status_code
    assert head.headers == whole.headers


def test_head_is_not_allowed_where_get_is_not(client: TestClient[Litestar]) -> None:
    refused = client.head("/jobs/1/execute")
    assert refused.status_code == 405
    assert refused.headers["Allow"] == "OPTIONS, POST"


def test_head_needs_the_same_credentials(storage: MemoryStorage) -> None:
    """API-8"""
    app: Litestar = app_over(storage, credentials=Credentials({}, {b"unknown": "ci"}))
    with TestClient(app, base_url=LOOPBACK) as client:
        assert client.head("/jobs").status_code == 401
        assert client.head("/health").status_code == 200


def test_head_of_an_endless_stream_ends_and_the_connection_can_be_used_again(
    storage: MemoryStorage,
) -> None:
    with served(storage) as connection:
        for _ in range(2):
            connection.request("HEAD", "/history?follow=true")
            answer = connection.getresponse()
            assert (answer.status, answer.read()) == (200, b"")
        connection.request("GET", "/jobs/1")
        assert connection.getresponse().status == 200
