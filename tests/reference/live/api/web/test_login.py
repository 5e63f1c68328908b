"""Logging in and out, and sessions (ADMIN-5)."""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from litestar import Litestar
from litestar.testing import TestClient
from msgspec.structs import replace

from gnomon.reference.jobs import LARGEST_EXTRA
from gnomon.reference.live.api import cluster, job_service
from gnomon.reference.live.api.access import sessions
from gnomon.reference.live.api.access.credentials import hash_password, read_credentials
from gnomon.reference.live.api.access.sessions import LENGTH
from gnomon.reference.live.api.schemas import Health
from gnomon.reference.live.api.web import live
from gnomon.reference.schedule.clock import HOUR, MINUTE, SECOND, VirtualClock
from gnomon.reference.store.administration import CheckSession, EndSession
from tests.support.logins import (
    ANN,
    LINES,
    PASSWORD,
    SITE,
    TOKEN_LINES,
    TOKENS,
    fields_of,
    log_in,
    server,
)
from tests.support.memory_storage import DOWN, HEALTHY, NOW, MemoryStorage, app_over, member
from tests.support.pages import token_in


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> VirtualClock:
    """The clock by which sessions end."""
    clock = VirtualClock(NOW)
    monkeypatch.setattr(sessions, "_clock", clock)
    return clock


@pytest.fixture
def browser(storage: MemoryStorage) -> Iterator[TestClient[Litestar]]:
    with server(storage) as client:
        yield client


