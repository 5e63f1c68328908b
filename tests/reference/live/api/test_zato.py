"""Zato's services: clients of each generation are served as they expect (API-13)."""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from gnomon.reference import events
from gnomon.reference.jobs import read
from gnomon.reference.live.api import job_service
from gnomon.reference.live.api.zato.forms import service_id
from gnomon.reference.schedule.clock import read_instant
from gnomon.reference.store.operations import PutJob
from tests.support.memory_storage import DOWN, EVERY_MINUTE, MemoryStorage, served


class ZatoError(Exception):
    """The answer was not ZATO_OK; the status and the details."""


class ZatoClient:
    """A client as Zato's documentation lets one write it: JSON over HTTP, and no more."""

    def __init__(self, post: Callable[[str, str], tuple[int, bytes, str | None]]) -> None:
        self.post = post
        self.meta: Any = None

    def invoke(self, op: str, /, **request: object) -> Any:
        path = f"/zato/json/zato.scheduler.job.{op}"
        status, body, cid = self.post(path, json.dumps(request))
        answer = json.loads(body)
        env = answer.pop("zato_env")
        self.meta = answer.pop("_meta", None)
        assert env.keys() == {"result", "cid", "details"}
        assert env["cid"][0] == "K" and len(env["cid"]) == 40
        assert env["cid"] == cid
        if env["result"] != "ZATO_OK":
            raise ZatoError(status, env["details"])
        assert (status, env["details"]) == (200, "")
        assert list(answer) == [f"zato_scheduler_job_{op.replace('-', '_')}_response"]
        return answer.popitem()[1]


@pytest.fixture
def zato(client: TestClient[Litestar]) -> ZatoClient:
    """A client whose requests take no network."""

    def post(path: str, body: str) -> tuple[int, bytes, str | None]:
        answer = client.post(path, content=body)
        return answer.status_code, answer.content, answer.headers.get("X-Zato-CID")

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

        def post(path: str, body: str) -> tuple[int, bytes, str | None]:
            connection.request("POST", path, body)
            answer = connection.getresponse()
            return answer.status, answer.read(), answer.headers["X-Zato-CID"]

        use_all_services(ZatoClient(post), storage)


def use_all_services(zato: ZatoClient, storage: MemoryStorage) -> None:
    created = zato.invoke("create", **INTERVAL, extra="Ωμέγα\r\n")
    assert created == {"id": 1, "name": "collect", "cron_definition": None}
    assert zato.invoke("create", **CRON) == {
        "id": 2, "name": "nightly", "cron_definition": "0 0 * * *",
    }  # fmt: skip
    assert zato.invoke("create", **ONCE) == {"id": 3, "name": "once", "cron_definition": None}
    collect = {
        "id": 1, "name": "collect", "is_active": True, "job_type": "interval_based",
        "start_date": "2026-01-05T09:00:00", "service_id": service_id("work"),
        "service_name": "work", "extra": "Ωμέγα\r\n",
        "weeks": None, "days": None, "hours": 2, "minutes": None, "seconds": None,
        "repeats": None, "cron_definition": None,
    }  # fmt: skip
    listed = zato.invoke("get-list", cluster_id=1)
    assert [job["name"] for job in listed] == ["collect", "nightly", "once"]
    assert listed[0] == collect == zato.invoke("get-by-name", cluster_id=1, name="collect")
    assert listed[0] == zato.invoke("get-by-id", cluster_id=1, id="1")
    assert listed[2]["extra"] == ""
    edit = INTERVAL | {"id": created["id"], "name": "gather", "hours": "3", "repeats": 5}
    assert zato.invoke("edit", **edit) == {"id": 1, "name": "gather", "cron_definition": None}
    gather = zato.invoke("get-by-name", cluster_id=1, name="gather")
    # an edit that does not give the extra data takes it away
    assert gather == collect | {"name": "gather", "hours": 3, "repeats": 5, "extra": None}
    assert zato.invoke("execute", id=1) == {}
    assert zato.invoke("execute", job_id="1") == {}
    assert [run.on_demand for run in job_service.runs(storage, "1", 10).runs] == [True, True]
    assert zato.invoke("set-active-status", id="1", is_active=False) == {}
    assert zato.invoke("get-by-name", cluster_id=1, name="gather")["is_active"] is False
    assert zato.invoke("delete", id="1") == {}
    assert [job["id"] for job in zato.invoke("get-list", cluster_id=1)] == [2, 3]


