"""The API over TLS: the files of the server, and what clients trust."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from gnomon.reference.live.api.access.failed_logins import FailedLogins
from gnomon.reference.live.runtime.process import Listening, _api, listen
from gnomon.reference.live.runtime.tls import Tls
from tests.support.command import Command, fault
from tests.support.memory_storage import HEALTHY, MemoryStorage, member
from tests.support.tls import CERTIFICATE, KEY

GOOD = Tls(CERTIFICATE, KEY)


@pytest.fixture(scope="module")
def secure_url() -> Iterator[str]:
    """The URL of a server whose API is encrypted."""
    storage: Any = MemoryStorage([member()])
    with closing(listen("127.0.0.1", 0)) as opened:
        listening = Listening(socket=opened, host="127.0.0.1", credentials=None, tls=GOOD)
        with _api(listening, storage, lambda: HEALTHY, lambda: "", FailedLogins()):
            yield listening.url


def test_a_client_that_trusts_the_authority_is_served(
    run: Command, secure_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the option of its group, or the variable."""
    assert secure_url.startswith("https://127.0.0.1:")
    found = run("jobs", "--ca-file", str(CERTIFICATE), "list", "--server", secure_url)
    assert (found.code, found.out) == (0, "there are no jobs\n")
    monkeypatch.setenv("GNOMON_CA_FILE", str(CERTIFICATE))
    found = run("messages", "list", "--server", secure_url)
    assert (found.code, found.out) == (0, "no message is dead\n")


def test_a_client_that_does_not_trust_it_says_what_to_do(run: Command, secure_url: str) -> None:
    found = fault(run("jobs", "list", "--server", secure_url))
    assert "its certificate is not trusted" in found and "--ca-file" in found


def test_the_wrong_protocol_is_named(run: Command, secure_url: str, url: str) -> None:
    plain = secure_url.replace("https", "http")
    assert "does its URL begin with https:// ?" in fault(run("jobs", "list", "--server", plain))
    encrypted = url.replace("http", "https")
    found = fault(run("jobs", "list", "--server", encrypted))
    assert "does its URL begin with http:// ?" in found


@pytest.mark.parametrize("text", [None, "", "no certificate"])
def test_a_file_of_authorities_that_cannot_be_used(
    run: Command, secure_url: str, tmp_path: Path, text: str | None
) -> None:
    file = tmp_path / "ca.pem"
    if text is not None:
        file.write_text(text)
    found = fault(run("jobs", "--ca-file", str(file), "list", "--server", secure_url))
    assert "--ca-file" in found and str(file) in found


# --- the files of the server


def other_key(tmp_path: Path, *options: str) -> Path:
    """A new key, from the program that people use for it."""
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl to make a key with")
    file = tmp_path / "other.pem"
    command = ["openssl", "genpkey", "-algorithm", "ed25519", "-out", str(file), *options]
    subprocess.run(command, check=True, capture_output=True)
    return file


def test_files_that_fit_have_no_fault() -> None:
    assert GOOD.fault() is None


def test_a_key_of_another_certificate(tmp_path: Path) -> None:
    other = other_key(tmp_path)
    found = Tls(CERTIFICATE, other).fault()
    assert found is not None and str(other) in found


def test_a_key_with_a_password_is_refused_and_nobody_is_asked_for_it(tmp_path: Path) -> None:
    key = other_key(tmp_path, "-aes256", "-pass", "pass:secret")
    found = Tls(CERTIFICATE, key).fault()
    assert found is not None and "without a password" in found


def test_wrong_files_end_the_start_with_2(run: Command, tmp_path: Path) -> None:
    none = tmp_path / "none.pem"
    found = fault(run("serve", "--tls-cert", str(none), "--tls-key", str(KEY)))
    assert "--tls-cert" in found and "No such file" in found
    found = fault(run("serve", "--tls-cert", str(KEY), "--tls-key", str(KEY)))
    assert "in PEM format" in found
    found = fault(run("serve", "--tls-cert", str(CERTIFICATE)))
    assert "give both" in found
