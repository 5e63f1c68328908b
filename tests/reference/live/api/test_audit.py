"""Each change names its author, in the log and as data; failed logins are noticed."""

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from gnomon.reference.live.api.access import failed_logins
from gnomon.reference.live.api.access.auth import Access
from gnomon.reference.live.api.access.credentials import (
    hash_password,
    new_token,
    read_credentials,
)
from gnomon.reference.live.api.access.failed_logins import FailedLogins
from gnomon.reference.live.api.app import create_app
from gnomon.reference.live.runtime.monitoring.metrics import Metrics
from gnomon.reference.schedule.clock import SECOND
from tests.reference.live.api.test_auth import basic, bearer
from tests.reference.live.runtime.monitoring.test_metrics import value_of
from tests.support.memory_storage import (
    EVERY_MINUTE,
    HEALTHY,
    LOOPBACK,
    MemoryStorage,
    app_over,
    member,
)

PASSWORD = "correct horse"  # noqa: S105
TOKEN, TOKEN_LINE = new_token("ci", "operate")
CREDENTIALS = read_credentials([hash_password("ann", PASSWORD), TOKEN_LINE])
ANN = basic("ann", PASSWORD)


@pytest.fixture
def metrics() -> Metrics:
    return Metrics([], 1)


@pytest.fixture
def client(metrics: Metrics) -> Iterator[TestClient[Litestar]]:
    """A client of a server with credentials."""
    storage = MemoryStorage([member()])
    failed = FailedLogins(metrics.login_failed)
    access = Access("127.0.0.1", CREDENTIALS, storage, failed)
    app = create_app(storage, lambda: HEALTHY, metrics.text, access)
    with TestClient(app, base_url=LOOPBACK) as client:
        yield client


def logged(caplog: pytest.LogCaptureFixture, logger: str) -> list[tuple[str, dict[str, Any]]]:
    records = [record for record in caplog.records if record.name == logger]
    return [(record.getMessage(), vars(record)["fields"]) for record in records]


def test_each_change_is_in_the_log_and_in_the_list(
    client: TestClient[Litestar], caplog: pytest.LogCaptureFixture
) -> None:
    """API-16"""
    caplog.set_level(logging.INFO, "gnomon.audit")
    client.post("/jobs", json=[EVERY_MINUTE, EVERY_MINUTE | {"name": "second"}], headers=ANN)
    client.patch("/jobs/1", json={"extra": "s3cret", "minutes": 2}, headers=ANN)
    client.post("/jobs/1/execute", json={"extra": "s3cret"}, headers=bearer(TOKEN))
    client.post("/jobs/1/deactivate", headers=bearer(TOKEN))
    client.post("/jobs/1/activate", headers=bearer(TOKEN))
    client.delete("/messages/1", headers=bearer(TOKEN))
    client.delete("/jobs/1", headers=ANN)
    found = client.get("/audit", headers=ANN).json()
    done = [
        (one["who"], one["role"], one["what"], one["job"], one["job_name"], one["revision"])
        for one in reversed(found)
    ]
    assert done == [
        ("ann", "admin", "job created", "1", "report", 1),
        ("ann", "admin", "job created", "2", "second", 1),
        ("ann", "admin", "job edited", "1", "report", 2),
        ("ci", "operate", "job executed", "1", "report", 2),
        ("ci", "operate", "job deactivated", "1", "report", 3),
        ("ci", "operate", "job activated", "1", "report", 4),
        ("ci", "operate", "message dropped", None, None, None),
        ("ann", "admin", "job deleted", "1", "report", 4),
    ]
    assert {one["address"] for one in found} == {"testclient"}
    assert [found[number]["fields"] for number in (5, 4)] == [["extra", "minutes"], ["extra"]]
    assert found[1]["message"] == 1
    lines = logged(caplog, "gnomon.audit")
    assert [(text, fields.get("job"), fields["who"]) for text, fields in lines] == [
        (what, job, who) for who, _, what, job, _, _ in done
    ]
    assert "s3cret" not in str(lines) and "s3cret" not in str(found)


def test_what_changes_nothing_has_no_entry(client: TestClient[Litestar]) -> None:
    """API-16"""
    client.post("/jobs", json=EVERY_MINUTE, headers=ANN)
    client.post("/jobs", json=EVERY_MINUTE, headers=ANN)  # the name is taken
    client.patch("/jobs/1", json={"minutes": 1}, headers=ANN)  # it is 1 already
    client.patch("/jobs/1", json={"minutes": -1}, headers=ANN)
    client.delete("/jobs/7", headers=ANN)
    client.delete("/jobs/1", headers=bearer(TOKEN))  # the role does not permit it
    client.delete("/jobs/1")
    client.get("/jobs/1", headers=ANN)
    assert [one["what"] for one in client.get("/audit", headers=ANN).json()] == ["job created"]


def test_changes_by_zatos_clients_are_entries_too(client: TestClient[Litestar]) -> None:
    """API-16"""
    client.post("/jobs", json=EVERY_MINUTE, headers=ANN)
    client.post("/zato/json/zato.scheduler.job.delete", json={"id": 1}, headers=ANN)
    first, _ = client.get("/audit", headers=ANN).json()
    assert (first["who"], first["what"], first["job"]) == ("ann", "job deleted", "1")


def test_without_credentials_nobody_is_named() -> None:
    """API-16"""
    with TestClient(app_over(MemoryStorage([member()])), base_url=LOOPBACK) as client:
        client.post("/jobs", json=EVERY_MINUTE)
        (entry,) = client.get("/audit").json()
    assert (entry["who"], entry["role"], entry["address"]) == (None, None, "testclient")


# --- failed logins


def test_failed_logins_are_counted_and_logged_without_a_secret(
    client: TestClient[Litestar], metrics: Metrics, caplog: pytest.LogCaptureFixture
) -> None:
    """API-15"""
    wrong = [
        basic("ann", "hunter2"),
        basic("hunter2", ""),
        bearer("hunter2"),
        {"Authorization": "Digest hunter2"},
        {"Authorization": "Basic hunter2"},
    ]
    for headers in wrong:
        assert client.get("/jobs", headers=headers).status_code == 401
    client.get("/jobs")  # a browser's first request has no credentials: nobody has failed
    client.get("/jobs", headers=ANN)
    counted = {
        scheme: value_of(metrics.text(), "gnomon_failed_logins_total", scheme=scheme)
        for scheme in ("basic", "bearer", "other")
    }
    assert counted == {"basic": 2, "bearer": 1, "other": 2}
    ((text, fields),) = logged(caplog, "gnomon.api")
    assert text == "a login failed"
    assert (fields["scheme"], fields["name"], fields["address"]) == ("basic", "ann", "testclient")
    assert "hunter2" not in caplog.text


def test_the_log_of_failed_logins_has_a_limited_rate(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    now = 100 * SECOND
    monkeypatch.setattr(failed_logins, "elapsed", lambda: now)
    logins = FailedLogins()
    for _ in range(1_000):
        logins.report("basic", None, "10.0.0.7")
    now += failed_logins.PAUSE
    logins.report("bearer", None, "10.0.0.8")
    first, second = logged(caplog, "gnomon.api")
    assert first[1]["not_logged_before"] == 0
    assert second[1]["not_logged_before"] == 999
