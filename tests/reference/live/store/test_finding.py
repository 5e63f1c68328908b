"""From an address to the server: single servers, Sentinels, clusters and TLS."""

import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import redis

from gnomon.reference.live.store.address import (
    Address,
    Server,
    read_address,
)
from gnomon.reference.live.store.errors import Failure, Unresolved, classify
from gnomon.reference.schedule.clock import MILLISECOND, SECOND
from tests.support.servers import (
    RealServer,
    Trio,
    false_server,
    free_port,
    on_a_port,
    port_of,
    sentinel_trio,
    two_node_cluster,
    wait_until,
)

# --- where it leads


def test_a_client_asks_nothing_of_its_own_accord(real_server: RealServer) -> None:
    client = real_server.client(timeout=250 * MILLISECOND)
    options: dict[str, Any] = client.connection_pool.connection_kwargs
    assert options["protocol"] == 2
    assert options["retry"].get_retries() == 0
    assert options["health_check_interval"] == 0
    assert options["socket_timeout"] == 0.25
    client.set("bytes", b"\xff")
    assert client.get("bytes") == b"\xff"
    assert client.client_getname() in {b"gnomon", "gnomon"}


def test_what_is_lost_is_not_asked_again() -> None:
    asked = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.2)

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except TimeoutError:
                    return
                with connection:
                    while b"INCR" not in (said := connection.recv(65_536)):
                        connection.sendall(b"+OK\r\n" * said.count(b"*"))
                    asked.append(said)

        thread = threading.Thread(target=serve)
        thread.start()
        client = Address(Server("127.0.0.1", listener.getsockname()[1])).connect(SECOND)
        with client, pytest.raises(redis.ConnectionError):
            client.incr("counter")
        thread.join()
    assert len(asked) == 1


def test_a_password_and_a_database(tmp_path: Path) -> None:
    with on_a_port(tmp_path, requirepass="p/@:é") as server:
        where = server.url.rpartition("@")[2]
        for login in (":p%2F%40%3A%C3%A9", "default:p%2F%40%3A%C3%A9"):
            client = read_address(f"redis://{login}@{where}/5").connect(SECOND)
            client.set("there", login)
            info: Any = client.info("keyspace")
            assert info["db5"]["keys"] == 1
            client.close()


# --- through Sentinels


@pytest.fixture(scope="module")
def trio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trio]:
    folder = tmp_path_factory.mktemp("trio")
    with sentinel_trio(folder, requirepass="p", masterauth="p") as trio:
        yield trio


def test_sentinels_lead_to_the_primary_before_and_after_a_failover(trio: Trio) -> None:
    address = read_address(trio.url)
    with address.connect(SECOND) as before:
        before.set("said", "before")
    wait_until(lambda: trio.replica.client().get("said") == b"before")
    trio.fail_over()
    with address.connect(SECOND) as after:
        after.set("said", "after")
    assert trio.replica.client().get("said") == b"after"


def test_a_primary_that_dies_is_followed_by_its_replica(tmp_path: Path) -> None:
    seen: list[Failure] = []

    def is_found() -> bool:
        try:
            address.connect(SECOND).close()
        except redis.RedisError as error:
            seen.append(classify(error))
            return False
        return True

    with sentinel_trio(tmp_path) as trio:
        address = read_address(trio.url)
        assert is_found()
        trio.primary.kill()
        wait_until(is_found)
        with address.connect(SECOND) as client:
            assert port_of(client) == port_of(trio.replica.client())
    assert {failure.kind for failure in seen} == {"unreachable"}


def test_a_sentinel_that_is_away_is_passed_over(trio: Trio) -> None:
    url = trio.url.replace("127.0.0.1", f"127.0.0.1:{free_port()},127.0.0.1")
    with read_address(url).connect(SECOND) as client:
        assert client.ping()


def test_a_service_that_no_sentinel_knows(trio: Trio) -> None:
    with pytest.raises(Unresolved) as caught:
        read_address(trio.url.replace("/store", "/stoer")).connect(SECOND)
    failure = classify(caught.value)
    assert failure.kind == "failed" and failure.is_permanent
    assert "'stoer'" in failure.problem and "configuration" in failure.advice


def test_sentinels_that_are_all_away_are_worth_waiting_for() -> None:
    ports = free_port(), free_port()
    url = "redis+sentinel://" + ",".join(f"127.0.0.1:{port}" for port in ports) + "/store"
    with pytest.raises(Unresolved) as caught:
        read_address(url).connect(SECOND)
    failure = classify(caught.value)
    assert failure.kind == "unreachable" and not failure.is_permanent
    assert all(str(port) in failure.problem for port in ports)


def test_a_wrong_password_behind_a_sentinel_is_refused(trio: Trio) -> None:
    with pytest.raises(Unresolved) as caught:
        read_address(trio.url.replace(":p@", ":wrong@")).connect(SECOND)
    assert classify(caught.value).kind == "refused"


