"""The API over HTTP: jobs, conditional changes, and problems."""

import logging
from typing import Any

import httpx
import msgspec
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from gnomon.reference.jobs import LARGEST_EXTRA, Definition
from gnomon.reference.live.api.schemas import JobFields
from gnomon.reference.schedule.clock import MINUTE
from gnomon.reference.store.administration import Overview
from tests.support.memory_storage import (
    DOWN,
    EVERY_MINUTE,
    MemoryStorage,
    app_over,
)

LOOPBACK = "http://127.0.0.1:8000"
JSON = {"Content-Type": "application/json"}


def problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    """The problem that an answer tells, which must be whole."""
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    told: dict[str, Any] = answer.json()
    assert told.keys() == {"type", "title", "status", "detail", "faults"}
    assert told["status"] == status and told["detail"]
    return told


def fields_at_fault(answer: httpx.Response, status: int) -> set[str]:
    return {fault["field"] for fault in problem(answer, status)["faults"]}


# --- jobs


def test_a_job_goes_through_its_life(client: TestClient[Litestar]) -> None:
    """API-1"""
    created = client.post("/jobs", json=EVERY_MINUTE)
    assert (created.status_code, created.headers["ETag"]) == (201, '"1"')
    path = created.headers["Location"]
    assert client.get(path).json() == created.json() == {
        **EVERY_MINUTE,
        "id": "1", "revision": 1, "published": 0, "is_active": True, "extra": None,
        "cursor": "2026-01-05T08:00:00Z", "next_due": "2026-01-05T08:00:30Z",
        "problem": None, "last_result": None,
        "weeks": 0, "days": 0, "hours": 0, "seconds": 0, "repeats": None,
        "ends": None,
        "cron_definition": None, "timezone": "UTC", "misfire": "once", "grace": "1s",
        "max_parallel": None, "jitter": "0s", "max_runtime": None,
    }  # fmt: skip
    edited = client.patch(path, json={"minutes": 2, "grace": "5s"})
    assert (edited.json()["minutes"], edited.json()["grace"]) == (2, "5s")
    assert edited.headers["ETag"] == '"2"'
    stopped = client.post(f"{path}/deactivate").json()
    assert (stopped["is_active"], stopped["next_due"]) == (False, None)
    assert client.post(f"{path}/activate").json()["is_active"] is True
    executed = client.post(f"{path}/execute")
    assert executed.status_code == 202
    (run,) = client.get(f"{path}/runs").json()["runs"]
    assert (run["cid"], run["on_demand"]) == (executed.json()["cid"], True)
    assert (run["due"], run["started"]) == ("2026-01-05T08:00:00Z", None)
    assert client.get("/jobs").json() == {"jobs": [client.get(path).json()], "next": None}
    assert client.delete(path).status_code == 200
    problem(client.get(path), 404)
    assert client.get("/jobs").json() == {"jobs": [], "next": None}


def test_many_jobs_are_created_or_refused_one_by_one(
    client: TestClient[Litestar], storage: MemoryStorage
) -> None:
    """API-3: each has its own answer; one that is wrong does not affect the others."""
    wrong = EVERY_MINUTE | {"name": "wrong", "minutes": -1, "service": "wrok"}
    good = [EVERY_MINUTE | {"name": f"report {number}"} for number in range(150)]
    answer = client.post("/jobs", json=[*good, wrong, 7, good[0]])
    assert answer.status_code == 207
    found = answer.json()
    assert (found["created"], found["refused"]) == (150, 3)
    made = [result["job"] for result in found["results"][:150]]
    faulty, number, taken = (result["problem"] for result in found["results"][150:])
    assert [job["name"] for job in made] == [definition["name"] for definition in good]
    listed = {job["id"]: job for job in client.get("/jobs?limit=1000").json()["jobs"]}
    assert listed == {job["id"]: job for job in made}
    assert {fault["field"] for fault in faulty["faults"]} == {"service", "minutes"}
    assert (number["status"], number["faults"][0]["field"]) == (422, "definition")
    assert (taken["status"], taken["faults"][0]["field"]) == (422, "name")


def test_many_jobs_are_few_calls_of_the_store(
    client: TestClient[Litestar], storage: MemoryStorage
) -> None:
    """The servers and their services are read once."""
    client.post("/jobs", json=[EVERY_MINUTE | {"name": str(number)} for number in range(250)])
    assert sum(isinstance(asked, Overview) for asked in storage.asked) == 1


