"""The API over HTTP: the cluster, and its history as a stream."""

import http.client
import json
import time
from typing import Any

import httpx
import msgspec
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from gnomon.reference import events
from gnomon.reference.live.api.schemas import Health
from gnomon.reference.schedule.clock import SECOND
from gnomon.reference.store.operations import Campaign
from gnomon.reference.store.runs import MemoryStoreWithRuns
from tests.support.memory_storage import (
    DOWN,
    EVERY_MINUTE,
    HEALTHY,
    NOW,
    MemoryStorage,
    app_over,
    served,
)

LOOPBACK = "http://127.0.0.1:8000"
JSON = {"Content-Type": "application/json"}


# --- the cluster, and this server


def test_the_cluster_is_shown(client: TestClient[Litestar], storage: MemoryStorage) -> None:
    client.post("/jobs", json=EVERY_MINUTE)
    client.post("/jobs/1/execute")
    storage.clock.now += 2 * SECOND
    shown = client.get("/cluster").json()
    assert shown == {
        "now": "2026-01-05T08:00:02Z", "store_since": None,
        "leader": None, "epoch": 0, "lease_until": None,
        "jobs": 1, "waiting": 1, "held": 0, "dead_lettered": 0,
        "members": [{
            "name": "s1", "workers": 2, "services": ["work", "report.daily"], "tzdata": None,
            "since": "2026-01-05T08:00:00Z", "heard": "2026-01-05T08:00:00Z", "is_alive": False,
        }],
        "missing_services": [], "paused_since": None, "paused_by": None,
        "profile": "durable", "lease": None, "max_attempts": 3,
    }  # fmt: skip


def test_the_cluster_is_paused_and_resumed(client: TestClient[Litestar]) -> None:
    """PAUSE-1"""
    paused = client.post("/cluster/pause")
    assert paused.status_code == 200
    assert paused.json()["paused_since"] == "2026-01-05T08:00:00Z"
    assert paused.json() == client.get("/cluster").json()
    again = client.post("/cluster/pause")
    assert (again.status_code, again.json()["detail"]) == (409, "the cluster is paused already")
    assert client.post("/cluster/resume").json()["paused_by"] is None
    late = client.post("/cluster/resume")
    assert (late.status_code, late.json()["detail"]) == (409, "the cluster is not paused")


@pytest.mark.parametrize(
    ("state", "status"), [("starting", 503), ("working", 200), ("doubting", 503), ("draining", 503)]
)
def test_health_is_what_the_server_says(state: Any, status: int) -> None:
    """API-7"""
    health = msgspec.structs.replace(HEALTHY, state=state)
    app = app_over(MemoryStorage(), health=lambda: health)
    with TestClient(app, base_url=LOOPBACK) as client:
        answer = client.get("/health")
    assert answer.status_code == status
    assert msgspec.convert(answer.json(), Health) == health


def test_metrics_are_text_for_prometheus(client: TestClient[Litestar]) -> None:
    answer = client.get("/metrics")
    assert answer.text == "gnomon_up 1\n"
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")


# --- the history


def lines_of(answer: httpx.Response) -> list[dict[str, Any]]:
    return [json.loads(line) for line in answer.text.splitlines()]


def test_the_history_is_one_event_a_line(client: TestClient[Litestar]) -> None:
    """API-6"""
    client.post("/jobs", json=EVERY_MINUTE)
    client.post("/jobs/1/execute")
    answer = client.get("/history")
    assert answer.headers["Content-Type"] == "application/jsonl"
    told = lines_of(answer)
    assert [(line["seq"], line["kind"]) for line in told] == [
        (1, "job_created"),
        (2, "published"),
    ]
    assert told[1]["at"] == NOW
    assert [line["seq"] for line in lines_of(client.get("/history?after=1"))] == [2]
    assert lines_of(client.get("/history?after=2")) == []


def test_a_long_history_comes_whole(client: TestClient[Litestar], storage: MemoryStorage) -> None:
    """API-6"""
    storage.happen(*(events.Expired(NOW, number) for number in range(2_500)))
    told = lines_of(client.get("/history"))
    assert [line["seq"] for line in told] == list(range(1, 2_501))
    assert [line["message"] for line in told] == list(range(2_500))


def test_a_follower_is_told_as_things_happen_through_an_outage_until_it_leaves(
    storage: MemoryStorage,
) -> None:
    """API-6"""
    storage.happen(events.Expired(NOW, 1))
    with served(storage) as connection:
        connection.request("GET", "/history?follow=true")
        answer = connection.getresponse()
        assert json.loads(answer.readline())["message"] == 1
        storage.happen(events.Expired(NOW, 2))
        assert json.loads(answer.readline())["message"] == 2
        storage.outage = DOWN
        time.sleep(0.3)
        storage.happen(events.Expired(NOW, 3))
        storage.outage = None
        assert json.loads(answer.readline())["message"] == 3
        answer.close()
        connection.close()
        time.sleep(0.3)
        before = storage.read_history
        time.sleep(0.7)
        assert storage.read_history == before


def test_a_server_that_drains_lets_its_followers_go(storage: MemoryStorage) -> None:
    """API-6"""
    states = [HEALTHY]
    storage.happen(events.Expired(NOW, 1))
    with served(storage, lambda: states[-1]) as connection:
        connection.request("GET", "/history?follow=true")
        answer = connection.getresponse()
        assert answer.readline()
        states.append(msgspec.structs.replace(HEALTHY, state="draining"))
        assert answer.readline() == b""


class FailsOnTheWay(MemoryStorage):
    """A storage that is lost after one batch."""

    def history(self, after: int = 0, most: int = 1_000) -> Any:
        if after:
            raise DOWN
        return super().history(after, most)


def test_a_history_that_breaks_off_does_not_look_whole() -> None:
    """API-6"""
    storage = FailsOnTheWay()
    storage.happen(*(events.Expired(NOW, number) for number in range(1_500)))
    with served(storage) as connection:
        connection.request("GET", "/history")
        answer = connection.getresponse()
        with pytest.raises(http.client.IncompleteRead):
            answer.read()


class Emptied(MemoryStorage):
    """A storage whose store can be emptied."""

    def empty(self) -> None:
        self.events.clear()
        self.store = MemoryStoreWithRuns(self.events.append)
        self.clock.now += SECOND
        self.serve("s1", Campaign(SECOND))


def test_a_follower_of_a_store_that_was_emptied_is_cut_off() -> None:
    """API-6: it would wait for the number of its next event for ever."""
    storage = Emptied()
    storage.serve("s1", Campaign(SECOND))
    storage.happen(*(events.Expired(NOW, number) for number in range(5)))
    with served(storage) as connection:
        connection.request("GET", "/history?follow=true")
        answer = connection.getresponse()
        for _ in range(6):
            assert answer.readline()
        storage.empty()
        with pytest.raises(http.client.IncompleteRead):
            answer.read()


def test_events_after_the_end_of_the_history_are_a_conflict(
    client: TestClient[Litestar], storage: MemoryStorage
) -> None:
    """API-6: the history that had them is gone."""
    storage.happen(events.Expired(NOW, 1))
    assert client.get("/history?after=1").status_code == 200
    answer = client.get("/history?after=2")
    assert answer.status_code == 409
    assert "event 2" in answer.json()["detail"] and "after=0" in answer.json()["detail"]