def test_a_sentinel_with_a_password_of_its_own(trio: Trio) -> None:
    sentinel: Any = trio.sentinel.client()
    sentinel.execute_command("ACL", "SETUSER", "asker", "on", ">q", "+@all")
    sentinel.execute_command("ACL", "SETUSER", "default", "off")
    try:
        with pytest.raises(Unresolved) as caught:
            read_address(trio.url).connect(SECOND)
        assert classify(caught.value).kind == "refused"
        url = f"{trio.url}?sentinel_user=asker&sentinel_password=q"
        with read_address(url).connect(SECOND) as client:
            assert client.ping()
    finally:
        sentinel.execute_command("ACL", "SETUSER", "default", "on")


def test_who_is_said_to_be_the_primary_must_agree(tmp_path: Path) -> None:
    with (
        on_a_port(tmp_path / "1") as primary,
        on_a_port(tmp_path / "2", replicaof=f"127.0.0.1 {port_of(primary.client())}") as replica,
    ):
        port = str(port_of(replica.client())).encode()
        stale = b"*2\r\n$9\r\n127.0.0.1\r\n$%d\r\n%s\r\n" % (len(port), port)
        greetings = 3 * [b"+OK\r\n"]
        with false_server(*greetings, stale) as sentinel, pytest.raises(Unresolved) as caught:
            read_address(f"redis+sentinel://127.0.0.1:{sentinel}/store").connect(SECOND)
    assert classify(caught.value).kind == "demoted"


def test_a_server_that_is_no_sentinel(tmp_path: Path) -> None:
    with on_a_port(tmp_path) as server, pytest.raises(Unresolved) as caught:
        read_address(server.url.replace("redis:", "redis+sentinel:") + "/store").connect(SECOND)
    assert classify(caught.value).kind == "failed"


# --- into a cluster


def test_a_cluster_leads_to_the_node_that_serves_the_key(tmp_path: Path) -> None:
    with two_node_cluster(tmp_path) as nodes:
        seen = set()
        for asked in nodes:
            address = read_address(asked.url.replace("redis:", "redis+cluster:"))
            for key in ("{gnomon}", "{b}", "{a}"):
                with address.connect(SECOND, key) as client:
                    client.set(f"{key}:there", key)  # not MOVED
                    seen.add(port_of(client))
        assert seen == {port_of(server.client()) for server in nodes}
        one_is_away = f"redis+cluster://127.0.0.1:{free_port()},127.0.0.1:{min(seen)}"
        with read_address(one_is_away).connect(SECOND) as client:
            client.set("{gnomon}:there", "yes")


def test_a_slot_that_nobody_serves(tmp_path: Path) -> None:
    with on_a_port(tmp_path, cluster_enabled="yes", cluster_port=str(free_port())) as server:
        address = read_address(server.url.replace("redis:", "redis+cluster:"))
        with pytest.raises(Unresolved) as caught:
            address.connect(SECOND)
        assert classify(caught.value).kind == "moved"


def test_a_server_that_is_in_no_two_node_cluster(tmp_path: Path) -> None:
    with on_a_port(tmp_path) as server, pytest.raises(Unresolved) as caught:
        read_address(server.url.replace("redis:", "redis+cluster:")).connect(SECOND)
    assert classify(caught.value).kind == "failed"


# --- over TLS


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate of 127.0.0.1, signed by nobody else, with its key in the same file."""
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("makes its certificate with openssl")
    file = tmp_path / "certificate.pem"
    command = f"req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=test -keyout {file} -out {file}"
    extension = ["-addext", "subjectAltName=IP:127.0.0.1"]
    key_first = subprocess.run(
        [program, *command.replace(f"-out {file}", "").split(), *extension],
        check=True,
        capture_output=True,
    )
    file.write_bytes(file.read_bytes() + key_first.stdout)
    return file


@contextmanager
def encrypting(certificate: Path) -> Iterator[int]:
    """The port of a server that agrees to whatever it is asked, over TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                try:
                    encrypted = context.wrap_socket(connection, server_side=True)
                except ssl.SSLError:  # it does not trust us
                    return
                with encrypted:
                    while said := encrypted.recv(65_536):
                        encrypted.sendall(b"+OK\r\n" * said.count(b"*"))

        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        thread.join()


def test_a_certificate_that_is_trusted(certificate: Path) -> None:
    with encrypting(certificate) as port:
        url = f"rediss://127.0.0.1:{port}?ca={certificate}"
        with read_address(url).connect(SECOND) as client:
            assert client.set("a", "b")


def test_a_certificate_that_nobody_vouches_for_is_permanent(certificate: Path) -> None:
    with (
        encrypting(certificate) as port,
        read_address(f"rediss://127.0.0.1:{port}").connect(SECOND) as client,
        pytest.raises(redis.RedisError) as caught,
    ):
        client.ping()
    failure = classify(caught.value)
    assert failure.kind == "failed" and "certificate" in failure.problem