@pytest.mark.parametrize("op", ["create", "edit"])
@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"job_type": "hourly"}, "job_type"),
        ({"name": "nightly"}, "already exists"),
        ({"name": "x" * 201}, "name"),
        ({"service": "wrok"}, "service"),
        ({"hours": 0}, "interval"),
        ({"hours": "", "repeats": 3}, "must be above 0"),
        ({"hours": "two"}, "hours"),
        ({"hours": "-2"}, "hours"),
        ({"hours": True}, "hours"),
        ({"repeats": -1}, "repeats"),
        ({"start_date": "tomorrow"}, "start_date"),
        ({"is_active": "perhaps"}, "is_active"),
        ({"is_active": 2}, "is_active"),
        ({"is_active": None}, "is_active"),
        ({"cron_definition": "* * * *"}, "cron_definition"),
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
    for field in ("is_active", "hours", "start_date", "service"):
        assert details.count(f"{field}: ") == 1


def job_of(zato: ZatoClient, **fields: object) -> Any:
    """The one job, created with these fields, as Zato shows it."""
    zato.invoke("create", **INTERVAL | fields)
    return zato.invoke("get-by-name", cluster_id=1, name=fields.get("name", "collect"))


@pytest.mark.parametrize("id", ["", None, "17", 17])
def test_the_id_of_a_new_job_is_ignored(zato: ZatoClient, id: object) -> None:
    """Z1"""
    assert job_of(zato, id=id)["id"] == 1


def test_fields_of_other_generations_are_ignored(zato: ZatoClient) -> None:
    """Z4"""
    job = job_of(zato, colour="red", on_success_service="x", jitter_ms=5)
    assert "colour" not in job
    assert [job] == zato.invoke("get-list", needs_details=True)


@pytest.mark.parametrize(
    ("given", "is_active"),
    [
        *((value, True) for value in (True, 1, "1", "on", "y", "yes", "t", "true", "TRUE", " On ")),
        *((value, False) for value in (False, 0, "0", "off", "n", "no", "f", "False", "")),
    ],
)
def test_a_flag_is_read_as_zato_reads_it(zato: ZatoClient, given: object, is_active: bool) -> None:
    """Z5"""
    assert job_of(zato, is_active=given)["is_active"] is is_active


@pytest.mark.parametrize("repeats", [0, "0", "", None])
def test_no_repeats_are_no_limit(zato: ZatoClient, repeats: object) -> None:
    """Z6"""
    assert job_of(zato, repeats=repeats)["repeats"] is None


@pytest.mark.parametrize(
    ("given", "shown"),
    [("@hourly", "0 * * * *"), (" 0  12 *  * MON ", "0 12 * * MON"), ("@YEARLY", "0 0 1 1 *")],
)
def test_a_cron_definition_is_answered_as_five_fields(
    zato: ZatoClient, given: str, shown: str
) -> None:
    """Z7"""
    request = CRON | {"cron_definition": given}
    created = zato.invoke("create", **request)
    assert created["cron_definition"] == shown
    assert zato.invoke("get-by-id", id=created["id"])["cron_definition"] == shown


def test_a_cron_definition_that_is_empty_is_none(zato: ZatoClient) -> None:
    """Z10"""
    assert job_of(zato, cron_definition="")["cron_definition"] is None


