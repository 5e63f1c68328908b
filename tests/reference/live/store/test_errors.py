"""Each kind of failure, as real servers make it; what cannot be had is said by a false server."""

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from gnomon.reference.live.store.address import Address, Server, read_address
from gnomon.reference.live.store.errors import (
    Failure,
    StoreUnusable,
    check_server,
    classify,
    pause_after,
    unavailable,
)
from gnomon.reference.live.store.redis import RedisStore
from gnomon.reference.schedule.clock import MILLISECOND, SECOND
from gnomon.reference.store.administration import Overview
from tests.support.servers import (
    RealServer,
    false_server,
    free_port,
    on_a_port,
    on_a_socket,
    wait_until,
)

WRITE = "redis.call('SET', KEYS[1], ARGV[1])"


def trouble_of(ask: Callable[[], object]) -> Failure:
    """What goes wrong when something is asked."""
    with pytest.raises((redis.RedisError, OSError)) as caught:
        ask()
    return classify(caught.value)


def client_as(login: str, server: RealServer) -> redis.Redis:
    """A client of `server`, at a socket, that gives another ``user:password``."""
    path = server.url.partition("://")[2].rpartition("@")[2]
    return read_address(f"unix://{login}@{path}").connect(SECOND)


@contextmanager
def answering(*replies: bytes) -> Iterator[redis.Redis]:
    """A client of a false server that says these things in answer to the first commands."""
    with false_server(*replies) as port:
        retry = Retry(NoBackoff(), 0)
        with redis.Redis(port=port, protocol=2, retry=retry, driver_info=None) as client:
            yield client


# --- nobody there, no answer, an answer that breaks off


def test_nobody_listens() -> None:
    address = Address(Server("127.0.0.1", free_port()))
    assert trouble_of(address.connect(SECOND).ping).kind == "unreachable"


def test_the_socket_does_not_exist(tmp_path: Path) -> None:
    client = read_address(f"unix://{tmp_path}/s").connect(SECOND)
    assert trouble_of(client.ping).kind == "unreachable"


def test_the_name_is_not_known() -> None:
    client = read_address("redis://nobody.invalid").connect(SECOND)
    assert trouble_of(client.ping).kind == "unreachable"


def test_a_server_that_is_killed_is_lost_and_then_unreachable(tmp_path: Path) -> None:
    with on_a_port(tmp_path) as server:
        client = server.client()
        waiting = threading.Timer(0.2, server.kill)
        waiting.start()
        failure = trouble_of(lambda: client.blpop(["nothing"]))
        waiting.join()
        assert failure.kind == "lost" and failure.resolves_anew
        assert trouble_of(client.ping).kind == "unreachable"
        server.start()
        assert client.ping()


def test_a_server_that_stands_still_does_not_answer_in_time(tmp_path: Path) -> None:
    with on_a_port(tmp_path) as server:
        client = server.client(timeout=100 * MILLISECOND)
        client.ping()
        server.pause()
        failure = trouble_of(client.ping)
        assert failure.kind == "timeout" and failure.resolves_anew and not failure.is_permanent
        server.resume()
        assert client.ping()


def test_a_connection_that_closes_within_an_answer_is_lost() -> None:
    with answering(b"$100\r\nhalf of") as client:
        assert trouble_of(client.ping).kind == "lost"


def test_a_connection_that_is_reset_is_lost() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = Address(Server("127.0.0.1", listener.getsockname()[1])).connect(SECOND)

        def reset() -> None:
            connection, _ = listener.accept()
            connection.recv(1)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()

        thread = threading.Thread(target=reset)
        thread.start()
        with client:
            failure = trouble_of(client.ping)
        thread.join()
    assert failure.kind == "lost" and "reset" in failure.problem


def test_a_server_of_another_protocol_has_failed() -> None:
    with answering(b"HTTP/1.1 400 Bad Request\r\n\r\n") as client:
        failure = trouble_of(client.ping)
    assert failure.kind == "failed" and failure.is_permanent


def test_a_server_with_too_many_clients_cannot_be_reached(tmp_path: Path) -> None:
    with on_a_port(tmp_path) as server:
        server.client().config_set("maxclients", 1)
        failure = trouble_of(server.client().ping)
    assert failure.kind == "unreachable"


# --- who we are


def test_no_password_a_wrong_one_and_missing_rights_are_refused(tmp_path: Path) -> None:
    with on_a_socket(tmp_path, requirepass="right") as server:
        server.client().acl_setuser("reader", enabled=True, passwords=["+p"], commands=["+get"],
                                    keys=["*"])  # fmt: skip
        for login in (":", ":wrong", "nobody:p"):
            refused = trouble_of(client_as(login, server).ping)
            assert refused.kind == "refused" and refused.is_permanent
            assert "wrong" not in refused.problem + refused.advice
        reader = client_as("reader:p", server)
        assert trouble_of(lambda: reader.set("a", "b")).kind == "refused"


