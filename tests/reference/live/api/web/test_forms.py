"""What is open, the tokens of forms, and what each role is shown (ADMIN-5, ADMIN-6)."""

import re
from collections.abc import Iterator

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from gnomon.reference.live.api import job_service
from gnomon.reference.live.api.access.roles import ROLES, Role
from gnomon.reference.store.operations import Job
from tests.reference.live.api.test_auth import basic
from tests.support.logins import PASSWORD, TOKENS, log_in, server
from tests.support.memory_storage import EVERY_MINUTE, MemoryStorage, app_over
from tests.support.pages import token_in


@pytest.fixture
def browser(storage: MemoryStorage) -> Iterator[TestClient[Litestar]]:
    with server(storage) as client:
        yield client


def made(storage: MemoryStorage) -> Job:
    return job_service.create(storage, EVERY_MINUTE)


# --- what is open


def test_every_page_but_the_login_needs_one(storage: MemoryStorage) -> None:
    """ADMIN-5, API-8"""
    with server(storage) as browser:
        for route in browser.app.routes:
            for method in route.methods & {"GET", "POST"}:
                if not route.path.startswith("/admin/") or "static" in route.path:
                    continue
                path = re.sub(r"\{\w+:(int|str)\}", "1", route.path)
                answer = browser.request(method, path)
                is_login = path == "/admin/login"
                assert answer.status_code == (200 if method == "GET" else 400 if is_login else 401)
                assert "<h1>Log in</h1>" in answer.text, path
                assert "Pages" not in answer.text


@pytest.mark.parametrize("path", ["/admin/nothing", "/admin/jobs/1/nothing"])
def test_what_does_not_exist_is_a_page_too(browser: TestClient[Litestar], path: str) -> None:
    """ADMIN-1"""
    answer = browser.get(path)
    assert answer.status_code == 404
    assert "<h1>Not Found</h1>" in answer.text
    assert browser.delete("/admin/jobs").headers["Content-Type"].startswith("text/html")
    assert browser.get("/administration").headers["Content-Type"].startswith("application/problem")


def test_a_session_changes_nothing_by_the_api(
    browser: TestClient[Litestar], storage: MemoryStorage
) -> None:
    """API-8, API-10: browsers send a cookie by themselves, so it is for reading and for forms."""
    job = made(storage)
    log_in(browser, TOKENS["admin"])
    listed = "/zato/json/zato.scheduler.job.get-list"
    for method, path in (("DELETE", f"/jobs/{job.id}"), ("POST", f"/jobs/{job.id}/execute"),
                         ("POST", "/jobs"), ("GET", listed), ("POST", listed)):  # fmt: skip
        answer = browser.request(method, path)
        assert answer.status_code == 401
        assert "Basic" in answer.headers["WWW-Authenticate"]
    assert browser.get("/docs").status_code == browser.get("/audit").status_code == 200


# --- the tokens of forms


NO_PAGES = ("/admin/static", "/admin/login", "/admin/events")
"""The paths below ``/admin`` that are no pages, or one without a login."""


def every_page(storage: MemoryStorage) -> list[str]:
    """The paths of all pages, over a store in which each has something to show."""
    job, other = made(storage), job_service.create(storage, EVERY_MINUTE | {"name": "other"})
    job_service.execute(storage, job.id)
    job_service.set_active(storage, other.id, False)
    of_job = [
        f"/admin/jobs/{id}{part}" for id in (job.id, other.id) for part in ("", "/edit", "/delete")
    ]
    kinds = ("one_time", "interval_based", "cron_style")
    states = ("waiting", "held", "dead")
    return [
        *("/admin/jobs", "/admin/runs", "/admin/cluster", "/admin/messages/1"),
        *of_job,
        *(f"/admin/new/{kind}" for kind in kinds),
        *(f"/admin/messages?state={state}" for state in states),
        "/admin/messages/1",
    ]


