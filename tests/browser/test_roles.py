"""Logins in the browser: what people of each role see and may do, and how a session ends."""

import re
from collections.abc import Iterator

import pytest

from gnomon.reference.live.api import job_service
from gnomon.reference.live.api.access.credentials import read_credentials
from tests.browser.browsing import Browser, Page, accessibility_faults, expect, watched
from tests.support.logins import LINES, PASSWORD, TOKENS
from tests.support.memory_storage import EVERY_MINUTE, MemoryStorage, served


@pytest.fixture(scope="module")
def running(browser: Browser) -> Iterator[tuple[MemoryStorage, str]]:
    """A server with credentials of each role: its storage, and its URL."""
    storage = MemoryStorage()
    with served(storage, credentials=read_credentials(LINES)) as connection:
        yield storage, f"http://127.0.0.1:{connection.port}"


@pytest.fixture
def storage(storage: MemoryStorage) -> MemoryStorage:
    job_service.create(storage, EVERY_MINUTE)
    return storage


def log_in(page: Page, secret: str, name: str = "") -> None:
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password or token").fill(secret)
    page.get_by_role("button", name="Log in").click()


def test_every_page_leads_to_the_login_and_back(page: Page) -> None:
    """ADMIN-5: by name and password; nothing is seen before."""
    page.goto("/admin/jobs/1")
    expect(page.get_by_role("heading", level=1)).to_have_text("Log in")
    expect(page.locator("body")).not_to_contain_text("report")
    assert accessibility_faults(page) == []
    log_in(page, "wrong", "ann")
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_label("Password or token")).to_have_value("")
    log_in(page, PASSWORD, "ann")
    expect(page.get_by_role("heading", level=1)).to_have_text("report")
    page.get_by_role("button", name="Log out").click()
    page.goto("/admin/jobs/1")
    expect(page.get_by_role("heading", level=1)).to_have_text("Log in")
    page.go_back()
    expect(page.locator("body")).not_to_contain_text("every minute")


BUTTONS = {
    "read": set[str](),
    "operate": {"Switch off", "Run now"},
    "admin": {"Switch off", "Run now", "Edit", "Duplicate", "Delete"},
}
"""What the page of a job offers to each role."""


@pytest.mark.parametrize("role", BUTTONS)
def test_a_role_is_offered_what_it_may_do(page: Page, storage: MemoryStorage, role: str) -> None:
    """ADMIN-5, API-15"""
    page.goto("/admin/jobs/1")
    log_in(page, TOKENS[role])  # type: ignore[index]
    expect(page.get_by_text(f"role {role}")).to_be_visible()
    main = page.get_by_role("main")
    for name in BUTTONS["admin"]:
        offered = main.get_by_role("button", name=name).or_(main.get_by_role("link", name=name))
        expect(offered).to_have_count(int(name in BUTTONS[role]))
    page.goto("/admin/new/one_time")
    title = re.compile("New one-time job" if role == "admin" else "Forbidden")
    expect(page.get_by_role("heading", level=1)).to_have_text(title)
    page.goto("/admin/cluster")
    pause = page.get_by_role("button", name="Pause the cluster")
    expect(pause).to_have_count(int(role != "read"))
    if role == "operate":
        page.goto("/admin/jobs/1")
        page.get_by_role("button", name="Switch off").click()
        expect(page.get_by_role("status")).to_contain_text("switched off")
        assert not job_service.get(storage, "1").definition.is_active


def test_a_session_is_of_one_browser_and_not_of_a_script(
    page: Page, browser: Browser, url: str
) -> None:
    """ADMIN-5: no script reads the cookie, and another browser has to log in itself."""
    page.goto("/admin/jobs")
    log_in(page, TOKENS["admin"])
    expect(page.get_by_role("link", name="report", exact=True)).to_be_visible()
    cookies = page.context.cookies()
    assert cookies
    for cookie in cookies:
        assert cookie["httpOnly"] and cookie["sameSite"] in ("Lax", "Strict")
        assert TOKENS["admin"] not in cookie["value"]
    assert page.evaluate("document.cookie") == ""
    with watched(browser, url) as other:
        other.goto("/admin/jobs")
        expect(other.get_by_role("heading", level=1)).to_have_text("Log in")


def test_a_page_reports_that_its_login_has_ended(
    page: Page, browser: Browser, url: str, storage: MemoryStorage
) -> None:
    """ADMIN-5, ADMIN-7: the stream of a page ends with the session, wherever that was ended."""
    page.goto("/admin/cluster")
    log_in(page, TOKENS["read"])
    live = page.get_by_role("button", name="Live")
    expect(live).to_have_text("Live")
    with watched(browser, url) as copy:
        copy.context.add_cookies(page.context.cookies())  # type: ignore[arg-type]
        copy.goto("/admin/jobs")
        copy.get_by_role("button", name="Log out").click()
    expect(live).to_have_text("Live: your login has ended", timeout=15_000)
    expect(live).to_have_attribute("aria-pressed", "false")
    live.click()
    live.click()
    expect(live).to_have_text("Live: your login has ended", timeout=15_000)
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("Log in")
