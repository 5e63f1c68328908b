"""Zato's names: a client that knows nothing but Zato's documentation is served as it expects."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from gnomon.reference import events
from gnomon.reference.jobs import read
from gnomon.reference.live.api import job_service
from gnomon.reference.live.api.zato import service_id
from gnomon.reference.schedule.clock import read_instant
from gnomon.reference.store.operations import PutJob
from tests.support.memory_storage import DOWN, EVERY_MINUTE, MemoryStorage, app_over, member, served


class ZatoError(Exception):
    """The answer was not ZATO_OK; the status and the details."""


class ZatoClient:
    """A client as Zato's documentation lets one write it: JSON over HTTP, and no more."""

    def __init__(self, post: Callable[[str, str], tuple[int, bytes]]) -> None:
        self.post = post

    def invoke(self, op: str, /, **request: object) -> Any:
        path = f"/zato/json/zato.scheduler.job.{op}"
        status, body = self.post(path, json.dumps(request))
        answer = json.loads(body)
        env = answer.pop("zato_env")
        assert env.keys() == {"result", "cid", "details"}
        assert env["cid"][0] == "K" and len(env["cid"]) == 40
        if env["result"] != "ZATO_OK":
            raise ZatoError(status, env["details"])
        assert (status, env["details"]) == (200, "")
        assert list(answer) == [f"zato_scheduler_job_{op.replace('-', '_')}_response"]
        return answer.popitem()[1]


@pytest.fixture
def storage() -> MemoryStorage:
    return MemoryStorage([member()])


@pytest.fixture
def client(storage: MemoryStorage) -> Iterator[TestClient[Litestar]]:
    with TestClient(app_over(storage), base_url="http://127.0.0.1:8000") as client:
        yield client


@pytest.fixture
def zato(client: TestClient[Litestar]) -> ZatoClient:
    """A client whose requests take no network."""

    def post(path: str, body: str) -> tuple[int, bytes]:
        answer = client.post(path, content=body)
        return answer.status_code, answer.content

    return ZatoClient(post)


ENDS = "2027-01-01T00:00:00Z"
INTERVAL = {
    "cluster_id": 1,
    "name": "collect",
    "is_active": True,
    "job_type": "interval_based",
    "service": "work",
    "start_date": "2026-01-05T09:00:00",
    "hours": 2,
}
CRON = INTERVAL | {"name": "nightly", "job_type": "cron_style", "cron_definition": "@daily"}
del CRON["hours"]
ONCE = {
    "cluster_id": "1", "name": "once", "is_active": "true", "job_type": "one_time",
    "service": "work", "start_date": "2026-01-05T09:00:00", "extra": "", "weeks": "", "days": "",
    "hours": "", "minutes": "", "seconds": "", "repeats": "", "cron_definition": "",
}  # fmt: skip
"""As a form on a web page sends it: everything is text, and what is not set is empty."""


def test_a_client_of_zato_s_works_unchanged_against_a_real_server(storage: MemoryStorage) -> None:
    """API-13"""
    with served(storage) as connection:

        def post(path: str, body: str) -> tuple[int, bytes]:
            connection.request("POST", path, body)
            answer = connection.getresponse()
            return answer.status, answer.read()

        use_all_seven_services(ZatoClient(post), storage)


