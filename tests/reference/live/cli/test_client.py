"""The client, against a real server of the API, and against what only looks like one."""

import shutil
import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from gnomon.reference.live.api import job_service
from gnomon.reference.live.api.access.credentials import new_token, read_credentials
from gnomon.reference.live.cli import client as client_module
from gnomon.reference.live.cli.client import Client, Failed
from tests.support.memory_storage import EVERY_MINUTE, MemoryStorage, served
from tests.support.servers import false_server, free_port


@pytest.fixture
def client(url: str) -> Iterator[Client]:
    with Client(url) as client:
        yield client


def failure(act: Callable[[], object], status: int | None = None) -> tuple[str, ...]:
    """The faults of an act that must fail, with this status."""
    with pytest.raises(Failed) as caught:
        act()
    assert caught.value.status == status
    assert caught.value.faults
    return caught.value.faults


def list_at(url: str) -> Callable[[], object]:
    def act() -> object:
        with Client(url) as client:
            return client.jobs()

    return act


# --- jobs


def test_a_job_goes_through_its_life(client: Client, storage: MemoryStorage) -> None:
    created = client.create(EVERY_MINUTE | {"extra": "Ωμέγα\r\n\x00"})
    assert (created.id, created.revision, created.extra) == ("1", 1, "Ωμέγα\r\n\x00")
    edited = client.edit("1", {"minutes": 2})
    assert job_service.get(storage, "1").definition.interval == 120_000_000
    assert (edited.minutes, edited.revision) == (2, 2)
    assert client.set_active("1", False).is_active is False
    assert client.set_active("1", True).is_active is True
    cid = client.execute("1")
    assert [run.cid for run in client.runs("1", 10).runs] == [cid]
    assert client.jobs() == [client.job("1")] == [client.named("report")]
    client.delete("1")
    assert client.jobs() == []


@pytest.mark.parametrize(
    "change",
    [
        lambda client, revision: client.edit("1", {"minutes": 9}, revision),
        lambda client, revision: client.set_active("1", False, revision),
        lambda client, revision: client.execute("1", revision),
        lambda client, revision: client.delete("1", revision),
    ],
    ids=["edit", "set_active", "execute", "delete"],
)
def test_a_change_that_names_a_revision_is_made_at_that_one_only(
    client: Client, storage: MemoryStorage, change: Callable[[Client, int], object]
) -> None:
    client.create(EVERY_MINUTE)
    job_service.edit(storage, "1", {"minutes": 5})
    before = list(storage.events)
    (fault,) = failure(lambda: change(client, 1), 412)
    assert "revision 2" in fault
    assert storage.events == before
    change(client, 2)
    assert storage.events != before


def test_every_fault_of_a_definition_comes_back(client: Client) -> None:
    wrong = {"name": "", "job_type": "interval_based", "service": "wrok", "minutes": -1}
    faults = failure(lambda: client.create(wrong | {"start_date": "soon"}), 422)
    assert {fault.partition(":")[0] for fault in faults} == {
        "name", "service", "minutes", "start_date",
    }  # fmt: skip
    assert any("did you mean work?" in fault for fault in faults)


@pytest.mark.parametrize(
    "text", [".", "..", "../jobs", "a/b", "a?b=c&d", "#", "%2e%2E", "%", " ", "ü", "\x00", "x" * 99]
)
def test_any_text_is_an_id_or_a_name_and_nothing_else(client: Client, text: str) -> None:
    client.create(EVERY_MINUTE)
    failure(lambda: client.job(text), 404)
    failure(lambda: client.delete(text), 404)
    assert client.named(text) is None
    client.create(EVERY_MINUTE | {"name": text})
    found = client.named(text)
    assert found is not None and (found.id, found.name) == ("2", text)


def test_what_is_no_unicode_cannot_be_sent(client: Client, storage: MemoryStorage) -> None:
    for act in (
        lambda: client.create(EVERY_MINUTE | {"name": "\udcff"}),
        lambda: client.job("\udcff"),
        lambda: client.named("\udcff"),
    ):
        assert "UTF-8" in failure(act)[0]
    assert storage.asked == []


def test_what_is_too_long_to_ask_for(client: Client) -> None:
    failure(lambda: client.named("x" * 100_000))


# --- who asks


def test_who_asks_is_shown(storage: MemoryStorage) -> None:
    token, line = new_token("ci")
    with served(storage, credentials=read_credentials([line])) as connection:
        url = f"http://127.0.0.1:{connection.port}"
        for wrong in (None, "Bearer nonsense", "Basic nonsense"):
            with Client(url, wrong) as client:
                assert "token" in failure(client.jobs, 401)[0]
        with Client(url, f"Bearer {token}") as client:
            assert client.jobs() == []


