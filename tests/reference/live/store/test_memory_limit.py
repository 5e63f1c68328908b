"""A store without memory refuses whole calls; it is reported, and heals."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, get_args

import pytest
import redis

from gnomon.reference.live.store.errors import (
    StoreUnusable,
    check_server,
    classify,
    eviction_problem,
)
from gnomon.reference.live.store.redis import STORES, RedisStore
from gnomon.reference.store.administration import Overview
from gnomon.reference.store.messages import Profile
from gnomon.reference.store.operations import OPERATOR, Campaign, Heartbeat, Operation
from tests.support.servers import RealServer, on_a_socket

PROFILES = get_args(Profile)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RealServer]:
    """A server of the test's own: its memory is taken away."""
    with on_a_socket(tmp_path, appendonly="yes") as server:
        yield server


def content(client: Any) -> dict[bytes, object]:
    """All keys, with their values as the server serialises them."""
    return {key: client.dump(key) for key in client.keys("*")}


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("operation", [Campaign(1_000_000), Heartbeat(1_000_000)], ids=repr)
def test_a_call_without_memory_writes_nothing(
    server: RealServer, profile: Profile, operation: Operation
) -> None:
    client = server.client()
    store: RedisStore = STORES[profile](client)
    store.call("s1", [Campaign(1_000_000)])
    client.rpush(f"{store.prefix}:inbox:s1", "#1\n{}\n")  # the first write of a call takes this
    before = content(client)
    client.config_set("maxmemory", "1")
    with pytest.raises(redis.RedisError) as caught:
        store.call("s1", [operation])
    assert classify(caught.value).kind == "full"
    assert content(client) == before
    client.config_set("maxmemory", "0")
    with suppress(ValueError):  # the planted delivery answers no operation
        store.call("s1", [operation])
    assert content(client) != before


@pytest.mark.parametrize("profile", PROFILES)
def test_an_operator_can_read_without_memory(server: RealServer, profile: Profile) -> None:
    client = server.client()
    store: RedisStore = STORES[profile](client)
    store.call("s1", [Campaign(1_000_000)])
    client.config_set("maxmemory", "1")
    assert store.call(OPERATOR, [Overview()]).deliveries


# --- stores that throw data away


@pytest.mark.parametrize("profile", PROFILES)
def test_a_store_that_evicts_any_key_is_refused(tmp_path: Path, profile: Profile) -> None:
    policy = "allkeys-lru"
    with (
        on_a_socket(tmp_path, maxmemory_policy=policy) as server,
        pytest.raises(StoreUnusable) as caught,
    ):
        check_server(server.client(), profile)
    assert policy in caught.value.problem
    assert "CONFIG SET maxmemory-policy noeviction" in caught.value.advice


def test_a_store_that_evicts_keys_that_expire_is_refused_if_ours_do(tmp_path: Path) -> None:
    """Only messages of the classic profile expire; many hosted stores have a volatile policy."""
    with on_a_socket(tmp_path, maxmemory_policy="volatile-lru", appendonly="yes") as server:
        assert check_server(server.client(), "durable").warnings == ()
        with pytest.raises(StoreUnusable, match="volatile-lru"):
            check_server(server.client(), "classic")


def test_a_policy_that_cannot_be_read_is_a_warning() -> None:
    assert "not known" in eviction_warning({"redis_version": "7.4.0"})
    assert eviction_problem({"maxmemory_policy": "noeviction"}, "classic") is None


def eviction_warning(info: dict[str, object]) -> str:
    class Client:
        def info(self) -> dict[str, object]:
            return info | {"aof_enabled": 1}

    client: Any = Client()
    (warning,) = check_server(client, "durable").warnings
    return warning