def test_a_date_starts_at_midnight(zato: ZatoClient) -> None:
    """Z11"""
    assert job_of(zato, start_date="2027-01-01")["start_date"] == "2027-01-01T00:00:00"


def test_an_existing_job_may_be_ignored(zato: ZatoClient) -> None:
    """Z4"""
    first = job_of(zato)
    again = zato.invoke("create", **INTERVAL | {"hours": 5}, should_ignore_existing="true")
    assert again == {"id": first["id"], "name": "collect", "cron_definition": None}
    assert zato.invoke("get-list") == [first]
    other = zato.invoke("create", **INTERVAL | {"name": "b"}, should_ignore_existing=True)
    assert other["id"] == 2


def names(found: list[Any]) -> list[str]:
    return [job["name"] for job in found]


def described(zato: ZatoClient) -> Any:
    """The description of the last page."""
    return zato.meta


def test_a_list_comes_in_pages(zato: ZatoClient, storage: MemoryStorage) -> None:
    """Z4"""
    for number in range(101):
        storage.serve("s1", PutJob(str(number), read(EVERY_MINUTE | {"name": f"job {number:03}"})))
    assert len(zato.invoke("get-list")) == 101
    assert described(zato) is None
    pages = [zato.invoke("get-list", paginate=True, cur_page=page) for page in ("1", 2, 3, 4)]
    assert [len(page) for page in pages] == [50, 50, 1, 0]
    assert names(pages[0])[0] == "job 000" and names(pages[2]) == ["job 100"]
    assert names(zato.invoke("get-list", paginate="on", cur_page=0)) == names(pages[0])
    zato.invoke("get-list", paginate=True, cur_page=2)
    assert described(zato) == {
        "search": {
            "num_pages": 3, "cur_page": 2, "prev_page": 1, "next_page": 3, "has_prev_page": True,
            "has_next_page": True, "page_size": 50, "total": 101,
        }
    }  # fmt: skip
    zato.invoke("get-list", paginate=True, cur_page=3)
    last = described(zato)["search"]
    assert (last["next_page"], last["has_next_page"], last["prev_page"]) == (None, False, 2)
    with pytest.raises(ZatoError, match="cur_page"):
        zato.invoke("get-list", paginate=True, cur_page="last")


def test_a_list_has_the_jobs_that_are_searched_for(
    zato: ZatoClient, storage: MemoryStorage
) -> None:
    """Z4"""
    for id, (name, service) in enumerate(
        [("daily report", "work"), ("Nightly backup", "work"), ("sweep", "other")]
    ):
        fields = EVERY_MINUTE | {"name": name, "service": service}
        storage.serve("s1", PutJob(str(id), read(fields)))
    assert names(zato.invoke("get-list", query="REPORT")) == ["daily report"]
    assert names(zato.invoke("get-list", query="report sweep", paginate=True)) == [
        "daily report",
        "sweep",
    ]
    assert described(zato)["search"]["total"] == 2
    assert names(zato.invoke("get-list", query="nothing")) == []
    assert names(zato.invoke("get-list", service_name="work")) == ["Nightly backup", "daily report"]
    assert names(zato.invoke("get-list", service_name="other", query="report")) == []


def test_a_get_with_a_body_is_a_request_too(client: TestClient[Litestar]) -> None:
    """Z9"""
    for path in (
        "/zato/json/zato.scheduler.job.create",
        "/zato/api/invoke/zato.scheduler.job.create",
    ):
        body = json.dumps(INTERVAL | {"name": path})
        answer = client.request("GET", path, content=body)
        assert answer.status_code == 200, answer.text
    listed = client.request("GET", "/zato/json/zato.scheduler.job.get-list", content="{}")
    assert len(listed.json()["zato_scheduler_job_get_list_response"]) == 2