def test_a_recurring_job_without_a_start_starts_now(client: TestClient[Litestar]) -> None:
    """As with gnomon jobs create; a one-time job must name the instant."""
    fields = {field: EVERY_MINUTE[field] for field in EVERY_MINUTE if field != "start_date"}
    created = client.post("/jobs", json=fields)
    assert (created.status_code, created.json()["start_date"]) == (201, "2026-01-05T08:00:00Z")
    once = {"name": "once", "job_type": "one_time", "service": "work"}
    assert fields_at_fault(client.post("/jobs", json=once), 422) == {"start_date"}
    many = client.post("/jobs", json=[fields | {"name": "other"}, once, 7]).json()
    assert many["results"][0]["job"]["start_date"] == "2026-01-05T08:00:00Z"
    assert many["refused"] == 2


def test_a_refused_creation_uses_up_no_id(client: TestClient[Litestar]) -> None:
    """And the history records it without one."""
    problem(client.post("/jobs", json=EVERY_MINUTE | {"minutes": -1}), 422)
    assert client.post("/jobs", json=EVERY_MINUTE).json()["id"] == "1"


@pytest.mark.parametrize("body", [[], [EVERY_MINUTE] * 10_001], ids=["none", "too many"])
def test_a_list_of_definitions_has_a_limit(
    client: TestClient[Litestar], body: list[dict[str, object]]
) -> None:
    assert fields_at_fault(client.post("/jobs", json=body), 400) == {"body"}


@pytest.mark.parametrize("fields", [{}, {"minutes": 1}, {"name": "report", "extra": None}])
def test_a_change_that_changes_nothing_leaves_the_revision(
    client: TestClient[Litestar], storage: MemoryStorage, fields: dict[str, object]
) -> None:
    created = client.post("/jobs", json=EVERY_MINUTE)
    recorded = len(storage.events)
    changed = client.patch(created.headers["Location"], json=fields)
    assert changed.json() == created.json() and len(storage.events) == recorded
    problem(client.patch("/jobs/1", json=fields, headers={"If-Match": '"2"'}), 412)


def test_a_limit_is_given_changed_and_removed(client: TestClient[Litestar]) -> None:
    """FIRE-3, API-1"""
    limits = {"ends": "2026-02-01T00:00:00Z", "repeats": 3}
    hourly = {"job_type": "cron_style", "cron_definition": "@hourly"}
    fields = {name: value for name, value in EVERY_MINUTE.items() if name != "minutes"}
    path = client.post("/jobs", json=fields | hourly | limits).headers["Location"]
    assert limits.items() <= client.get(path).json().items()
    later = client.patch(path, json={"ends": "2027-01-01T00:00:00Z", "repeats": None}).json()
    assert (later["ends"], later["repeats"]) == ("2027-01-01T00:00:00Z", None)
    assert client.patch(path, json={"ends": None}).json()["ends"] is None
    over = client.patch(path, json={"ends": "2025-01-01T00:00:00Z"})
    assert "ends" in str(problem(over, 422))


def test_a_job_that_has_ended_is_neither_created_nor_activated(
    client: TestClient[Litestar],
) -> None:
    """FIRE-9, FIRE-10, API-4"""
    over = EVERY_MINUTE | {"start_date": "2026-01-01T00:00:00Z", "ends": "2026-01-02T00:00:00Z"}
    assert "it has passed" in str(problem(client.post("/jobs", json=over), 422))
    created = client.post("/jobs", json=over | {"is_active": False})
    refused = problem(client.post(f"{created.headers['Location']}/activate"), 409)
    assert "its end has passed" in str(refused)


def test_what_is_read_can_be_written_back(client: TestClient[Litestar]) -> None:
    read = client.post("/jobs", json=EVERY_MINUTE | {"extra": "Ωμέγα\r\n\x00"}).json()
    fields = {name: read[name] for name in JobFields.__struct_fields__}
    again = client.patch("/jobs/1", json=fields)
    assert again.status_code == 200
    assert again.json() == read


def test_one_job_can_be_asked_for_by_name(client: TestClient[Litestar]) -> None:
    for name in ("a", "b&c"):
        client.post("/jobs", json=EVERY_MINUTE | {"name": name})
    found = client.get("/jobs", params={"name": "b&c"}).json()["jobs"]
    assert [job["name"] for job in found] == ["b&c"]
    assert client.get("/jobs", params={"name": "c"}).json()["jobs"] == []


def test_the_largest_payload_comes_through_however_it_is_escaped(
    client: TestClient[Litestar],
) -> None:
    extra = "\x01" * LARGEST_EXTRA
    answer = client.post("/jobs", json=EVERY_MINUTE | {"extra": extra})
    assert answer.status_code == 201
    assert answer.json()["extra"] == extra


def test_the_types_name_every_field_of_a_definition() -> None:
    """API-12"""
    assert JobFields.__struct_fields__ == Definition.__struct_fields__


# --- concurrency


