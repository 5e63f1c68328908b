"""Runs on demand over HTTP: the body of the request, and what it changes."""

from litestar import Litestar
from litestar.testing import TestClient

from gnomon.reference.events import Published
from tests.support.memory_storage import EVERY_MINUTE, MemoryStorage


def test_a_run_on_demand_may_be_given_extra_data(
    client: TestClient[Litestar], storage: MemoryStorage
) -> None:
    """API-3: for that run only; anything else in the body is refused."""
    client.post("/jobs", json=EVERY_MINUTE | {"extra": "north"})
    for body in ({"extra": "south"}, {"extra": None}, {}, None):
        assert client.post("/jobs/1/execute", json=body).status_code == 202
    published = [event for event in storage.events if isinstance(event, Published)]
    assert [(event.payload, event.extra_given) for event in published] == [
        ("south", True), ("north", False), ("north", False), ("north", False),
    ]  # fmt: skip
    assert client.get("/jobs/1").json()["extra"] == "north"
    assert client.get("/messages/1").json()["payload"] == "south"
    for wrong, status in (
        ({"extra": 7}, 422),
        ({"extra": "x" * 500_001}, 422),
        ({"payload": "south"}, 400),
        ([], 400),
    ):
        answer = client.post("/jobs/1/execute", json=wrong)
        assert answer.status_code == status
    assert client.post("/jobs/1/execute", content=b"extra=south").status_code == 415
    assert len([event for event in storage.events if isinstance(event, Published)]) == 4