def test_missing_rights_within_a_script_are_refused(tmp_path: Path) -> None:
    with on_a_socket(tmp_path) as server:
        admin = server.client()
        admin.acl_setuser("scripts", enabled=True, passwords=["+p"], commands=["+eval"],
                          keys=["*"])  # fmt: skip
        client = client_as("scripts:p", server)
        assert trouble_of(lambda: client.eval(WRITE, 1, "a", "b")).kind == "refused"


def test_a_socket_that_may_not_be_used_is_refused() -> None:
    error = redis.ConnectionError("Error 13 connecting to /s. Permission denied.")
    error.__context__ = PermissionError(13, "Permission denied")
    assert classify(error).kind == "refused"


# --- what it says of itself


def test_a_full_server_is_full_in_scripts_too(tmp_path: Path) -> None:
    with on_a_socket(tmp_path, maxmemory="3mb", maxmemory_policy="noeviction") as server:
        client = server.client()

        def fill(write: Callable[[str, str], object]) -> None:
            for key in range(10_000):
                write(str(key), "x" * 10_000)

        assert trouble_of(lambda: fill(client.set)).kind == "full"
        in_script = partial(client.eval, WRITE, 1)
        assert trouble_of(lambda: fill(in_script)).kind == "full"


def test_a_replica_takes_no_writes_in_scripts_neither(tmp_path: Path) -> None:
    with (
        on_a_port(tmp_path / "1") as primary,
        on_a_port(tmp_path / "2", replicaof=f"127.0.0.1 {port_of(primary)}") as replica,
    ):
        client = replica.client()
        failure = trouble_of(lambda: client.set("a", "b"))
        assert failure.kind == "demoted" and failure.resolves_anew
        assert trouble_of(lambda: client.eval(WRITE, 1, "a", "b")).kind == "demoted"


def test_a_waiting_client_is_sent_away_when_its_primary_is_demoted(tmp_path: Path) -> None:
    with on_a_port(tmp_path) as server:
        waiting = server.client()
        admin: Any = server.client()

        def demote() -> None:
            wait_until(lambda: "cmd=blpop" in str(admin.execute_command("CLIENT", "LIST")))
            admin.execute_command("REPLICAOF", "127.0.0.1", str(free_port()))

        demoting = threading.Thread(target=demote)
        demoting.start()
        failure = trouble_of(lambda: waiting.blpop(["nothing"]))
        demoting.join()
    assert failure.kind == "demoted"


def test_a_change_that_no_replica_has(tmp_path: Path) -> None:
    """``--replicas 1`` at a store without replicas: the primary is the right server."""
    with on_a_socket(tmp_path) as server:
        store = RedisStore(server.client(), replicas=1, patience=1)
        failure = trouble_of(lambda: store.call("s1", [Overview()]))
    assert failure.problem == "0 of 1 replicas have the change, so that it does not count"
    assert "connect replicas" in failure.advice and "--replicas" in failure.advice
    assert "Sentinel" not in failure.advice
    assert failure.kind == "demoted" and not failure.is_permanent


def test_a_primary_without_the_replicas_it_needs(tmp_path: Path) -> None:
    with on_a_socket(tmp_path, min_replicas_to_write="1") as server:
        assert trouble_of(lambda: server.client().set("a", "b")).kind == "demoted"


def test_a_node_that_does_not_serve_the_slot(tmp_path: Path) -> None:
    with on_a_port(tmp_path, cluster_enabled="yes", cluster_port=str(free_port())) as server:
        failure = trouble_of(lambda: server.client().set("a", "b"))
    assert failure.kind == "moved" and failure.resolves_anew
    assert "redis+cluster://" in failure.advice


def test_a_busy_server(tmp_path: Path) -> None:
    with on_a_socket(tmp_path, busy_reply_threshold="10") as server:
        endless = threading.Thread(
            target=lambda: trouble_of(lambda: server.client().eval("while true do end", 0))
        )
        endless.start()
        client = server.client()
        failures: list[Failure] = []

        def is_busy() -> bool:
            try:
                client.get("a")
            except redis.RedisError as error:
                failures.append(classify(error))
            return bool(failures)

        wait_until(is_busy)
        client.script_kill()
        endless.join()
    assert failures[0].kind == "busy" and not failures[0].is_permanent


def test_a_script_that_is_not_there(store_client: redis.Redis) -> None:
    assert trouble_of(lambda: store_client.evalsha("f" * 40, 0)).kind == "scripts"


