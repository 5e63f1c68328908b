"""Servers with different services: who gets which message (DLV-7)."""

import pytest

from gnomon.reference.events import ServerStopped
from gnomon.reference.store.administration import RegisterServer, RemoveServer
from gnomon.reference.store.deployed import left_to_others
from gnomon.reference.store.operations import (
    Assignment,
    Campaign,
    Claim,
    Execute,
    PutJob,
    Reclaim,
    first_turn,
)
from tests.support.store_bench import NOW, Bench
from tests.support.strategies import a_job

TTL = 100


class Cluster(Bench):
    """Servers that state their services, and a job of each service, executed on demand."""

    def __init__(self, **services: tuple[str, ...] | None) -> None:
        super().__init__()
        self.turn = first_turn(1)
        for service in ("old", "new", "gone"):
            self.ask(0, "operator", PutJob(service, a_job(service, service=service)))
        for server, names in services.items():
            self.state(0, server, names)

    def state(
        self, after: int, server: str, services: tuple[str, ...] | None, process: int = 1
    ) -> list[tuple[str, str]]:
        campaign = Campaign(TTL, process=process, services=services)
        return self.assigned(after, server, campaign)

    def execute_all(self, *services: str) -> list[tuple[str, str]]:
        operations = (Execute(service, 1, "K") for service in services)
        return [each for one in operations for each in self.assigned(1, "operator", one)]

    def claim(self, server: str, after: int = 1) -> list[tuple[str, str]]:
        self.turn += 1
        return self.assigned(after, server, Claim(self.turn, self.turn))

    def assigned(self, after: int, server: str, operation: object) -> list[tuple[str, str]]:
        """Which server was assigned a message of which service."""
        replies = self.replies(after, server, operation)  # type: ignore[arg-type]
        return [(to, r.message.service) for to, r in replies if isinstance(r, Assignment)]


def test_a_server_leaves_a_service_that_it_lacks() -> None:
    cluster = Cluster(s1=("old",), s2=("new", "old"))
    cluster.execute_all("new", "old")
    assert cluster.claim("s1") == [("s1", "old")]
    assert cluster.claim("s1") == []
    assert cluster.claim("s2") == [("s2", "new")]


def test_a_message_goes_to_the_waiting_worker_that_can_run_it() -> None:
    cluster = Cluster(s1=("old",), s2=("new", "old"))
    cluster.claim("s1")
    cluster.claim("s2")
    assert cluster.execute_all("new", "old") == [("s2", "new"), ("s1", "old")]


def test_nobody_has_the_service() -> None:
    cluster = Cluster(s1=("old",), s2=("new", "old"))
    cluster.execute_all("gone")
    assert cluster.claim("s1") == [("s1", "gone")]


def test_a_server_that_states_nothing_takes_anything_and_is_left_nothing() -> None:
    cluster = Cluster(s1=("old",), s2=("new", "old"), s3=None)
    cluster.execute_all("new", "new", "gone")
    assert cluster.claim("s3") == [("s3", "new")]
    assert cluster.claim("s1") == [("s1", "gone")]


def test_the_last_server_with_the_service_dies() -> None:
    cluster = Cluster(s1=("old",), s2=("new", "old"))
    cluster.execute_all("new")
    assert cluster.claim("s1") == []
    cluster.state(TTL - 1, "s1", ("old",))
    assert cluster.assigned(TTL, "s1", Reclaim()) == [("s1", "new")]


def test_the_last_server_with_the_service_leaves() -> None:
    cluster = Cluster(s1=("old",), s2=("new", "old"))
    cluster.replies(1, "s2", RegisterServer(1, NOW, 1, ("new", "old")))
    cluster.execute_all("new")
    assert cluster.claim("s1") == []
    gone = RemoveServer("s2", ServerStopped(0, "s2"))
    assert cluster.assigned(2, "s2", gone) == [("s1", "new")]


def test_what_a_dead_server_held_is_left_to_those_who_can_run_it() -> None:
    cluster = Cluster(s1=("old",), s2=("new", "old"), s3=("new", "old"))
    cluster.execute_all("new")
    assert cluster.claim("s2") == [("s2", "new")]
    assert cluster.claim("s1") == []
    cluster.state(TTL - 1, "s1", ("old",))
    cluster.state(TTL - 1, "s3", ("new", "old"))
    assert cluster.assigned(TTL, "s1", Reclaim()) == []
    assert cluster.claim("s3", TTL) == [("s3", "new")]


def test_a_restart_with_the_service_gets_what_waits() -> None:
    cluster = Cluster(s1=("old",), s2=("new", "old"))
    cluster.execute_all("new")
    cluster.state(1, "s1", ("new", "old"), process=2)
    cluster.turn = first_turn(2)
    assert cluster.claim("s1") == [("s1", "new")]


def test_the_services_of_an_earlier_process_are_ignored() -> None:
    cluster = Cluster(s1=("old",), s2=("old",))
    cluster.state(1, "s1", ("new",), process=3)
    cluster.state(1, "s1", ("old",), process=2)
    cluster.execute_all("new")
    assert cluster.claim("s2") == []


@pytest.mark.parametrize(
    "services",
    [{}, {"s1": ("a",)}, {"s1": ("a", "b"), "s2": ("a", "b")}, {"s1": (), "s2": ()}],
)
def test_nothing_is_left_where_all_have_the_same(services: dict[str, tuple[str, ...]]) -> None:
    assert left_to_others(services) == {}


def test_each_leaves_what_it_lacks() -> None:
    assert left_to_others({"s1": ("a", "b"), "s2": ("b", "c"), "s3": ()}) == {
        "s1": {"c"},
        "s2": {"a"},
        "s3": {"a", "b", "c"},
    }
