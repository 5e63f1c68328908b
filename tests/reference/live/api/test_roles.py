"""Roles: which route needs which, and what happens to a request beyond the role."""

import base64
from collections.abc import Iterator

import msgspec
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from gnomon.reference.live.api.access.credentials import (
    BadCredentials,
    Credentials,
    new_token,
    read_credentials,
)
from gnomon.reference.live.api.access.roles import ROLES, Role
from gnomon.reference.live.api.web import live
from tests.support.memory_storage import EVERY_MINUTE, LOOPBACK, MemoryStorage, app_over, member

EVERYBODY = "everybody"
NEEDED: dict[str, str] = {
    "GET /health": EVERYBODY,
    "GET /admin/login": EVERYBODY,
    "GET /admin/static/{file_path:path}": EVERYBODY,
    "POST /admin/login": EVERYBODY,
    "GET /admin": "read",
    "GET /admin/cluster": "read",
    "GET /admin/events": "read",
    "GET /admin/jobs": "read",
    "GET /admin/jobs/{id:str}": "read",
    "GET /admin/messages": "read",
    "GET /admin/messages/{message_id:int}": "read",
    "GET /admin/runs": "read",
    "GET /audit": "admin",
    "GET /cluster": "read",
    "GET /docs": "read",
    "GET /docs/files/{file_path:path}": "read",
    "GET /history": "read",
    "GET /jobs": "read",
    "GET /jobs/{job_id:str}": "read",
    "GET /cluster/faults": "read",
    "GET /jobs/{job_id:str}/changes": "read",
    "GET /jobs/{job_id:str}/results": "read",
    "GET /jobs/{job_id:str}/runs": "read",
    "GET /messages": "read",
    "GET /messages/{message_id:int}": "read",
    "GET /metrics": "read",
    "GET /openapi.json": "read",
    "GET /openapi.json/openapi.json": "read",
    "GET /openapi.json/{path:str}": "read",
    "GET /unreadable-jobs": "read",
    "POST /admin/logout": "read",
    "POST /admin/preview/{job_type:str}": "read",
    "DELETE /messages/{message_id:int}": "operate",
    "POST /admin/cluster/pause": "operate",
    "POST /admin/cluster/resume": "operate",
    "POST /admin/jobs/{id:str}/activate": "operate",
    "POST /admin/jobs/{id:str}/deactivate": "operate",
    "POST /admin/jobs/{id:str}/execute": "operate",
    "POST /admin/messages/{message_id:int}/drop": "operate",
    "POST /admin/messages/{message_id:int}/put-back": "operate",
    "POST /jobs/{job_id:str}/activate": "operate",
    "POST /jobs/{job_id:str}/deactivate": "operate",
    "POST /jobs/{job_id:str}/execute": "operate",
    "POST /messages/{message_id:int}/put-back": "operate",
    "POST /cluster/pause": "operate",
    "POST /cluster/resume": "operate",
    "DELETE /jobs/{job_id:str}": "admin",
    "GET /admin/jobs/{id:str}/delete": "admin",
    "GET /admin/jobs/{id:str}/edit": "admin",
    "GET /admin/new/{job_type:str}": "admin",
    "POST /admin/jobs/{id:str}/delete": "admin",
    "POST /admin/jobs/{id:str}/edit": "admin",
    "POST /admin/new/{job_type:str}": "admin",
    "PATCH /jobs/{job_id:str}": "admin",
    "POST /jobs": "admin",
}
"""The role that each route needs; those of Zato follow below."""
VALUES = {
    "{job_id:str}": "7",
    "{id:str}": "7",
    "{message_id:int}": "7",
    "{job_type:str}": "one_time",
}
"""A value for each parameter of a path."""
ZATO = {
    "get-list": "read",
    "get-by-id": "read",
    "get-by-name": "read",
    "execute": "operate",
    "set-active-status": "operate",
    "create": "admin",
    "edit": "admin",
    "delete": "admin",
}
"""The role that each service of Zato's clients needs, by whichever path it is invoked."""

_MADE = {role: new_token(f"{role}-1", role) for role in ROLES}
TOKENS: dict[Role, str] = {role: token for role, (token, _) in _MADE.items()}
LINES = [line for _, line in _MADE.values()]