def test_anything_else_has_failed(store_client: redis.Redis) -> None:
    store_client.set("text", "x")
    for ask in (
        lambda: store_client.lpush("text", "x"),
        lambda: store_client.eval("return redis.error_reply('ODD indeed')", 0),
        lambda: store_client.eval("error('OOM')", 0),
    ):
        assert trouble_of(ask).kind == "failed"


def test_a_trouble_within_a_pipeline_is_the_same_and_quotes_no_command(tmp_path: Path) -> None:
    with on_a_socket(tmp_path, min_replicas_to_write="1") as server:
        pipeline = server.client().pipeline(transaction=False)
        pipeline.set("a", "secret")
        failure = trouble_of(pipeline.execute)
    assert failure.kind == "demoted"
    assert "secret" not in failure.problem


SAID = [
    (b"LOADING server is loading the dataset in memory", "loading"),
    (b"MASTERDOWN Link with MASTER is down", "demoted"),
    (b"MOVED 3999 127.0.0.1:6381", "moved"),
    (b"ASK 3999 127.0.0.1:6381", "moved"),
    (b"TRYAGAIN Multiple keys request during rehashing of slot", "moved"),
    (b"CLUSTERDOWN The cluster is down", "moved"),
    (b"MISCONF Errors writing to the AOF file: No space left on device", "full"),
    (b"DENIED running in protected mode", "refused"),
    # Redis 6.2 wraps what goes wrong in a script.
    (b"ERR Error running script (f_0): @user_script:1: @user_script: 1: -OOM no memory", "full"),
    (b"ERR Error running script (f_0): @user_script:1: @user_script: 1: -READONLY no", "demoted"),
    (b"ERR Error running script (f_0): @user_script:3: bad argument", "failed"),
]


@pytest.mark.parametrize(("said", "kind"), SAID, ids=[said.decode()[:40] for said, _ in SAID])
def test_what_a_server_may_say(said: bytes, kind: str) -> None:
    with answering(b"-" + said + b"\r\n") as client:
        assert trouble_of(client.ping).kind == kind


def test_a_start_gives_up_on_nothing_that_waiting_may_mend() -> None:
    permanent = set()
    for said, kind in SAID:
        with answering(b"-" + said + b"\r\n") as client:
            permanent |= {kind} if trouble_of(client.ping).is_permanent else set()
    assert permanent == {"refused", "failed"}


# --- people, and pauses


def test_people_are_told_what_and_where() -> None:
    port = free_port()
    failure = trouble_of(Address(Server("127.0.0.1", port)).connect(SECOND).ping)
    told = unavailable(failure)
    assert (told.problem, told.advice) == (failure.problem, failure.advice)
    assert f"127.0.0.1:{port}" in told.problem
    assert "\n" not in str(told)


def test_pauses_double_from_50_ms_to_2_s() -> None:
    pauses = [pause_after(failures) // MILLISECOND for failures in range(1, 9)]
    assert pauses == [50, 100, 200, 400, 800, 1_600, 2_000, 2_000]
    assert pause_after(10**9) == 2 * SECOND
    assert all(type(pause_after(failures)) is int for failures in (1, 5, 50))


# --- what is looked at when a server starts


def test_a_server_as_it_should_be(tmp_path: Path) -> None:
    with on_a_socket(tmp_path, appendonly="yes") as server:
        facts = check_server(server.client(), "durable")
    assert facts.warnings == ()
    assert facts.version.split()[0] in {"Valkey", "Redis"} and facts.version[-1].isdigit()


def test_what_may_cost_data_is_warned_of(tmp_path: Path) -> None:
    with on_a_socket(tmp_path) as server:
        (forgetting,) = check_server(server.client(), "durable").warnings
    assert "appendonly yes" in forgetting


def test_a_server_is_used_although_it_does_not_say_what_it_is(tmp_path: Path) -> None:
    with on_a_socket(tmp_path) as server:
        server.client().acl_setuser("u", enabled=True, passwords=["+p"], commands=["+get"])
        facts = check_server(client_as("u:p", server), "durable")
    assert facts.version == "" and "INFO" in facts.warnings[0]


@pytest.mark.parametrize(("version", "is_fit"), [
    ("5.0.14", False), ("6.0.20", False), ("6.2.0", True), ("7.2.4", True), ("10.0", True),
])  # fmt: skip
def test_the_oldest_is_6_2(version: str, is_fit: bool) -> None:
    info = f"# Server\r\nredis_version:{version}\r\n".encode()
    with answering(b"$%d\r\n%s\r\n" % (len(info), info)) as client:
        if is_fit:
            assert check_server(client, "durable").version == f"Redis {version}"
        else:
            with pytest.raises(StoreUnusable, match=rf"Redis {version}.*6\.2"):
                check_server(client, "durable")


def port_of(server: RealServer) -> str:
    return server.url.rpartition(":")[2]
