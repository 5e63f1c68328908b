"""Addresses: what a URL means, which ones are rejected, and where they lead on real servers."""

import pickle
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import redis
from hypothesis import given
from hypothesis import strategies as st

from gnomon.reference.live.store.address import (
    Address,
    Cluster,
    Login,
    Sentinels,
    Server,
    Socket,
    Tls,
    read_address,
)
from gnomon.reference.live.store.errors import Failure, StoreUnusable, Unresolved, classify
from gnomon.reference.schedule.clock import MILLISECOND, SECOND
from tests.support.servers import (
    RealServer,
    Trio,
    false_server,
    free_port,
    on_a_port,
    sentinel_trio,
    wait_until,
)

ONE = Server("db.example", 6379)
OTHER = Server("10.0.0.2", 7000)

# --- what a URL means

MEANINGS = [
    ("redis://db.example", Address(ONE)),
    ("redis://db.example/", Address(ONE)),
    ("redis://db.example:6379/0", Address(ONE)),
    ("redis://10.0.0.2:7000/3", Address(OTHER, db=3)),
    ("redis://[::1]:7000", Address(Server("::1", 7000))),
    ("redis://[::1]", Address(Server("::1", 6379))),
    ("redis://:p@db.example", Address(ONE, login=Login(None, "p"))),
    ("redis://u:p@db.example", Address(ONE, login=Login("u", "p"))),
    ("redis://u:p:q@db.example", Address(ONE, login=Login("u", "p:q"))),
    ("redis://u%40x:%2F%3A%C3%A9@db.example", Address(ONE, login=Login("u@x", "/:é"))),
    ("redis://:@db.example", Address(ONE)),
    ("rediss://db.example/1", Address(ONE, db=1, tls=Tls())),
    (f"rediss://db.example?ca={quote(__file__)}", Address(ONE, tls=Tls(__file__))),
    ("unix:///run/redis.sock", Address(Socket("/run/redis.sock"))),
    ("unix:///a%20b@c?db=2", Address(Socket("/a b@c"), db=2)),
    ("unix://u:p@/run/redis.sock", Address(Socket("/run/redis.sock"), login=Login("u", "p"))),
    (
        "redis+sentinel://db.example,10.0.0.2:7000/main",
        Address(Sentinels((Server("db.example", 26379), OTHER), "main")),
    ),
    (
        "redis+sentinel://u:p@10.0.0.2:7000/a%2Fb?db=4&sentinel_user=s&sentinel_password=q%26",
        Address(Sentinels((OTHER,), "a/b", Login("s", "q&")), login=Login("u", "p"), db=4),
    ),
    (
        "redis+cluster://:p@db.example,10.0.0.2:7000",
        Address(Cluster((ONE, OTHER)), login=Login(None, "p")),
    ),
]


@pytest.mark.parametrize(("url", "address"), MEANINGS, ids=[url for url, _ in MEANINGS])
def test_what_a_url_means(url: str, address: Address) -> None:
    assert read_address(url) == address


@pytest.mark.parametrize("url", [url for url, _ in MEANINGS if "@" not in url])
def test_an_address_without_a_password_reads_as_it_is_written(url: str) -> None:
    address = read_address(url)
    assert read_address(str(address)) == address


@given(path=st.text(min_size=1).filter(lambda text: "\0" not in text))
def test_any_socket_can_be_written(path: str) -> None:
    address = Address(Socket("/" + path))
    assert read_address(str(address)) == address


SECRET = "s3cr3t"  # noqa: S105


@pytest.mark.parametrize(
    "url",
    [
        f"redis://:{SECRET}@h",
        f"unix://u:{SECRET}@/s",
        f"redis+cluster://u:{SECRET}@h",
        f"redis+sentinel://u:{SECRET}@h/s?sentinel_user=x&sentinel_password={SECRET}",
    ],
)
def test_no_text_of_an_address_tells_a_password(url: str) -> None:
    address = read_address(url)
    assert pickle.loads(pickle.dumps(address)) == address  # noqa: S301 (it can go to processes)
    for text in (str(address), repr(address), f"{address.place} {address.login}"):
        assert SECRET not in text
    assert "***@" in str(address)


# --- what is rejected