# --- logging in


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "ann", "secret": PASSWORD},
        {"name": "", "secret": TOKENS["admin"]},
        {"name": "admin-1", "secret": TOKENS["admin"]},
    ],
    ids=["password", "token", "name and token"],
)
def test_the_credentials_of_the_api_log_people_in(
    browser: TestClient[Litestar], fields: dict[str, str]
) -> None:
    """ADMIN-5"""
    asked = browser.get("/admin/cluster")
    assert asked.url.path == "/admin/login", "whoever is unknown is asked to log in"
    answer = browser.post("/admin/login", data=fields_of(asked.text) | fields)
    assert answer.status_code == 200
    assert answer.url.path == "/admin/cluster", "then the page that was wanted is shown"
    assert f"{fields['name'] or 'admin-1'}, role admin" in answer.text
    assert browser.get("/jobs").status_code == 200, "a session suffices to read the API"
    browser.post("/admin/cluster/pause", data={"csrf": token_in(answer.text)})
    (entry,) = browser.get("/audit").json()
    assert (entry["who"], entry["what"]) == (fields["name"] or "admin-1", "cluster paused")
    cookie = answer.history[0].headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie and "Secure" not in cookie
    assert "ann" not in cookie and fields["secret"] not in cookie


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "ann", "secret": PASSWORD + " "},
        {"name": "ann", "secret": TOKENS["admin"]},
        {"name": "Ω", "secret": "\0"},
        {},
    ],
)
def test_wrong_credentials_log_nobody_in(
    browser: TestClient[Litestar], fields: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    """ADMIN-5, API-15: and are logged like those of the API, without what was given."""
    answer = log_in(browser, **{"secret": "", "name": "", "wanted": "/admin/runs"} | fields)
    assert answer.status_code == 401
    assert "The name, the password or the token is wrong." in answer.text
    assert fields_of(answer.text)["wanted"] == "/admin/runs"
    assert [name for name in browser.cookies if "session" in name] == []
    (record,) = [one for one in caplog.records if one.getMessage() == "a login failed"]
    logged = vars(record)["fields"]
    assert logged["scheme"] == "form"
    assert logged["name"] == ("ann" if fields.get("name") == "ann" else None)
    assert "secret" not in logged and PASSWORD not in str(logged)
    assert browser.get("/admin/jobs").url.path == "/admin/login"


@pytest.mark.parametrize(
    "wanted",
    ["https://e.example/", "//e.example", "/admin\\@e.example", "/jobs", "", "/admin/\r\nX: y"],
)
def test_a_login_leads_to_our_own_pages_only(browser: TestClient[Litestar], wanted: str) -> None:
    """ADMIN-5"""
    answer = log_in(browser, TOKENS["read"], wanted=wanted, path=wanted)
    assert str(answer.url) == f"{SITE}/admin/jobs"


def test_a_login_is_no_other_site_s(browser: TestClient[Litestar]) -> None:
    """ADMIN-6: nobody is logged in as somebody else by a page of another site."""
    for token in ("", "x" * 22, "é"):
        data = {"csrf": token, "secret": TOKENS["admin"]}
        for _ in range(2):  # the second time it has the cookie, and does not know the token
            assert browser.post("/admin/login", data=data).status_code == 400
    form = browser.get("/admin/login").text
    data = {"csrf": token_in(form), "secret": TOKENS["admin"]}
    headers = {"Origin": "https://elsewhere.example"}
    assert browser.post("/admin/login", data=data, headers=headers).status_code == 403
    browser.cookies.clear()
    answer = browser.post("/admin/login", data=data)
    assert answer.status_code == 400 and "permit cookies" in answer.text


def test_no_form_causes_an_error(browser: TestClient[Litestar]) -> None:
    """API-4, ADMIN-5: whatever comes with a right secret, a page of ours follows."""
    data = {"csrf": token_in(browser.get("/admin/login").text), "secret": TOKENS["read"]}
    texts = st.builds(str.__add__, st.sampled_from(["", "/admin/", "//"]), st.text())

    @given(st.dictionaries(st.sampled_from(["wanted", "path", "again", "notice"]), texts))
    @settings(max_examples=30)
    def check(fields: dict[str, str]) -> None:
        answer = browser.post("/admin/login", data=data | fields, follow_redirects=False)
        assert answer.status_code in {200, 303, 400}
        assert answer.headers.get("Location", "/admin/").startswith("/admin/")

    check()


def test_two_tabs_may_show_the_form(browser: TestClient[Litestar]) -> None:
    """ADMIN-5"""
    first = browser.get("/admin/login").text
    browser.get("/admin/login")
    data = {"csrf": token_in(first), "secret": TOKENS["read"]}
    assert browser.post("/admin/login", data=data).url.path == "/admin/jobs"


def test_over_tls_the_cookie_is_sent_over_tls_only(storage: MemoryStorage) -> None:
    """ADMIN-5"""
    with server(storage, site="https://gnomon.example.org") as browser:
        answer = log_in(browser, TOKENS["read"])
        cookie = answer.history[0].headers["set-cookie"]
        assert cookie.startswith("__Host-gnomon-session-") and "Secure" in cookie
        assert answer.url.path == "/admin/jobs"
        browser.post("/admin/logout", data={"csrf": token_in(answer.text)})
        assert browser.get("/admin/jobs").url.path == "/admin/login"


# --- sessions


def test_a_login_is_known_to_all_servers_and_ends_with_no_restart(storage: MemoryStorage) -> None:
    """ADMIN-5"""
    with server(storage) as first, server(storage) as second:
        log_in(first, TOKENS["operate"])
        second.cookies.update(first.cookies)
        assert "operate-1, role operate" in second.get("/admin/jobs").text


def test_a_changed_cookie_is_none(storage: MemoryStorage, browser: TestClient[Litestar]) -> None:
    """ADMIN-5"""
    log_in(browser, TOKENS["admin"])
    ((name, value),) = [one for one in browser.cookies.items() if "session" in one[0]]
    content, _, mark = value.rpartition(".")
    forged = [content + ".", f"{content}.{mark[::-1]}", f".{mark}", "x" + value, "", "é"]
    with server(MemoryStorage([member()])) as other:  # another cluster, the same file
        log_in(other, TOKENS["admin"])
        forged += [value for name, value in other.cookies.items() if "session" in name]
    with server(storage) as nobody:
        for text in forged:
            header = {b"Cookie": f"{name}={text}".encode()}
            asked = nobody.get("/admin/jobs", headers=header, follow_redirects=False)
            assert asked.headers["Location"].startswith("/admin/login"), text
        right = {b"Cookie": f"{name}={value}".encode()}
        assert nobody.get("/admin/jobs", headers=right).status_code == 200


def test_a_session_ends(
    browser: TestClient[Litestar], storage: MemoryStorage, clock: VirtualClock
) -> None:
    """ADMIN-5"""
    log_in(browser, TOKENS["admin"])
    clock.now += LENGTH - SECOND
    assert browser.get("/admin/jobs").url.path == "/admin/jobs"
    clock.now += SECOND
    answer = browser.get("/admin/jobs?name_contains=a%26b")
    assert answer.url.path == "/admin/login"
    assert "Your login has ended." in answer.text
    assert browser.get("/jobs").status_code == 401
    wanted = fields_of(answer.text)["wanted"]
    assert log_in(browser, TOKENS["read"], wanted=wanted).url.query == b"name_contains=a%26b"


def test_what_is_sent_after_the_end_of_a_session_is_kept(
    browser: TestClient[Litestar], storage: MemoryStorage, clock: VirtualClock
) -> None:
    """ADMIN-5: it is shown again after the login, and sent by its button."""
    log_in(browser, TOKENS["admin"])
    page = browser.get("/admin/new/one_time").text
    typed = {
        "name": "é <b>", "service": "work", "start_date": "2027-01-01 10:30", "grace": "1s",
        "misfire": "once", "extra": 'a\r\n"b"', "is_active": "on",
    }  # fmt: skip
    clock.now += LENGTH
    asked = browser.post("/admin/new/one_time", data=typed | {"csrf": token_in(page)})
    assert asked.status_code == 401
    assert "Your login has ended. Nothing was changed" in asked.text
    data = fields_of(asked.text)
    again = browser.post("/admin/login", data=data | {"secret": TOKENS["admin"]})
    assert again.status_code == 200
    assert "Send it again?" in again.text and "admin-1, role admin" in again.text
    assert job_service.get_all(storage) == []
    assert 'action="/admin/new/one_time"' in again.text
    created = browser.post("/admin/new/one_time", data=fields_of(again.text))
    assert "The job was created." in created.text
    (job,) = job_service.get_all(storage)
    assert (job.definition.name, job.definition.extra) == ("é <b>", 'a\n"b"')


def test_the_largest_extra_data_is_kept_and_no_more(
    browser: TestClient[Litestar], clock: VirtualClock
) -> None:
    """ADMIN-5"""
    log_in(browser, TOKENS["admin"])
    clock.now += LENGTH
    asked = browser.post("/admin/new/one_time", data={"extra": "é" * (LARGEST_EXTRA // 2)})
    data = fields_of(asked.text) | {"secret": TOKENS["admin"]}
    again = browser.post("/admin/login", data=data)
    assert fields_of(again.text)["extra"] == "é" * (LARGEST_EXTRA // 2)
    clock.now += LENGTH
    asked = browser.post("/admin/new/one_time", data={"extra": "é" * LARGEST_EXTRA})
    assert asked.status_code == 401
    assert "What you sent is too large to be kept." in asked.text and "%C3" not in asked.text


def test_nothing_is_kept_for_a_stranger(browser: TestClient[Litestar]) -> None:
    """ADMIN-5"""
    answer = browser.post("/admin/new/one_time", data={"name": "x" * 1000})
    assert answer.status_code == 401
    assert "You are not logged in." in answer.text
    assert "xxx" not in answer.text and fields_of(answer.text).keys() == {"csrf"}


def test_a_new_password_ends_the_sessions_of_the_old_one(storage: MemoryStorage) -> None:
    """ADMIN-5"""
    with server(storage, ANN) as before:
        log_in(before, PASSWORD, name="ann")
        assert before.get("/admin/jobs").url.path == "/admin/jobs"
        cookies = before.cookies
    for line, path in ((ANN, "/admin/jobs"), (hash_password("ann", "other"), "/admin/login")):
        with server(storage, line) as after:
            after.cookies.update(cookies)
            assert after.get("/admin/jobs").url.path == path


def test_the_role_is_the_present_one(storage: MemoryStorage) -> None:
    """ADMIN-5, API-15"""
    line = TOKEN_LINES["admin"]
    with server(storage, line) as before, server(storage, line[:-5] + "read") as after:
        log_in(before, TOKENS["admin"])
        after.cookies.update(before.cookies)
        assert "admin-1, role read" in after.get("/admin/jobs").text
        assert after.get("/admin/new/one_time").status_code == 403


def test_a_store_that_was_emptied_ends_no_session(storage: MemoryStorage) -> None:
    """ADMIN-5: its next secret is the one that the servers know."""
    with server(storage) as browser:
        log_in(browser, TOKENS["read"])
        storage.store = MemoryStorage([member()]).store
        assert browser.get("/admin/jobs").url.path == "/admin/jobs"
        with server(storage) as other:
            log_in(browser, TOKENS["read"])
            other.cookies.update(browser.cookies)
            assert other.get("/admin/jobs").url.path == "/admin/jobs"


def test_a_server_learns_the_secret_of_another_store(
    storage: MemoryStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ADMIN-5"""
    passed = [0]
    monkeypatch.setattr(sessions, "elapsed", lambda: passed[0])
    with server(storage) as browser:
        log_in(browser, TOKENS["read"])
        storage.store = MemoryStorage([member()]).store
        with server(storage) as other:
            log_in(other, TOKENS["operate"])
            browser.cookies.clear()
            browser.cookies.update(other.cookies)
        asked = len(storage.asked)
        for _ in range(3):
            passed[0] += SECOND
            assert browser.get("/admin/jobs").url.path == "/admin/login"
        assert len(storage.asked) == asked, "nobody makes a server ask the store all the time"
        passed[0] += 11 * SECOND
        assert "operate-1" in browser.get("/admin/jobs").text


@pytest.mark.parametrize("ahead", [0, 14 * HOUR, -14 * HOUR])
def test_logging_out_ends_the_session_at_all_servers_and_for_each_copy(
    storage: MemoryStorage, clock: VirtualClock, ahead: int
) -> None:
    """ADMIN-5: also if the clock of the store is far ahead of those of the servers."""
    storage.clock.now = clock.now + ahead
    with server(storage) as browser, server(storage) as thief, server(storage) as other:
        page = log_in(browser, TOKENS["read"]).text
        assert "Log out" in page
        log_in(other, TOKENS["read"])
        thief.cookies.update(browser.cookies)
        assert thief.get("/admin/jobs").url.path == "/admin/jobs"
        answer = browser.post("/admin/logout", data={"csrf": token_in(page)})
        assert answer.url.path == "/admin/login" and "You are logged out." in answer.text
        assert [name for name in browser.cookies if "session" in name] == []
        assert thief.get("/admin/jobs").url.path == "/admin/login"
        assert thief.get("/jobs").status_code == 401, "neither does it read the API"
        assert other.get("/admin/jobs").url.path == "/admin/jobs", "another login goes on"


def test_a_session_that_was_ended_is_kept_longer_than_its_cookie_is_valid(
    browser: TestClient[Litestar], storage: MemoryStorage, clock: VirtualClock
) -> None:
    """ADMIN-5: also if the clock of the store runs faster than that of a server."""
    page = log_in(browser, TOKENS["read"]).text
    cookies = dict(browser.cookies)
    browser.post("/admin/logout", data={"csrf": token_in(page)})
    storage.clock.now += LENGTH + MINUTE
    storage.ask(EndSession("another", SECOND))
    clock.now += LENGTH - SECOND
    browser.cookies.update(cookies)
    assert browser.get("/admin/jobs").url.path == "/admin/login"


def test_a_logout_during_an_outage_leaves_this_browser_and_reports_the_copies(
    browser: TestClient[Litestar], storage: MemoryStorage
) -> None:
    """ADMIN-5"""
    page = log_in(browser, TOKENS["read"]).text
    storage.outage = DOWN
    answer = browser.post("/admin/logout", data={"csrf": token_in(page)})
    assert answer.url.path == "/admin/login"
    assert "The store could not record it: whoever has a copy of the cookie" in answer.text
    assert [name for name in browser.cookies if "session" in name] == []


def test_an_outage_makes_no_session_valid(storage: MemoryStorage) -> None:
    """ADMIN-5: it is not known then whether one was ended."""
    with server(storage) as browser, server(storage) as thief:
        page = log_in(browser, TOKENS["admin"]).text
        thief.cookies.update(browser.cookies)
        browser.post("/admin/logout", data={"csrf": token_in(page)})
        thief.get("/admin/login")
        storage.outage = DOWN
        assert [thief.get(path).status_code for path in ("/audit", "/admin/jobs")] == [503, 503]
        storage.outage = None
        assert thief.get("/audit").status_code == 401


@pytest.mark.parametrize("path", ["/admin/events", "/history?follow=true"])
@pytest.mark.parametrize("how", ["logout", "time", "never"])
def test_an_open_stream_ends_with_its_session(
    storage: MemoryStorage,
    clock: VirtualClock,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
    how: str,
) -> None:
    """ADMIN-5, ADMIN-7"""
    monkeypatch.setattr(live, "POLL_MS", 0)
    monkeypatch.setattr(cluster, "POLL_MS", 0)
    reads = 0

    def health() -> Health:
        nonlocal reads
        reads += 1
        if reads == 20 and how == "time":
            clock.now += LENGTH
        if reads == 20 and how == "logout":
            (copy,) = {one.session for one in storage.asked if isinstance(one, CheckSession)}
            storage.end_session(copy, LENGTH)
        return replace(HEALTHY, state="working" if reads < 100 else "draining")

    app = app_over(
        storage, host="0.0.0.0", credentials=read_credentials(LINES), health=health  # noqa: S104
    )  # fmt: skip
    with TestClient(app, base_url=SITE) as browser:
        log_in(browser, TOKENS["read"])
        reads = 0
        assert browser.get(path).status_code == 200
        assert reads < 30 if how != "never" else reads >= 100
        if how != "never":
            anew = browser.get(path, headers={"Accept": "text/event-stream"})
            assert anew.status_code == (204 if path == "/admin/events" else 401)
        with_token = {"Authorization": f"Bearer {TOKENS['read']}"}
        reads = 0
        assert browser.get(path, headers=with_token).status_code == 200
        assert reads >= 100, "a token goes on"


def test_an_outage_of_the_store_is_reported(storage: MemoryStorage) -> None:
    """ADMIN-1, ADMIN-5"""
    with server(storage) as browser:
        log_in(browser, TOKENS["read"])
        storage.outage = DOWN
        assert "Connection refused" in browser.get("/admin/jobs").text
    with server(storage) as restarted:
        assert restarted.get("/admin/login").status_code == 200
        assert log_in(restarted, TOKENS["read"]).status_code == 503
        cookie = {"Cookie": "gnomon-session-1=x"}
        assert restarted.get("/admin/jobs", headers=cookie).status_code == 503


def test_without_credentials_there_is_no_login(storage: MemoryStorage) -> None:
    """ADMIN-5"""
    with TestClient(app_over(storage), base_url="http://127.0.0.1:8000") as browser:
        assert browser.get("/admin/login").url.path == "/admin/jobs"
        assert browser.post("/admin/login").url.path == "/admin/jobs"
        assert "Log out" not in browser.get("/admin/jobs").text
