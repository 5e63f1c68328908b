"""A form that is checked before it is sent: the faults so far, as it is typed or by a button."""

import re
from collections.abc import Iterator

import pytest

from tests.support.memory_storage import LOOPBACK, MemoryStorage, app_over, member
from tests.support.pages import Browser

TYPED = {
    "name": "", "service": "wrok", "start_date": "2026-01-05T08:00:00Z", "misfire": "once",
    "grace": "soon", "cron_definition": "30 2 * *", "timezone": "",
}  # fmt: skip


@pytest.fixture
def browser() -> Iterator[Browser]:
    with Browser(app_over(MemoryStorage([member()])), base_url=LOOPBACK) as client:
        yield client


def test_faults_of_what_is_typed_are_found_and_not_of_what_is_missing(
    browser: Browser,
) -> None:
    """ADMIN-4"""
    answer = browser.post("/admin/preview/cron_style", data=TYPED)
    assert answer.status_code == 200
    found = dict(re.findall(r'data-field="(\w+)">[^<]*<span>([^<]*)</span>', answer.text))
    assert found.keys() == {"service", "grace", "cron_definition"}
    assert "did you mean work?" in found["service"]
    assert "exactly five" in found["cron_definition"]
    right = {"service": "work", "grace": "1s", "cron_definition": "30 2 * * *", "timezone": "UTC"}
    answer = browser.post("/admin/preview/cron_style", data=TYPED | right)
    assert "at 02:30 every day" in answer.text and "fault" not in answer.text


def test_a_check_puts_each_fault_beside_its_field(browser: Browser) -> None:
    """ADMIN-3, ADMIN-4: as the script does while somebody types."""
    answer = browser.post("/admin/new/cron_style", data=TYPED | {"do": "check"})
    assert answer.status_code == 422
    for field in ("service", "grace", "cron_definition"):
        tag = re.search(rf'<input id="{field}"[^>]*>', answer.text)
        assert tag and 'aria-invalid="true"' in tag[0]
        described = re.search(r'aria-describedby="([^"]*)"', tag[0])
        assert described and f"fault-{field}-1" in described[1].split()
        assert all(f'id="{id}"' in answer.text for id in described[1].split())
    assert 'id="fault-name-1"' not in answer.text