def test_a_change_can_be_made_conditional(client: TestClient[Litestar]) -> None:
    """API-2"""
    client.post("/jobs", json=EVERY_MINUTE)
    changed = client.patch("/jobs/1", json={"minutes": 2}, headers={"If-Match": '"1"'})
    assert changed.status_code == 200
    for tag in ('"2"', "*", " * "):
        answer = client.post("/jobs/1/execute", headers={"If-Match": tag})
        assert answer.status_code == 202
    stale = {"If-Match": '"1"'}
    answers = [
        client.patch("/jobs/1", json={"minutes": 5}, headers=stale),
        client.delete("/jobs/1", headers=stale),
        *(client.post(f"/jobs/1/{do}", headers=stale) for do in ("execute", "activate")),
        client.post("/jobs/1/deactivate", headers=stale),
    ]
    for answer in answers:
        assert "revision 2" in problem(answer, 412)["detail"]
        assert answer.headers["ETag"] == '"2"'
    kept = client.get("/jobs/1").json()
    assert (kept["revision"], kept["minutes"], kept["is_active"]) == (2, 2, True)


@pytest.mark.parametrize(
    "tag", ["1", 'W/"1"', '"1", "2"', '""', '"0"', '"x"', '"-1"', '"' + "9" * 40 + '"']
)
def test_what_is_no_etag_of_a_job_is_told_so(client: TestClient[Litestar], tag: str) -> None:
    """API-2"""
    client.post("/jobs", json=EVERY_MINUTE)
    answer = client.delete("/jobs/1", headers={"If-Match": tag})
    assert fields_at_fault(answer, 400) == {"If-Match"}
    assert client.get("/jobs/1").status_code == 200


# --- problems


def test_all_faults_of_a_definition_are_told_at_once(client: TestClient[Litestar]) -> None:
    """API-3"""
    client.post("/jobs", json=EVERY_MINUTE)
    wrong = EVERY_MINUTE | {"service": 7, "minutes": "1", "is_active": "yes", "colour": "red"}
    answer = client.post("/jobs", json=wrong)
    wanted = {"name", "service", "minutes", "is_active", "colour"}
    assert fields_at_fault(answer, 422) == wanted
    answer = client.patch("/jobs/1", json={"job_type": "one_time", "repeats": 0})
    assert {"job_type", "repeats"} <= fields_at_fault(answer, 422)
    answer = client.post("/jobs", json={})
    assert fields_at_fault(answer, 422) == {"name", "job_type", "service", "start_date"}
    assert len(client.get("/jobs").json()["jobs"]) == 1


BAD_BODIES = [
    b"",
    b"{",
    b"null",
    b"[]",
    b'"text"',
    b"NaN",
    b'{"minutes": 1e999}',
    b'{"minutes": ' + b"9" * 5_000 + b"}",
    b'{"name": "\xff"}',
    b'{"name": "\\ud800"}',
    b"[" * 100_000,
    b'{"extra":' * 50_000,
    b"\x00" * 100,
    "{}".encode("utf-16"),
]


@pytest.mark.parametrize("body", BAD_BODIES, ids=lambda body: repr(body[:20]))
def test_a_body_that_is_no_json_object_is_told_so(
    client: TestClient[Litestar], body: bytes
) -> None:
    """API-4"""
    client.post("/jobs", json=EVERY_MINUTE)
    for answer in (
        client.post("/jobs", content=body, headers=JSON),
        client.patch("/jobs/1", content=body, headers=JSON),
    ):
        assert fields_at_fault(answer, 400) == {"body"}


WRONG_VALUES: list[Any] = [None, True, -1, 10**30, 1.5, "", "x" * 1_000, [], [[]], {}, {"a": {}}]


@pytest.mark.parametrize("field", JobFields.__struct_fields__)
def test_any_value_in_any_field_is_taken_or_told(client: TestClient[Litestar], field: str) -> None:
    """API-4"""
    client.post("/jobs", json=EVERY_MINUTE)
    for number, value in enumerate(WRONG_VALUES):
        for answer in (
            client.patch("/jobs/1", json={field: value}),
            client.post("/jobs", json=EVERY_MINUTE | {"name": f"job {number}"} | {field: value}),
        ):
            if not answer.is_success:
                assert problem(answer, 422)["faults"]


def test_a_body_that_is_too_large_is_refused(client: TestClient[Litestar]) -> None:
    """API-4"""
    answer = client.post("/jobs", json=EVERY_MINUTE | {"extra": "x" * 4_000_000})
    assert "4000000" in problem(answer, 413)["detail"]