def shown(role: Role) -> dict[str, str]:
    return {"Authorization": f"Bearer {TOKENS[role]}"}


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient[Litestar]]:
    app = app_over(MemoryStorage([member()]), credentials=read_credentials(LINES))
    with TestClient(app, base_url=LOOPBACK) as client:
        yield client


@pytest.fixture(autouse=True)
def streams_end_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "LONGEST", 0)


def routes() -> set[str]:
    """Each method and path of the application, without those that Litestar adds and Zato's."""
    app = app_over(MemoryStorage())
    found = {f"{method} {route.path}" for route in app.routes for method in route.methods}
    return {
        one for one in found if not one.startswith(("OPTIONS ", "HEAD ")) and "/zato/" not in one
    }


def test_the_table_has_each_route() -> None:
    """API-15"""
    assert routes() == NEEDED.keys()


def permitted(client: TestClient[Litestar], method: str, path: str, **sent: object) -> set[Role]:
    """The roles with which a request is not refused for the role."""
    answers = {role: client.request(method, path, headers=shown(role), **sent) for role in ROLES}  # type: ignore[arg-type]
    for answer in answers.values():
        assert answer.status_code != 401
    return {role for role, answer in answers.items() if answer.status_code != 403}


@pytest.mark.parametrize("route", NEEDED)
def test_each_route_needs_its_role(client: TestClient[Litestar], route: str) -> None:
    """API-15: what does not exist is answered with 404 or 400, and not with 403."""
    method, _, path = route.partition(" ")
    for parameter, value in VALUES.items():
        path = path.replace(parameter, value)
    path = path.replace("{file_path:path}", "admin.css" if "/admin/" in path else "swagger-ui.css")
    needed = NEEDED[route]
    expected = ROLES if needed == EVERYBODY else ROLES[ROLES.index(needed) :]
    assert permitted(client, method, path) == set(expected)


@pytest.mark.parametrize("op", ZATO)
def test_each_service_of_zato_needs_its_role(client: TestClient[Litestar], op: str) -> None:
    """API-15"""
    expected = set(ROLES[ROLES.index(ZATO[op]) :])
    name = f"zato.scheduler.job.{op}"
    for path in (f"/zato/json/{name}", f"/zato/api/invoke/{name}"):
        for method in ("GET", "POST"):
            assert permitted(client, method, path, content=b"{}") == expected
    wrapped = msgspec.json.encode({"name": name, "payload": base64.b64encode(b"{}").decode()})
    assert permitted(client, "POST", "/zato/admin/invoke", content=wrapped) == expected


def test_a_refusal_names_both_roles_and_changes_nothing(client: TestClient[Litestar]) -> None:
    """API-15"""
    made = client.post("/jobs", json=EVERY_MINUTE, headers=shown("admin")).json()
    refused = client.delete(f"/jobs/{made['id']}", headers=shown("operate"))
    assert refused.status_code == 403
    detail = refused.json()["detail"]
    assert detail == "this needs the role admin; the credentials of operate-1 have the role operate"
    assert client.get(f"/jobs/{made['id']}", headers=shown("read")).json() == made


def test_a_line_without_a_role_is_of_an_admin() -> None:
    """API-15"""
    token, line = new_token("old")
    before_roles = line.rpartition(" ")[0]
    app = app_over(MemoryStorage([member()]), credentials=read_credentials([before_roles]))
    with TestClient(app, base_url=LOOPBACK) as client:
        headers = {"Authorization": f"Bearer {token}"}
        assert client.post("/jobs", json=EVERY_MINUTE, headers=headers).status_code == 201


def test_credentials_made_without_a_file_are_of_an_admin() -> None:
    assert Credentials({}, {b"hash": "ci"}).token_roles == {}


def test_an_unknown_role_is_a_fault_of_its_line() -> None:
    line = LINES[0].rpartition(" ")[0] + " role=root"
    with pytest.raises(BadCredentials, match="line 2: a role is one of read, operate, admin"):
        read_credentials([LINES[0], line])


def test_head_needs_the_role_of_get(client: TestClient[Litestar]) -> None:
    assert client.head("/audit", headers=shown("read")).status_code == 403
    assert client.head("/jobs", headers=shown("read")).status_code == 200
