"""``gnomon auth``: lines of a credentials file; standard output holds no secret."""

import io
import os
import subprocess
import sys

import pytest

from gnomon.reference.live.api.access.credentials import read_credentials
from gnomon.reference.live.cli.client import Client, Failed
from tests.support.command import Command, fault
from tests.support.memory_storage import MemoryStorage, served


def piped(data: bytes) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(data))


def test_a_new_token_opens_the_door(run: Command, storage: MemoryStorage) -> None:
    result = run("auth", "token", "ci")
    assert result.code == 0
    token = result.err.splitlines()[0].removeprefix("The token: ")
    assert token not in result.out and "it is not stored" in result.err
    credentials = read_credentials(result.out.splitlines())
    with served(storage, credentials=credentials) as connection:
        url = f"http://127.0.0.1:{connection.port}"
        with Client(url, f"Bearer {token}") as client:
            assert client.jobs() == []
        with Client(url, f"Bearer {token}x") as client, pytest.raises(Failed):
            client.jobs()


@pytest.mark.parametrize("words", [["auth", "token"], ["auth", "password"]])
@pytest.mark.parametrize("name", ["", "a b", "a:b", "ü", "x" * 101, "a\n"])
def test_a_name_that_no_line_can_have(
    run: Command, monkeypatch: pytest.MonkeyPatch, words: list[str], name: str
) -> None:
    monkeypatch.setattr(sys, "stdin", piped(b"secret\n"))
    assert "a name is 1 to 100" in fault(run(*words, name))


@pytest.mark.parametrize("given", [b"", b"\n", b"secret\xff", b"secret" * 1_000])
def test_a_password_that_cannot_be(
    run: Command, monkeypatch: pytest.MonkeyPatch, given: bytes
) -> None:
    monkeypatch.setattr(sys, "stdin", piped(given))
    result = fault(run("auth", "password", "ann"))
    assert "password" in result and "secret" not in result


def test_a_password_cannot_be_read_from_nowhere(
    run: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert "closed" in fault(run("auth", "password", "ann"))
    assert "no terminal" in fault(run("jobs", "delete", "1"))


def test_a_password_is_asked_for_twice_and_not_shown() -> None:
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "gnomon", "auth", "password", "ann"],
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    first, second = b"Password: ", b"Repeat for confirmation: "
    shown = b""
    try:
        for prompt, typed in (
            (first, b"secret"),
            (second, b"not secret"),
            (first, b"secret"),
            (second, b"secret"),
        ):
            shown += until(ours, prompt)
            os.write(ours, typed + b"\n")
        out, _ = process.communicate(timeout=20)
    finally:
        process.kill()
        os.close(ours)
    assert process.returncode == 0
    (hashed,) = read_credentials(out.decode().splitlines()).passwords
    assert hashed == "ann"
    assert b"do not match" in shown and b"secret" not in shown


def until(terminal: int, end: bytes) -> bytes:
    """What a terminal shows, until it shows `end`."""
    shown = b""
    while not shown.endswith(end):
        shown += os.read(terminal, 1)
    return shown