REJECTED = [
    ("", "redis://host"),
    ("localhost:6379", "redis://host"),
    ("http://db.example", "http://"),
    ("REDIS://db.example", "redis://host"),
    ("redis://", "no host"),
    ("redis:///0", "no host"),
    ("redis://:p@", "no host"),
    ("redis://a b", "host:port"),
    ("redis://::1:6379", "[::1]:6379"),
    ("redis://h:0", "1 to 65535"),
    ("redis://h:65536", "1 to 65535"),
    ("redis://h:port", "host:port"),
    ("redis://h:٣", "host:port"),
    ("redis://" + 64 * "h", "63"),
    ("redis://h..h", "63"),
    ("redis://h1,h2", "several"),
    ("redis://h/x", "database"),
    ("redis://h/-1", "database"),
    ("redis://h/1/2", "database"),
    ("redis://h?db=1", "'db'"),
    ("redis://h?ca=x", "'ca'"),
    ("redis://h#1", "%23"),
    ("redis://u@h", "user:password@"),
    (f"redis://u:{SECRET}/x@h", "%2F"),
    (f"redis://u:{SECRET}?x@h", "%3F"),
    (f"redis://u:{SECRET}#x@h", "%23"),
    (f"redis://u:{SECRET}%zz@h", "%25"),
    (f"redis://u:{SECRET}%ff@h", "UTF-8"),
    (f"redis://u:{SECRET}", "host:port"),
    ("rediss://h?cert=x", "'cert'"),
    ("rediss://h?ca=a&ca=b", "twice"),
    ("rediss://h?ca=/nowhere/ca.pem", "'/nowhere/ca.pem'"),
    ("rediss://h?ca=%00", "not there"),
    ("unix://", "no path"),
    ("unix:///", "no path"),
    ("unix://run/redis.sock", "unix:///path"),
    ("unix:///s%00", "no path"),
    ("unix:///\udcff", "UTF-8"),
    ("unix:///s?db=one", "database"),
    ("redis+sentinel://h:26379", "service"),
    ("redis+sentinel://h:26379/", "service"),
    ("redis+sentinel://h,/main", "no host"),
    ("redis+sentinel://h/main?sentinel_user=x", "sentinel_password"),
    ("redis+sentinel://h/main?name=x", "sentinel_password"),
    ("redis+cluster://h/1", "only one"),
    ("redis+cluster://h?db=1", "'db'"),
    ("redis+cluster://", "no host"),
]


@pytest.mark.parametrize(("url", "told"), REJECTED, ids=[ascii(url) for url, _ in REJECTED])
def test_what_is_rejected_is_told_why_and_tells_no_password(url: str, told: str) -> None:
    with pytest.raises(StoreUnusable) as caught:
        read_address(url)
    assert told in str(caught.value)
    assert SECRET not in str(caught.value)


@given(url=st.one_of(st.text(), st.from_regex(r"(redis|unix|redis\+sentinel|rediss)://.*")))
def test_any_text_is_an_address_or_is_rejected(url: str) -> None:
    try:
        address = read_address(url)
    except StoreUnusable:
        return
    if isinstance(address.place, Server):
        assert 1 <= address.place.port <= 65_535


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


def port_of(client: redis.Redis) -> int:
    port: int = client.connection_pool.connection_kwargs["port"]
    return port


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


@contextmanager
def cluster(folder: Path) -> Iterator[tuple[RealServer, RealServer]]:
    """Two nodes that know each other; the first serves slots up to 8191, the second the rest."""
    buses = free_port(), free_port()
    with (
        on_a_port(folder / "1", cluster_enabled="yes", cluster_port=str(buses[0])) as low,
        on_a_port(folder / "2", cluster_enabled="yes", cluster_port=str(buses[1])) as high,
    ):
        nodes = low, high
        for server, slots in zip(nodes, ((0, 8_191), (8_192, 16_383)), strict=True):
            admin: Any = server.client()
            admin.execute_command("CLUSTER", "ADDSLOTSRANGE", *slots)
        admin.execute_command("CLUSTER", "MEET", "127.0.0.1", port_of(low.client()), buses[0])
        wait_until(lambda: all(is_whole(server) for server in nodes))
        yield nodes


def is_whole(server: RealServer) -> bool:
    client: Any = server.client()
    return b"cluster_state:ok" in client.execute_command("CLUSTER", "INFO") and (
        len(client.execute_command("CLUSTER", "SLOTS")) == 2
    )


def test_a_cluster_leads_to_the_node_that_serves_the_key(tmp_path: Path) -> None:
    with cluster(tmp_path) as nodes:
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


def test_a_server_that_is_in_no_cluster(tmp_path: Path) -> None:
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
