"""The messages of the API: listed, read, dropped and put back; and those of a deleted job."""

from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from gnomon.reference.schedule.clock import SECOND
from gnomon.reference.store.administration import AgreeSettings
from gnomon.reference.store.operations import Claim, Join, SetAside, first_turn
from tests.support.memory_storage import EVERY_MINUTE, MemoryStorage


def publish(client: TestClient[Litestar], times: int) -> None:
    """Create job 1, and publish messages of it."""
    assert client.post("/jobs", json=EVERY_MINUTE | {"extra": "secret"}).status_code == 201
    for _ in range(times):
        assert client.post("/jobs/1/execute").status_code == 202


def kill(storage: MemoryStorage, process: int = 1) -> None:
    """Let a process of s2 claim a message and die, and the next one join: its only attempt."""
    storage.serve("s2", AgreeSettings("durable", SECOND, 1))
    storage.serve("s2", Join(process, 60 * SECOND))
    storage.serve("s2", Claim(1, first_turn(process)))
    storage.serve("s2", Join(process + 1, 60 * SECOND))


def listed(client: TestClient[Litestar], state: str) -> list[int]:
    answer = client.get("/messages", params={"state": state})
    assert answer.status_code == 200 and answer.json()["more"] is None
    return [message["id"] for message in answer.json()["messages"]]


def problem(answer: Any) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code, answer.json()["detail"]


def test_a_dead_message_is_listed_read_and_put_back(
    storage: MemoryStorage, client: TestClient[Litestar]
) -> None:
    """API-14."""
    publish(client, 2)
    kill(storage)
    assert (listed(client, "dead"), listed(client, "waiting")) == ([1], [2])
    (found,) = client.get("/messages", params={"state": "dead"}).json()["messages"]
    assert (found["job"], found["name"], found["service"]) == ("1", "report", "work")
    assert (found["cause"], found["attempts"], found["payload"]) == ("attempts", 1, None)
    assert client.get("/messages/1").json()["payload"] == "secret"
    assert client.post("/messages/1/put-back").status_code == 204
    assert listed(client, "waiting") == [1, 2]
    again = problem(client.post("/messages/1/put-back"))
    assert again == (409, "message 1 waits already")


def test_a_message_is_dropped_unless_it_is_held(
    storage: MemoryStorage, client: TestClient[Litestar]
) -> None:
    """API-14."""
    publish(client, 2)
    storage.serve("s1", Claim(1, first_turn(0)))
    assert (listed(client, "held"), listed(client, "waiting")) == ([1], [2])
    status, detail = problem(client.delete("/messages/1"))
    assert status == 409 and "is held by s1/1" in detail
    assert client.delete("/messages/2").status_code == 204
    for answer in (client.delete("/messages/2"), client.get("/messages/2")):
        assert problem(answer)[0] == 404
    storage.serve("s1", SetAside(1, 1, 1, "no JSON"))
    found = client.get("/messages/1").json()
    assert (found["cause"], found["why"], found["job"]) == ("unreadable", "no JSON", None)
    status, detail = problem(client.post("/messages/1/put-back"))
    assert status == 409 and "cannot be read" in detail
    assert client.delete("/messages/1").status_code == 204


@pytest.mark.parametrize("query", ["", "?state=lost", "?state=dead&after=-1", "?state=dead&all=1"])
def test_a_wrong_question_is_a_problem(client: TestClient[Litestar], query: str) -> None:
    """API-3."""
    assert problem(client.get(f"/messages{query}"))[0] == 400


def test_the_waiting_messages_of_a_deleted_job_can_go_with_it(
    client: TestClient[Litestar],
) -> None:
    """API-14."""
    publish(client, 2)
    assert client.delete("/jobs/1").json() == {"waiting": 2, "dropped": False}
    assert listed(client, "waiting") == [1, 2]
    assert client.post("/jobs", json=EVERY_MINUTE).status_code == 201
    client.post("/jobs/2/execute")
    answer = client.delete("/jobs/2", params={"messages": "drop"})
    assert answer.json() == {"waiting": 1, "dropped": True}
    assert listed(client, "waiting") == [1, 2]
    assert problem(client.delete("/jobs/3", params={"messages": "burn"}))[0] == 400
