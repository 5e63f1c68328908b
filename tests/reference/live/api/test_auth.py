"""Who may use the API: the file of credentials, the start, and every request."""

import base64
from collections.abc import Iterator, Mapping
from contextlib import suppress

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from litestar import Litestar
from litestar.testing import TestClient

from gnomon.reference.live.api.access.auth import Unguarded, require_credentials
from gnomon.reference.live.api.access.credentials import (
    BadCredentials,
    hash_password,
    new_token,
    read_credentials,
)
from tests.support.memory_storage import EVERY_MINUTE, MemoryStorage, app_over

LOOPBACK = "http://127.0.0.1:8000"
PASSWORD = "correct: horse, Ωμέγα"  # noqa: S105
LINE = hash_password("ann", PASSWORD)
TOKEN, TOKEN_LINE = new_token("ci")
EVERYTHING = (
    "/jobs",
    "/jobs/1",
    "/jobs/1/runs",
    "/cluster",
    "/history",
    "/metrics",
    "/openapi.json",
)


def basic(name: str, password: str) -> dict[str, str]:
    shown = base64.b64encode(f"{name}:{password}".encode()).decode()
    return {"Authorization": f"Basic {shown}"}


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


# --- the file


def test_a_file_holds_passwords_and_tokens_and_no_secret() -> None:
    """API-9"""
    found = read_credentials(["# who", "", LINE + "\n", f"  {TOKEN_LINE}  "])
    assert list(found.passwords) == ["ann"]
    assert list(found.tokens.values()) == ["ci"]
    assert PASSWORD not in LINE and TOKEN not in TOKEN_LINE


def test_two_hashes_of_a_password_differ() -> None:
    assert hash_password("ann", PASSWORD) != LINE


def test_every_bad_line_is_told_with_its_number_and_without_what_stands_there() -> None:
    """API-9"""
    lines = [
        "ann secret",
        LINE,
        LINE,
        "password bob scrypt 00 11",
        "password bob scrypt " + "zz" * 16 + " " + "11" * 32,
        "token c:d sha256 " + "11" * 32,
        "token ci md5 " + "11" * 16,
        TOKEN_LINE + " more",
    ]
    with pytest.raises(BadCredentials) as caught:
        read_credentials(lines)
    numbers = [fault.split(":")[0] for fault in caught.value.faults]
    assert numbers == [f"line {number}" for number in (1, 3, 4, 5, 6, 7, 8)]
    assert "secret" not in str(caught.value)


def test_a_file_without_credentials_would_lock_everybody_out() -> None:
    with pytest.raises(BadCredentials, match="no line"):
        read_credentials(["# nobody yet"])


@given(st.lists(st.text()))
def test_any_text_is_read_or_refused(lines: list[str]) -> None:
    with suppress(BadCredentials):
        assert read_credentials(lines).tokens


@pytest.mark.parametrize("name", ["", "a b", "a:b", "Ω", "a\n", "x" * 101])
def test_a_name_that_a_header_or_a_line_could_not_carry_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="a name is"):
        hash_password(name, "x")
    with pytest.raises(ValueError, match="a name is"):
        new_token(name)


def test_an_empty_password_is_refused() -> None:
    with pytest.raises(ValueError, match="not empty"):
        hash_password("ann", "")


# --- the start


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_a_loopback_address_needs_no_credentials(host: str) -> None:
    """API-8"""
    require_credentials(host, None)


@pytest.mark.parametrize(
    "host",
    ["0.0.0.0", "::", "", "10.0.0.1", "example.org", "127.0.0.1.example.org", "1"],  # noqa: S104
)
def test_any_other_address_is_refused_without_credentials(host: str) -> None:
    """API-8"""
    with pytest.raises(Unguarded, match="credentials"):
        require_credentials(host, None)
    require_credentials(host, read_credentials([LINE]))


# --- requests that must show something


@pytest.fixture(scope="module")
def guarded() -> Iterator[TestClient[Litestar]]:
    credentials = read_credentials([LINE, TOKEN_LINE])
    app = app_over(MemoryStorage(), host="0.0.0.0", credentials=credentials)  # noqa: S104
    with TestClient(app, base_url="http://gnomon.example.org") as client:
        yield client


