"""The credentials of a client: from the environment or a file, and never repeated."""

import io
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gnomon.reference.live.api.access.credentials import new_token, read_credentials
from tests.support.command import Command, fault, faults
from tests.support.memory_storage import MemoryStorage, served

PASSWORD = "correct: horse, Ωμέγα"  # noqa: S105


TOKEN, TOKEN_LINE = new_token("ci")


@pytest.fixture
def guarded(run: Command, storage: MemoryStorage, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A server that wants to know who asks; its own lines come from ``gnomon auth``."""
    monkeypatch.setattr(sys, "stdin", piped(f"{PASSWORD}\n".encode()))
    lines = [run("auth", "password", "ann").out, TOKEN_LINE]
    with served(storage, credentials=read_credentials(lines)) as connection:
        url = f"http://127.0.0.1:{connection.port}"
        monkeypatch.setenv("GNOMON_SERVER", url)
        yield url


def piped(data: bytes) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(data))


@pytest.mark.usefixtures("guarded")
@pytest.mark.parametrize(
    ("environment", "file"),
    [
        ({"GNOMON_TOKEN": TOKEN}, None),
        ({"GNOMON_USER": "ann", "GNOMON_PASSWORD": PASSWORD}, None),
        ({"GNOMON_USER": "", "GNOMON_TOKEN": TOKEN}, None),
        ({}, TOKEN),
        ({}, f"{TOKEN}\n"),
        ({}, f"ann:{PASSWORD}\r\n"),
        ({"GNOMON_TOKEN": "another"}, TOKEN),
    ],
    ids=["token", "password", "empty is unset", "file", "line", "password in file", "file first"],
)
def test_who_asks_is_known(
    run: Command,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
    file: str | None,
) -> None:
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    login = tmp_path / "login"
    login.write_bytes((file or "").encode())
    assert run("jobs", "list", "--json", *(["--login", login] if file else [])).json == []


@pytest.mark.parametrize("environment", [{}, {"GNOMON_TOKEN": "gnomon_" + "x" * 43}])
def test_who_asks_is_not_known(
    run: Command, guarded: str, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]
) -> None:
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    refusal, advice = faults(run("jobs", "list"))
    assert refusal.startswith(f"gnomon: {guarded}: ")
    assert "GNOMON_TOKEN" in advice and "--login" in advice
    assert "xxx" not in refusal + advice


@pytest.mark.parametrize(
    ("environment", "file"),
    [
        ({"GNOMON_USER": "ann"}, None),
        ({"GNOMON_PASSWORD": "secret"}, None),
        ({"GNOMON_USER": "a:b", "GNOMON_PASSWORD": "secret"}, None),
        ({"GNOMON_USER": "ann", "GNOMON_PASSWORD": "secret\udcff"}, None),
        ({"GNOMON_USER": "ann", "GNOMON_PASSWORD": "secret", "GNOMON_TOKEN": "secret"}, None),
        ({"GNOMON_TOKEN": "secret secret"}, None),
        ({"GNOMON_TOKEN": "secret\r\nHost: x"}, None),
        ({"GNOMON_TOKEN": "secretΩ"}, None),
        ({}, b""),
        ({}, b":"),
        ({}, b"ann:"),
        ({}, b":secret"),
        ({}, b"\n"),
        ({}, b"secret\nsecret"),
        ({}, b"ann:secret\xff"),
        ({}, b"secret" * 1_000_000),
    ],
)
def test_who_asks_is_told_badly(
    run: Command,
    storage: MemoryStorage,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
    file: bytes | None,
) -> None:
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    login = tmp_path / "login"
    login.write_bytes(file or b"")
    result = fault(run("jobs", "list", *(["--login", login] if file is not None else [])))
    where = "GNOMON_USER, GNOMON_PASSWORD, GNOMON_TOKEN" if file is None else str(login)
    assert result.startswith(f"gnomon: {where}: ") and "secret" not in result
    assert storage.asked == []


def test_why_no_secret_is_an_argument(run: Command) -> None:
    result = " ".join(run("jobs", "--help").out.split())
    assert "every user of the machine can read the command line" in result