def use_all_seven_services(zato: ZatoClient, storage: MemoryStorage) -> None:
    created = zato.invoke("create", **INTERVAL, extra="Ωμέγα\r\n")
    assert created == {"id": 1, "name": "collect"}
    assert zato.invoke("create", **CRON) == {
        "id": 2, "name": "nightly", "cron_definition": "@daily",
    }  # fmt: skip
    assert zato.invoke("create", **ONCE) == {"id": 3, "name": "once"}
    collect = {
        "id": 1, "name": "collect", "is_active": True, "job_type": "interval_based",
        "start_date": "2026-01-05T09:00:00", "service_id": service_id("work"),
        "service_name": "work", "extra": "Ωμέγα\r\n",
        "weeks": 0, "days": 0, "hours": 2, "minutes": 0, "seconds": 0,
    }  # fmt: skip
    listed = zato.invoke("get-list", cluster_id=1)
    assert [job["name"] for job in listed] == ["collect", "nightly", "once"]
    assert listed[0] == collect == zato.invoke("get-by-name", cluster_id=1, name="collect")
    assert listed[2]["extra"] == ""
    edit = INTERVAL | {"id": created["id"], "name": "gather", "hours": "3", "repeats": 5}
    assert zato.invoke("edit", **edit) == {"id": 1, "name": "gather"}
    gather = zato.invoke("get-by-name", cluster_id=1, name="gather")
    del collect["extra"]  # an edit that does not give it takes it away
    assert gather == collect | {"name": "gather", "hours": 3, "repeats": 5}
    assert zato.invoke("execute", id=1) == {}
    assert [run.on_demand for run in job_service.runs(storage, "1", 10).runs] == [True]
    assert zato.invoke("set-active-status", id="1", is_active=False) == {}
    assert zato.invoke("get-by-name", cluster_id=1, name="gather")["is_active"] is False
    assert zato.invoke("delete", id="1") == {}
    assert [job["id"] for job in zato.invoke("get-list", cluster_id=1)] == [2, 3]


@pytest.mark.parametrize("op", ["create", "edit"])
@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"job_type": "hourly"}, "job_type"),
        ({"name": "nightly"}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"service": "wrok"}, "service"),
        ({"hours": 0}, "interval"),
        ({"hours": "", "repeats": 3}, "must be above 0"),
        ({"hours": "two"}, "hours"),
        ({"hours": "-2"}, "hours"),
        ({"hours": True}, "hours"),
        ({"repeats": 0}, "repeats"),
        ({"start_date": "tomorrow"}, "start_date"),
        ({"is_active": "perhaps"}, "is_active"),
        ({"is_active": ""}, "is_active"),
        ({"cron_definition": "* * * *"}, "cron_definition"),
        ({"colour": "red"}, "colour"),
        ({"cluster_id": None}, "cluster_id"),
        ({"cluster_id": []}, "cluster_id"),
    ],
)
def test_what_is_not_documented_is_refused_and_changes_nothing(
    zato: ZatoClient, op: str, fields: dict[str, Any], field: str
) -> None:
    """API-3, API-13"""
    zato.invoke("create", **INTERVAL)
    zato.invoke("create", **CRON)
    before = zato.invoke("get-list", cluster_id=1)
    request = INTERVAL | {"name": "collect" if op == "edit" else "other"} | fields
    if op == "edit":
        request["id"] = 1
    with pytest.raises(ZatoError) as caught:
        zato.invoke(op, **request)
    status, details = caught.value.args
    assert status in (400, 422)
    assert field in details
    assert zato.invoke("get-list", cluster_id=1) == before


def test_the_faults_of_the_envelope_and_of_the_definition_come_together(zato: ZatoClient) -> None:
    """API-3"""
    with pytest.raises(ZatoError) as caught:
        zato.invoke("create", name="a", hours=-1, start_date="now", job_type="interval_based")
    status, details = caught.value.args
    assert status == 400
    for field in ("cluster_id", "is_active", "hours", "start_date", "service"):
        assert details.count(f"{field}: ") == 1


def test_an_edit_leaves_what_zato_does_not_know(zato: ZatoClient, storage: MemoryStorage) -> None:
    ours = {"timezone": "Europe/Warsaw", "misfire": "skip", "grace": "9s", "ends": ENDS}
    cron = {"job_type": "cron_style", "cron_definition": "0 12 * * *", "name": "noon"}
    fields = {name: value for name, value in EVERY_MINUTE.items() if name != "minutes"}
    job = job_service.create(storage, fields | cron | ours)
    zato.invoke("edit", **CRON, id=job.id)
    edited = job_service.get(storage, job.id).definition
    assert (edited.name, edited.cron_definition) == ("nightly", "@daily")
    assert (edited.timezone, edited.misfire, edited.grace) == ("Europe/Warsaw", "skip", 9_000_000)
    assert edited.ends == read_instant(ENDS)


