"""Who has changed a job, when and how: in the API, and on the page of the job."""

from litestar import Litestar
from litestar.testing import TestClient

from gnomon.reference.live.api import job_service
from gnomon.reference.live.api.access.credentials import read_credentials
from gnomon.reference.schedule.clock import SECOND
from gnomon.reference.store.operations import Campaign, Entry, Publish
from tests.reference.live.api.test_roles import LINES, shown
from tests.reference.live.api.web.test_pages import seen
from tests.support.memory_storage import (
    EVERY_MINUTE,
    LOOPBACK,
    MemoryStorage,
    app_over,
)

Api = TestClient[Litestar]


def test_each_change_has_its_author_and_what_it_changed(storage: MemoryStorage) -> None:
    """API-16"""
    app = app_over(storage, credentials=read_credentials(LINES))
    with TestClient(app, base_url=LOOPBACK) as client:
        admin, operator = shown("admin"), shown("operate")
        client.post("/jobs", json=EVERY_MINUTE, headers=admin)
        storage.clock.now += SECOND
        edit = {"grace": "5s", "extra": "secret", "repeats": 3, "service": "work"}
        assert client.patch("/jobs/1", json=edit, headers=admin).status_code == 200
        client.patch("/jobs/1", json=edit, headers=admin)  # changes nothing
        client.patch("/jobs/1", json={"grace": "soon"}, headers=admin)
        client.post("/jobs/1/deactivate", headers=operator)
        client.post("/jobs/1/deactivate", headers=operator)
        client.post("/jobs/1/execute", headers=operator)
        answer = client.get("/jobs/1/changes", headers=shown("read"))
    found = answer.json()["changes"]
    assert [(one["what"], one["by"], one["revision"]) for one in found] == [
        ("deactivated", "operate-1", 3),
        ("edited", "admin-1", 2),
        ("created", "admin-1", 1),
    ]
    assert sorted(found[1]["fields"]) == ["extra", "grace: default → 5s", "repeats: default → 3"]
    assert found[0]["fields"] == found[2]["fields"] == []
    assert (found[2]["at"], found[1]["at"]) == ("2026-01-05T08:00:00Z", "2026-01-05T08:00:01Z")
    assert "secret" not in answer.text


def test_a_long_value_is_cut(client: Api) -> None:
    client.post("/jobs", json=EVERY_MINUTE)
    client.patch("/jobs/1", json={"name": "x" * 200})
    (edited, _) = client.get("/jobs/1/changes").json()["changes"]
    assert edited["fields"] == [f"name: report → {'x' * 100}"]
    assert client.get("/jobs/7/changes").status_code == 404


def test_the_page_of_a_job_has_its_changes(client: Api, storage: MemoryStorage) -> None:
    """ADMIN-1, ADMIN-2"""
    job = job_service.create(storage, EVERY_MINUTE)
    assert client.patch("/jobs/1", json={"name": "<b>new</b>"}).status_code == 200
    page = seen(client, f"/admin/jobs/{job.id}")
    assert "testclient edited name: report → <b>new</b> 2" in page
    assert "2026-01-05 08:00:00 operator created 1" in page


def test_the_end_of_a_job_is_among_its_changes(client: Api, storage: MemoryStorage) -> None:
    """API-16: after its last occurrence nobody has switched it off."""
    once = {"name": "once", "job_type": "one_time", "service": "work"}
    job = job_service.create(storage, once | {"start_date": "2026-01-05T08:00:01Z"})
    due = storage.clock.now = storage.clock.now + SECOND
    storage.serve("s1", Campaign(10 * SECOND))
    entry = Entry(job.id, 1, due, due, True, "K1")
    storage.serve("s1", Publish(1, (entry,), due + SECOND))
    (ended, _) = client.get("/jobs/1/changes").json()["changes"]
    assert (ended["what"], ended["by"], ended["revision"]) == ("ended", "scheduler", 2)
    page = seen(client, f"/admin/jobs/{job.id}")
    assert "2026-01-05 08:00:01 scheduler ended: no occurrence is left 2" in page