def test_no_proxy_sees_what_is_asked(
    url: str, storage: MemoryStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(variable, f"http://127.0.0.1:{free_port()}")
    with Client(url) as client:
        assert client.jobs() == []


@pytest.mark.parametrize(
    "wrong",
    [
        "", "localhost:17010", "127.0.0.1", "//127.0.0.1", "ftp://127.0.0.1", "http://", "http:///x",
        "http://127.0.0.1:x", "http://127.0.0.1:65536", "http://a..b", "http://" + "a" * 300,
        "http://127.0.0.1/?a=b", "http://127.0.0.1/#a", "http://127.0.0.1\n", "http://\udcff",
    ],
)  # fmt: skip
def test_what_is_no_url_of_a_server(wrong: str) -> None:
    with pytest.raises(ValueError, match="URL of a server, such as http"):
        Client(wrong)


@pytest.mark.parametrize("rest", ["127.0.0.1", "127.0.0.1:x", "127.0.0.1/?a", "\n", ""])
def test_a_url_with_a_password_is_refused_and_not_repeated(rest: str) -> None:
    with pytest.raises(ValueError, match="URL of a server") as caught:
        Client(f"http://ann:secret@{rest}")
    assert "secret" not in str(caught.value)


# --- what is no server


def http_answer(body: bytes, status: str = "200 OK", type: str = "application/json") -> bytes:
    return (
        f"HTTP/1.1 {status}\r\nContent-Type: {type}\r\nContent-Length: {len(body)}\r\n"
        "Connection: close\r\n\r\n"
    ).encode() + body


PROBLEM = "application/problem+json"
NOT_OURS = "not from a Gnomon server of this version"


@pytest.mark.parametrize(
    ("answer", "status", "problem"),
    [
        (http_answer(b"<html>", type="text/html"), None, NOT_OURS),
        (http_answer(b"{}"), None, NOT_OURS),
        (http_answer(b'[{"id": 7}]'), None, NOT_OURS),
        (http_answer(b""), None, NOT_OURS),
        (http_answer(b'["\xff"]'), None, NOT_OURS),
        (http_answer(b"[" * 100_000), None, NOT_OURS),
        (http_answer(b"<html>", "502 Bad Gateway", "text/html"), 502, "HTTP 502 Bad Gateway, and"),
        (http_answer(b"", "302 Found\r\nLocation: http://127.0.0.1:1/"), 302, "HTTP 302 Found,"),
        (http_answer(b"", "599 "), 599, "HTTP 599, and not from"),
        (http_answer(b"{", "404 Not Found", PROBLEM), 404, "HTTP 404 Not Found, and not from"),
        (http_answer(b'{"detail": 7}', "409 Conflict", PROBLEM), 409, "HTTP 409 Conflict, and"),
        (http_answer(b'{"detail": "so"}', "409 Conflict", PROBLEM), 409, "so"),
        (b"-ERR unknown command\r\n", None, "its answer is not HTTP"),
        (b"\x16\x03\x01" * 9, None, "its answer is not HTTP"),
        (http_answer(b"[]").replace(b"Length: 2", b"Length: 9"), None, "it is unknown whether"),
        (http_answer(b"[]").replace(b"\r\n\r\n", b"\r\nContent-Encoding: gzip\r\n\r\n"), None, ""),
    ],
)  # fmt: skip
def test_what_answers_is_no_server_of_ours(answer: bytes, status: int | None, problem: str) -> None:
    with false_server(answer) as port:
        (fault,) = failure(list_at(f"http://127.0.0.1:{port}"), status)
    assert problem in fault


def test_nobody_listens() -> None:
    (fault,) = failure(list_at(f"http://127.0.0.1:{free_port()}"))
    assert "gnomon serve" in fault and "not known" not in fault


def test_no_such_host(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert failure(list_at("http://gnomon.invalid")) == ("there is no host with that name",)


def test_who_is_silent_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "TIMEOUT_S", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        (fault,) = failure(list_at(f"http://127.0.0.1:{silent.getsockname()[1]}"))
    assert "did not answer" in fault and "unknown" in fault


def test_a_server_that_speaks_no_tls(url: str) -> None:
    (fault,) = failure(list_at(url.replace("http", "https")))
    assert "does not use TLS" in fault


@pytest.mark.skipif(not shutil.which("openssl"), reason="nothing makes a certificate here")
def test_a_certificate_that_nobody_vouches_for(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key", tmp_path / "certificate"
    command = [
        "openssl", "req", "-x509", "-nodes", "-days", "1", "-newkey", "rsa:2048",
        "-subj", "/CN=localhost", "-keyout", str(key), "-out", str(certificate),
    ]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with pytest.raises(ssl.SSLError), connection:
                context.wrap_socket(connection, server_side=True)

        thread = Thread(target=serve)
        thread.start()
        (fault,) = failure(list_at(f"https://127.0.0.1:{listener.getsockname()[1]}"))
        thread.join()
    assert "certificate is not trusted: self" in fault