class TestInvoke:
    """Z8"""

    def wrapped(self, client: TestClient[Litestar], request: dict[str, Any]) -> Any:
        answer = client.post("/zato/admin/invoke", json=request)
        assert answer.headers["X-Zato-CID"] == answer.json()["zato_env"]["cid"]
        return answer.json()

    def payload(self, request: object) -> str:
        return b64encode(json.dumps(request).encode()).decode()

    def test_of_plain_json(self, client: TestClient[Litestar]) -> None:
        path = "/zato/api/invoke/zato.scheduler.job."
        created = client.post(f"{path}create", json=INTERVAL)
        assert created.json() == {"id": 1, "name": "collect", "cron_definition": None}
        assert len(created.headers["X-Zato-CID"]) == 40
        assert names(client.post(f"{path}get-list", json={}).json()) == ["collect"]
        page = client.post(f"{path}get-list", json={"paginate": True}).json()
        assert page.keys() == {"zato_scheduler_job_get_list_response", "_meta"}
        failed = client.post(f"{path}delete", json={"id": 7})
        assert failed.status_code == 404
        assert "there is no job" in failed.json()["zato_env"]["details"]
        assert failed.headers["X-Zato-CID"] == failed.json()["zato_env"]["cid"]

    def test_of_base64(self, client: TestClient[Litestar]) -> None:
        request: dict[str, Any]
        request = {"name": "zato.scheduler.job.create", "payload": self.payload(INTERVAL)}
        early = self.wrapped(client, request)
        inner = json.loads(b64decode(early["zato_service_invoke_response"]["response"]))
        assert list(inner) == ["zato_scheduler_job_create_response"]
        request = {
            "name": "zato.scheduler.job.get-list", "payload": self.payload(""), "pid": None,
            "channel": "invoke", "data_format": "json", "transport": None, "is_async": False,
            "expiration": 15, "all_pids": False, "timeout": None, "skip_response_elem": True,
        }  # fmt: skip
        late = self.wrapped(client, request)
        assert names(json.loads(b64decode(late["zato_service_invoke_response"]))) == ["collect"]

    @pytest.mark.parametrize(
        ("request_", "status", "part"),
        [
            ({"name": "zato.scheduler.job.get-lst"}, 404, "get-list"),
            ({"payload": "e30="}, 400, "name of a service"),
            ({"name": 7}, 400, "name of a service"),
            ({"name": "zato.scheduler.job.delete", "payload": "e30"}, 400, "payload"),
            ({"name": "zato.scheduler.job.delete", "payload": "W10="}, 400, "object"),
            ({"name": "zato.scheduler.job.delete"}, 400, "id: it is required"),
        ],
    )
    def test_of_what_cannot_be_read(
        self, client: TestClient[Litestar], request_: dict[str, Any], status: int, part: str
    ) -> None:
        answer = client.post("/zato/admin/invoke", json=request_)
        env = answer.json()["zato_env"]
        assert (answer.status_code, env["result"]) == (status, "ZATO_ERROR")
        assert part in env["details"]


def test_an_edit_leaves_what_zato_does_not_know(zato: ZatoClient, storage: MemoryStorage) -> None:
    ours: dict[str, object] = {
        "timezone": "Europe/Warsaw", "misfire": "skip", "grace": "9s", "ends": ENDS,
        "max_parallel": 2, "jitter": "1m", "max_runtime": "5m",
    }  # fmt: skip
    cron = {"job_type": "cron_style", "cron_definition": "0 12 * * *", "name": "noon"}
    fields = {name: value for name, value in EVERY_MINUTE.items() if name != "minutes"}
    job = job_service.create(storage, fields | cron | ours)
    zato.invoke("edit", **CRON, id=job.id)
    edited = job_service.get(storage, job.id).definition
    assert (edited.name, edited.cron_definition) == ("nightly", "@daily")
    assert (edited.timezone, edited.misfire, edited.grace) == ("Europe/Warsaw", "skip", 9_000_000)
    assert edited.ends == read_instant(ENDS)
    assert (edited.max_parallel, edited.jitter) == (2, 60_000_000)
    assert edited.max_runtime == 300_000_000


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
