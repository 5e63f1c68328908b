"""Lists of jobs in pages, filtered and in an order; and the results of jobs."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from litestar import Litestar
from litestar.testing import TestClient

from gnomon.reference.events import Finished, Started
from gnomon.reference.live.api import job_service, listing
from gnomon.reference.live.api.listing import RESULTS, Filter, Sort
from gnomon.reference.schedule.clock import HOUR, SECOND
from gnomon.reference.store.operations import Claim, Join, first_turn
from tests.support.memory_storage import (
    EVERY_MINUTE,
    IN_WARSAW,
    NOW,
    MemoryStorage,
)

Api = TestClient[Litestar]


def listed(client: Api, **query: object) -> list[str]:
    """The names on every page of a list."""
    names: list[str] = []
    while True:
        answer = client.get("/jobs", params={key: str(value) for key, value in query.items()})
        assert answer.status_code == 200, answer.text
        page = answer.json()
        assert len(page["jobs"]) <= int(str(query.get("limit", 100)))
        names += [job["name"] for job in page["jobs"]]
        if page["next"] is None:
            return names
        query["cursor"] = page["next"]


def faults(client: Api, **query: str) -> dict[str, str]:
    answer = client.get("/jobs", params=query)
    assert answer.status_code == 400
    return {fault["field"]: fault["allowed"] for fault in answer.json()["faults"]}


def fail(storage: MemoryStorage, id: str) -> str:
    """Let a run of a job fail; its cid."""
    cid = job_service.execute(storage, id)
    storage.serve("s1", Join(1, HOUR))
    turn = first_turn(1) + storage.store.open.__len__() + len(storage.events)
    ((_, _, given),) = storage.serve("s1", Claim(1, turn))
    place: dict[str, Any] = {
        "message": given.message.id,  # type: ignore[attr-defined]
        "server": "s1",
        "worker": 1,
        "attempt": 1,
    }
    storage.happen(
        Started(NOW, **place),
        Finished(NOW + 90 * SECOND, **place, outcome="failed", error="E: " + "no " * 200),
    )
    return cid


NAMES = st.lists(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=3),
    unique=True, max_size=12,
)  # fmt: skip


@settings(max_examples=30)
@given(NAMES, st.integers(1, 4), st.sampled_from(listing.SORTS), st.data())
def test_the_pages_have_each_job_once_and_in_order(
    names: list[str], limit: int, sort: Sort, data: st.DataObject
) -> None:
    """The order is that of Python's own sorting of the whole list."""
    storage = MemoryStorage()
    for name in names:
        seconds = data.draw(st.integers(1, 3))
        is_active = data.draw(st.booleans())
        changed = {"name": name, "minutes": 0, "seconds": seconds, "is_active": is_active}
        job_service.create(storage, EVERY_MINUTE | changed | {"start_date": "2020-01-01T00:00:00Z"})
    found, cursor = list[Any](), None
    while True:
        page = listing.list_jobs(storage, Filter(), sort, limit, cursor)
        assert len(page.jobs) <= limit
        found += [each.job for each in page.jobs]
        if page.next is None:
            break
        assert page.jobs
        cursor = listing.read_cursor(page.next, sort)
    is_reverse = sort.startswith("-")
    if sort.endswith("name"):
        assert [job.definition.name for job in found] == sorted(names, reverse=is_reverse)
        return
    due = [job_service.next_due(job) for job in found]
    known = [instant for instant in due if instant is not None]
    assert due == sorted(known, reverse=is_reverse) + [None] * (len(due) - len(known))
    assert sorted(job.definition.name for job in found) == sorted(names)


def test_a_job_that_is_created_between_pages_shifts_nothing(
    client: Api, storage: MemoryStorage
) -> None:
    for name in "bdf":
        job_service.create(storage, EVERY_MINUTE | {"name": name})
    first = client.get("/jobs", params={"limit": 2}).json()
    for name in "ae":
        job_service.create(storage, EVERY_MINUTE | {"name": name})
    job_service.delete(storage, "2")
    second = client.get("/jobs", params={"limit": 2, "cursor": first["next"]}).json()
    assert [job["name"] for job in second["jobs"]] == ["e", "f"]
    assert second["next"] is None