def test_every_page_is_looked_at(storage: MemoryStorage) -> None:
    """ADMIN-6: by the tests below."""
    looked_at = every_page(storage)
    for route in app_over(storage).routes:
        is_page = route.path.startswith("/admin/") and "GET" in route.methods
        if is_page and not route.path.startswith(NO_PAGES):
            pattern = re.sub(r"\{\w+:(int|str)\}", r"[^/]+", route.path) + r"(\?.*)?"
            assert any(re.fullmatch(pattern, path) for path in looked_at), route.path


def forms_in(page: str) -> list[str]:
    return re.findall(r'<form[^>]*method="post".*?</form>', page, re.DOTALL)


def test_every_form_has_its_token_and_is_refused_without(storage: MemoryStorage) -> None:
    """ADMIN-6"""
    paths = every_page(storage)
    with TestClient(app_over(storage), base_url="http://127.0.0.1:8000") as browser:
        forms = [form for path in paths for form in forms_in(browser.get(path).text)]
        assert len(forms) > 15
        before = [*job_service.get_all(storage)], len(storage.events)
        for form in forms:
            token = token_in(form)
            action = re.search(r'action="([^"]*)"', form)
            assert action
            for data in ({}, {"csrf": ""}, {"csrf": token[:-2]}, {"csrf": "Ω"}):
                answer = browser.post(action[1], data=data)
                assert answer.status_code == 403, (action[1], data)
                assert "load its page again" in answer.text
        assert ([*job_service.get_all(storage)], len(storage.events)) == before


@pytest.mark.parametrize("how", ["session", "Basic"])
def test_a_token_is_of_one_session(
    storage: MemoryStorage, browser: TestClient[Litestar], how: str
) -> None:
    """ADMIN-6"""
    job = made(storage)
    own = token_in(log_in(browser, TOKENS["admin"]).text)
    headers = {} if how == "session" else basic("ann", PASSWORD)
    with server(storage) as other:
        if how == "session":
            log_in(other, TOKENS["admin"])
        theirs = token_in(other.get("/admin/cluster", headers=headers).text)
        assert theirs != own
        path = f"/admin/jobs/{job.id}/deactivate"
        assert other.post(path, data={"csrf": own}, headers=headers).status_code == 403
        assert job_service.get(storage, job.id).definition.is_active
        assert other.post(path, data={"csrf": theirs}, headers=headers).status_code == 200
        assert not job_service.get(storage, job.id).definition.is_active


# --- what each role is shown


def offered(page: str) -> set[tuple[str, str]]:
    """The forms and links that change something, or lead to such a form."""
    forms = {("POST", path) for path in re.findall(r'<form method="post" action="([^"]+)"', page)}
    return forms | {("GET", path) for path in re.findall(r'href="(/admin/[^"#]+)"', page)}


def test_a_role_is_shown_what_it_may_do_and_nothing_else(storage: MemoryStorage) -> None:
    """ADMIN-5, API-15: compared with what an admin is shown, and with what is refused."""
    paths = every_page(storage)
    shown: dict[Role, dict[str, set[tuple[str, str]]]] = {}
    with server(storage) as browser:
        for role in ROLES:
            log_in(browser, TOKENS[role])
            answers = {path: browser.get(path) for path in paths}
            shown[role] = {
                path: offered(answer.text)
                for path, answer in answers.items()
                if answer.status_code != 403
            }
            refused = [answer for answer in answers.values() if answer.status_code == 403]
            text = f"This needs the role admin; the credentials of {role}-1 have the role {role}"
            assert all(text in answer.text for answer in refused)
            assert len(refused) == (0 if role == "admin" else 7)
        for role in ROLES:
            headers = {"Authorization": f"Bearer {TOKENS[role]}"}
            for path, found in shown[role].items():
                for method, target in shown["admin"][path]:
                    answer = browser.request(method, target.replace("&amp;", "&"), headers=headers)
                    is_refused = answer.status_code == 403
                    assert ((method, target) in found) == (not is_refused), (role, path, target)