def test_the_right_ones_pass_and_pass_again(guarded: TestClient[Litestar]) -> None:
    for headers in (basic("ann", PASSWORD), bearer(TOKEN)) * 2:
        assert guarded.get("/cluster", headers=headers).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        basic("ann", PASSWORD + " "),
        basic("ann", ""),
        basic("bob", PASSWORD),
        basic("", ""),
        basic("Ω", PASSWORD),
        bearer(TOKEN[:-1]),
        bearer(""),
        bearer(TOKEN_LINE.split()[-1]),
        {"Authorization": "Basic"},
        {"Authorization": "Basic ann:x"},
        {"Authorization": f"Basic {LINE}"},
        {"Authorization": f"Digest {TOKEN}"},
        {"Authorization": TOKEN},
    ],
    ids=lambda headers: headers.get("Authorization", "")[:7],  # tokens differ from run to run
)
def test_the_wrong_ones_are_challenged(
    guarded: TestClient[Litestar], headers: Mapping[str, str]
) -> None:
    """API-8"""
    assert guarded.get("/jobs", headers=basic("ann", PASSWORD)).status_code == 200
    answer = guarded.get("/jobs", headers=headers)
    assert answer.status_code == 401
    assert "Basic" in answer.headers["WWW-Authenticate"]
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_everything_but_health_is_behind_the_guard(guarded: TestClient[Litestar]) -> None:
    """API-8"""
    answers = [guarded.get(path) for path in EVERYTHING]
    answers += [guarded.post("/jobs", json=EVERY_MINUTE), guarded.delete("/jobs/1")]
    answers += [guarded.post(f"/jobs/1/{do}") for do in ("execute", "activate", "deactivate")]
    answers += [guarded.post("/zato/json/zato.scheduler.job.get-list", json={"cluster_id": 1})]
    assert {answer.status_code for answer in answers} == {401}
    assert guarded.get("/health").status_code == 200


def test_a_request_is_refused_before_its_body_is_read(guarded: TestClient[Litestar]) -> None:
    answer = guarded.post("/jobs", content=b"not JSON", headers={"Content-Type": "text/plain"})
    assert answer.status_code == 401


# --- what a browser could be made to send


@pytest.fixture(scope="module")
def local() -> Iterator[TestClient[Litestar]]:
    with TestClient(app_over(MemoryStorage()), base_url=LOOPBACK) as client:
        client.post("/jobs", json=EVERY_MINUTE)
        yield client


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8000", "localhost:1", "[::1]:8000"])
def test_a_host_header_may_name_a_loopback_address(local: TestClient[Litestar], host: str) -> None:
    assert local.get("/jobs", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example", "", "[::1", "10.0.0.1"]
)
@pytest.mark.parametrize("path", [*EVERYTHING, "/health"])
def test_no_other_host_is_answered_without_credentials(
    local: TestClient[Litestar], host: str, path: str
) -> None:
    """API-10"""
    answer = local.get(path, headers={"Host": host})
    assert answer.status_code == 403
    assert answer.headers["Content-Type"] == "application/problem+json"


FOREIGN = [
    {"Origin": "http://evil.example"},
    {"Origin": "http://127.0.0.1:9000"},
    {"Origin": "null"},
    {"Origin": "http://[::1"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
]


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
def test_another_site_changes_nothing(
    local: TestClient[Litestar], guarded: TestClient[Litestar], headers: dict[str, str]
) -> None:
    """API-10"""
    before = local.get("/jobs").json()
    answers = [
        local.post("/jobs/1/execute", headers=headers),
        local.delete("/jobs/1", headers=headers),
        local.post("/zato/json/zato.scheduler.job.execute", json={"id": 1}, headers=headers),
        guarded.post("/jobs/1/execute", headers=basic("ann", PASSWORD) | headers),
    ]
    assert [answer.status_code for answer in answers] == [403] * 4
    assert local.get("/jobs").json() == before
    assert not local.get("/jobs/1/runs").json()["runs"]


def test_a_page_of_this_site_may_change_things(local: TestClient[Litestar]) -> None:
    headers = {"Origin": LOOPBACK, "Sec-Fetch-Site": "same-origin"}
    assert local.post("/jobs/1/execute", headers=headers).status_code == 202


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_a_body_that_a_form_could_send_is_refused(
    local: TestClient[Litestar], media_type: str
) -> None:
    """API-10"""
    body = httpx.Request("POST", LOOPBACK, json=EVERY_MINUTE | {"name": "other"}).content
    answer = local.post("/jobs", content=body, headers={"Content-Type": media_type})
    assert answer.status_code == 415