def test_every_other_mistake_is_a_problem_too(client: TestClient[Litestar]) -> None:
    """API-4"""
    client.post("/jobs", json=EVERY_MINUTE)
    problem(client.get("/jobs/7"), 404)
    problem(client.get("/jobs/%00%ff"), 404)
    problem(client.get("/nowhere"), 404)
    problem(client.get("/"), 404)
    refused = client.put("/jobs", json={})
    problem(refused, 405)
    assert {"GET", "POST"} <= set(refused.headers["Allow"].split(", "))
    problem(client.post("/jobs", content=b"a=b"), 415)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/jobs/1/activate"),
        ("POST", "/jobs/1/deactivate"),
        ("DELETE", "/jobs/1"),
        ("DELETE", "/messages/1"),
        ("POST", "/messages/1/put-back"),
    ],
)
def test_a_body_that_nobody_would_read_is_refused(
    client: TestClient[Litestar], storage: MemoryStorage, method: str, path: str
) -> None:
    """API-3: a payload for one run, say, would be ignored silently."""
    client.post("/jobs", json=EVERY_MINUTE)
    before = len(storage.events)
    assert fields_at_fault(client.request(method, path, json={"extra": "north"}), 400) == {"body"}
    chunks = iter([b"{}"])  # without a length
    assert fields_at_fault(client.request(method, path, content=chunks), 400) == {"body"}
    assert len(storage.events) == before


def test_a_change_may_be_declared_as_a_merge_patch(client: TestClient[Litestar]) -> None:
    """API-4; a new job may not: there is nothing to merge it with."""
    headers = {"Content-Type": "application/merge-patch+json"}
    refused = client.post("/jobs", content=msgspec.json.encode(EVERY_MINUTE), headers=headers)
    problem(refused, 415)
    client.post("/jobs", json=EVERY_MINUTE | {"extra": "north"})
    changed = client.patch("/jobs/1", content=b'{"minutes": 5, "extra": null}', headers=headers)
    assert changed.status_code == 200
    assert (changed.json()["minutes"], changed.json()["extra"]) == (5, None)
    assert client.get("/jobs/1").json() == changed.json()


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        ("/jobs/1/runs?limit=0", {"limit"}),
        ("/jobs/1/runs?limit=1001", {"limit"}),
        ("/jobs/1/runs?limit=x", {"limit"}),
        ("/history?after=-1&follow=perhaps", {"after", "follow"}),
        ("/history?after=99999999999999999999999", {"after"}),
        ("/history?folow=true&since=0", {"folow", "since"}),
        ("/jobs?color=red", {"color"}),
        ("/cluster?all=1", {"all"}),
    ],
)
def test_every_bad_parameter_is_told(
    client: TestClient[Litestar], path: str, wrong: set[str]
) -> None:
    """API-3"""
    client.post("/jobs", json=EVERY_MINUTE)
    assert fields_at_fault(client.get(path), 400) == wrong


def test_a_state_that_forbids_it_is_a_conflict(
    client: TestClient[Litestar], storage: MemoryStorage
) -> None:
    once = {"name": "once", "job_type": "one_time", "service": "work", "is_active": False}
    client.post("/jobs", json=once | {"start_date": "2026-01-05T08:00:01Z"})
    storage.clock.now += MINUTE
    problem(client.post("/jobs/1/activate"), 409)


def test_an_outage_of_the_store_is_told_with_when_to_come_again(
    client: TestClient[Litestar], storage: MemoryStorage
) -> None:
    """API-5"""
    storage.outage = DOWN
    for path in ("/jobs", "/jobs/1", "/jobs/1/runs", "/cluster", "/history"):
        answer = client.get(path)
        assert "connection refused" in problem(answer, 503)["detail"]
        assert int(answer.headers["Retry-After"]) > 0
    problem(client.post("/jobs", json=EVERY_MINUTE), 503)


class Broken(MemoryStorage):
    """A storage with a defect."""

    def new_job_ids(self, count: int) -> list[str]:
        raise KeyError("a secret of ours")


def test_a_defect_is_logged_and_told_to_nobody(caplog: pytest.LogCaptureFixture) -> None:
    with TestClient(app_over(Broken()), base_url=LOOPBACK) as client:
        answer = client.post("/jobs", json=EVERY_MINUTE)
    problem(answer, 500)
    assert "secret" not in answer.text
    assert "a secret of ours" in caplog.text


def test_payloads_are_not_logged(
    client: TestClient[Litestar], caplog: pytest.LogCaptureFixture
) -> None:
    """API-11"""
    with caplog.at_level(logging.INFO):
        client.post("/jobs", json=EVERY_MINUTE | {"extra": "s3cret"})
        client.post("/jobs", json=EVERY_MINUTE | {"extra": "s3cret", "minutes": -1})
        client.post("/jobs", content=b'{"extra": "s3cret"', headers=JSON)
    assert "s3cret" not in caplog.text