def test_a_cron_job_has_repeats(zato: ZatoClient, storage: MemoryStorage) -> None:
    job = job_service.create(storage, EVERY_MINUTE | {"name": "other"})
    created = zato.invoke("create", **CRON, repeats="3")
    definition = job_service.get(storage, str(created["id"])).definition
    assert (definition.cron_definition, definition.repeats) == ("@daily", 3)
    assert job_service.get(storage, job.id).definition.repeats is None


@pytest.mark.parametrize("op", ["edit", "delete", "execute", "set-active-status", "get-by-name"])
def test_a_job_that_is_not_there_is_an_error(zato: ZatoClient, op: str) -> None:
    requests: dict[str, dict[str, object]] = {
        "edit": INTERVAL | {"id": 7},
        "set-active-status": {"id": 7, "is_active": True},
        "get-by-name": {"cluster_id": 1, "name": "gone"},
    }
    with pytest.raises(ZatoError, match="there is no job"):
        zato.invoke(op, **requests.get(op, {"id": 7}))


def test_no_job_has_a_name_that_is_no_text(zato: ZatoClient) -> None:
    """API-4"""
    names: list[object] = [7, [], {}, True]
    for name in names:
        with pytest.raises(ZatoError, match="there is no job of name") as caught:
            zato.invoke("get-by-name", cluster_id=1, name=name)
        assert caught.value.args[0] == 404


@pytest.mark.parametrize("id", [None, "", True, 1.5, [], {}, 10**30, "x", "\x00", -1])
def test_any_id_is_answered(zato: ZatoClient, id: object) -> None:
    """API-4"""
    with pytest.raises(ZatoError) as caught:
        zato.invoke("delete", id=id)
    assert caught.value.args[0] in (400, 404)


def test_an_id_that_somebody_else_made_up_stays_as_it_is(
    zato: ZatoClient, storage: MemoryStorage
) -> None:
    storage.serve("somebody", PutJob("job-1", read(EVERY_MINUTE)))
    (listed,) = zato.invoke("get-list", cluster_id=1)
    assert listed["id"] == "job-1"
    zato.invoke("delete", id="job-1")
    assert zato.invoke("get-list", cluster_id=1) == []


def test_service_ids_differ_and_stay_the_same() -> None:
    assert service_id("work") == 7_380_843
    assert len({service_id(f"service {number}") for number in range(1_000)}) == 1_000


@pytest.mark.parametrize(
    ("name", "body", "status"),
    [
        ("zato.scheduler.job.get-lst", b'{"cluster_id": 1}', 404),
        ("zato.scheduler.job.get-list", b"", 400),
        ("zato.scheduler.job.get-list", b"[" * 100_000, 400),
        ("zato.scheduler.job.get-list", b'{"cluster_id": "' + b"1" * 4_000_000 + b'"}', 413),
    ],
    ids=["no such service", "empty", "deep", "large"],
)
def test_errors_before_a_service_is_reached_have_the_envelope_too(
    client: TestClient[Litestar], name: str, body: bytes, status: int
) -> None:
    """API-4"""
    answer = client.post(f"/zato/json/{name}", content=body)
    assert answer.status_code == status
    assert answer.json()["zato_env"]["result"] == "ZATO_ERROR"
    assert answer.json()["zato_env"]["details"]


def test_an_outage_has_the_envelope_too(
    client: TestClient[Litestar], storage: MemoryStorage
) -> None:
    """API-5"""
    storage.outage = DOWN
    answer = client.post("/zato/json/zato.scheduler.job.get-list", json={"cluster_id": 1})
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert answer.json()["zato_env"]["result"] == "ZATO_ERROR"


def test_a_rejected_definition_is_in_the_history(zato: ZatoClient, storage: MemoryStorage) -> None:
    with pytest.raises(ZatoError):
        zato.invoke("create", **INTERVAL | {"hours": 0})
    assert isinstance(storage.events[-1], events.JobRejected)