def test_a_page_costs_as_much_as_its_own_jobs(client: Api, storage: MemoryStorage) -> None:
    job_service.create_all(storage, [EVERY_MINUTE | {"name": str(n)} for n in range(300)])
    storage.asked.clear()
    assert len(client.get("/jobs").json()["jobs"]) == 100
    assert [type(asked).__name__ for asked in storage.asked] == [
        "JobsByName", "LastResults", "Overview",
    ]  # fmt: skip


def test_filters(client: Api, storage: MemoryStorage) -> None:
    for name in ("Daily Report", "report", "other"):
        job_service.create(storage, EVERY_MINUTE | {"name": name})
    job_service.create(storage, IN_WARSAW | {"service": "report.daily"})
    fail(storage, "2")
    for limit in (1, 100):
        assert listed(client, name_contains="REPORT", limit=limit) == [
            "Daily Report", "report", "weekly report",
        ]  # fmt: skip
        assert listed(client, service="report.daily", limit=limit) == ["weekly report"]
        assert listed(client, job_type="cron_style", limit=limit) == ["weekly report"]
        assert listed(client, active="false", limit=limit) == ["weekly report"]
        assert listed(client, result="failed", limit=limit) == ["report"]
        never = ["Daily Report", "other", "weekly report"]
        assert listed(client, result="none", limit=limit) == never
        assert listed(client, result="none", sort="-name", limit=limit) == never[::-1]
        by_due = listed(client, result="none", sort="next_due", limit=limit)
        assert by_due == never  # the last one is not active
        assert listed(client, active="true", name_contains="r", sort="-next_due", limit=limit) == [
            "Daily Report", "other", "report",
        ]  # fmt: skip
    assert listed(client, name="report", result="failed") == ["report"]
    assert listed(client, name="report", result="ok") == []
    assert listed(client, name_contains="nowhere", service="work") == []


def test_a_wrong_filter_names_the_nearest_right_one(client: Api, storage: MemoryStorage) -> None:
    job_service.create(storage, EVERY_MINUTE)
    assert "did you mean interval_based?" in faults(client, job_type="interval")["job_type"]
    wrong = faults(client, job_type="cron", active="yes", result="fail")
    assert wrong.keys() == {"job_type", "active", "result"}
    assert "did you mean failed?" in wrong["result"]
    assert all(result in wrong["result"] for result in RESULTS)
    assert "did you mean next_due?" in faults(client, sort="next-due")["sort"]
    assert "did you mean report.daily?" in faults(client, service="report.dialy")["service"]
    assert listed(client, service="report.daily") == []  # a server has it
    assert faults(client, limit="0").keys() == {"limit"}
    assert faults(client, limit="1001").keys() == {"limit"}


@pytest.mark.parametrize("cursor", ["", "x", "é", "WyJuYW1lIl0=", "WyJuYW1lIiwgIlx1ZDgwMCJd"])
def test_a_cursor_that_is_none(client: Api, cursor: str) -> None:
    assert faults(client, cursor=cursor) == {"cursor": "it must be `next` of an answer"}


def test_a_cursor_of_another_order(client: Api, storage: MemoryStorage) -> None:
    job_service.create_all(storage, [EVERY_MINUTE | {"name": str(n)} for n in range(2)])
    cursor = client.get("/jobs", params={"limit": 1}).json()["next"]
    assert "by name" in faults(client, cursor=cursor, sort="next_due")["cursor"]


def test_the_results_of_a_job(client: Api, storage: MemoryStorage) -> None:
    job_service.create(storage, EVERY_MINUTE)
    assert client.get("/jobs/1/results").json() == {"results": []}
    cid = fail(storage, "1")
    (result,) = client.get("/jobs/1/results").json()["results"]
    assert (result["cid"], result["outcome"], result["on_demand"]) == (cid, "failed", True)
    assert (result["duration"], result["server"], result["attempt"]) == ("1m30s", "s1", 1)
    (job,) = client.get("/jobs").json()["jobs"]
    last = job["last_result"]
    assert (last["outcome"], last["finished"]) == ("failed", "2026-01-05T08:01:30Z")
    assert len(last["error"]) == 200 and result["error"].startswith(last["error"])
    assert client.get("/jobs/1").json() == job == client.patch("/jobs/1", json={}).json()
    assert client.get("/jobs/2/results").status_code == 404
