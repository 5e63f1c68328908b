"""Dead letters in the browser: looked at, put back, and dropped."""

import pytest

from gnomon.reference.live.api import job_service, message_service
from gnomon.reference.schedule.clock import SECOND
from gnomon.reference.store.administration import AgreeSettings
from gnomon.reference.store.operations import Claim, Join, first_turn
from tests.browser.browsing import Page, expect
from tests.support.memory_storage import EVERY_MINUTE, MemoryStorage


@pytest.fixture
def storage(storage: MemoryStorage) -> MemoryStorage:
    """A store with two messages whose only attempt has died with its server."""
    job = job_service.create(storage, EVERY_MINUTE)
    storage.serve("s2", AgreeSettings("durable", SECOND, 1))
    for process in (1, 2):
        job_service.execute(storage, job.id)
        storage.serve("s2", Join(process, 60 * SECOND))
        storage.serve("s2", Claim(1, first_turn(process)))
    storage.serve("s2", Join(3, 60 * SECOND))
    return storage


def numbers(storage: MemoryStorage, state: str) -> list[int]:
    kept = message_service.messages(storage, state, 0)  # type: ignore[arg-type]
    return [message.id for message in kept.messages]


def test_a_dead_letter_is_dropped_and_another_put_back(page: Page, storage: MemoryStorage) -> None:
    """ADMIN-1, DLV-6: the cluster's page leads to them."""
    assert numbers(storage, "dead") == [1, 2]
    page.goto("/admin/cluster")
    page.get_by_role("link", name="2 messages").click()
    row = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name="1", exact=True))
    expect(row).to_contain_text("report")
    expect(row).to_contain_text("attempts")
    page.get_by_role("button", name="Drop message 1").click()
    expect(page.get_by_role("status").filter(has_text="was dropped")).to_be_visible()
    expect(page.get_by_role("button", name="Drop message 1")).to_have_count(0)
    assert numbers(storage, "dead") == [2]
    page.get_by_role("button", name="Put back message 2").click()
    expect(page.get_by_role("status").filter(has_text="was put back")).to_be_visible()
    expect(page.get_by_text("No message is dead.")).to_be_visible()
    assert numbers(storage, "waiting") == [2]
