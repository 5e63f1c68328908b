"""Each page for everybody: what axe finds, in light and in dark, and the width of a phone.

The pages have every kind of content: runs that failed, a misfire, a very long name, messages of
every state, a pause.
"""

from typing import Literal

import pytest

from gnomon.reference.events import Finished, Published, Started
from gnomon.reference.live.api import job_service, pause
from gnomon.reference.schedule.clock import HOUR, SECOND
from gnomon.reference.store.administration import AgreeSettings
from gnomon.reference.store.operations import Claim, Job, Join, first_turn
from tests.browser.browsing import Browser, accessibility_faults, expect, watched
from tests.support.memory_storage import EVERY_MINUTE, IN_WARSAW, NOW, MemoryStorage, member

LONG = "a-name-without-any-blank-" * 7
FAINT = "color-mix(in srgb, currentColor 20%, Canvas)"
PAGES = (
    *("/admin/jobs", "/admin/jobs?name_contains=nothing-like-this", "/admin/jobs/1"),
    *("/admin/jobs/2", "/admin/jobs/1/edit", "/admin/jobs/1/delete", "/admin/jobs/none"),
    *(f"/admin/new/{kind}" for kind in ("one_time", "interval_based", "cron_style")),
    *("/admin/runs", "/admin/cluster", "/admin/messages/1", "/admin/messages/3"),
    *(f"/admin/messages?state={state}" for state in ("waiting", "held", "dead")),
)
"""Every page of web admin."""


@pytest.fixture
def storage(storage: MemoryStorage) -> MemoryStorage:
    """A store with jobs, runs, messages of every state, and a pause."""
    vars(storage).update(vars(MemoryStorage([member(), member("s2", "work", LONG)])))
    extra = "north\nsouth " + "x" * 300 + "\n" * 60 + "end"
    job = job_service.create(storage, EVERY_MINUTE | {"extra": extra, "max_runtime": "5m"})
    job_service.create(storage, IN_WARSAW | {"is_active": True})
    job_service.create(storage, EVERY_MINUTE | {"name": LONG, "is_active": False})
    job_service.create(storage, EVERY_MINUTE | {"name": "unreliable", "service": LONG})
    for number in range(20):
        ran(storage, job, number)
    for _ in range(3):
        job_service.execute(storage, job.id)
    storage.serve("s2", AgreeSettings("durable", SECOND, 1))
    for process in (1, 2):  # the message that the first one holds is dead
        storage.serve("s2", Join(process, 60 * SECOND))
        storage.serve("s2", Claim(1, first_turn(process)))
    pause.pause(storage)
    return storage


def ran(storage: MemoryStorage, job: Job, number: int) -> None:
    """A run of a job within the last hours; each third fails, each seventh is a misfire."""
    due, message = NOW - HOUR + number * 60 * SECOND, 1_000 + number
    late = 30 * SECOND if number % 7 == 0 else SECOND // 5
    place = (message, "s1", 1, 1)
    definition = job.definition
    what = (definition.name, definition.job_type, definition.service)
    outcome = ("failed", "ValueError: " + "no " * 50) if number % 3 == 0 else ("ok", None)
    storage.happen(
        Published(due + late, message, f"K{message}", job.id, 1, due, 1, "s1", *what),
        Started(due + late + SECOND, *place),
        Finished(due + late + (2 + number) * SECOND, *place, *outcome),
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(
    browser: Browser, url: str, storage: MemoryStorage, scheme: Literal["light", "dark"]
) -> None:
    """ADMIN-1: contrast, labels, roles, headings, landmarks; a scheme changes only the contrast."""
    rules = () if scheme == "light" else ("color-contrast",)
    found: dict[str, list[str]] = {}
    with watched(browser, url, color_scheme=scheme) as page:
        for path in PAGES:
            page.goto(path)
            found[path] = accessibility_faults(page, *rules)
    assert not any(found.values()), {path: faults for path, faults in found.items() if faults}


@pytest.mark.parametrize("width", [320, 412, 1280])
def test_no_page_is_wider_than_the_screen(
    browser: Browser, url: str, storage: MemoryStorage, width: int
) -> None:
    """Only a table or a picture may be moved sideways, inside the page; text has its size."""
    viewport = {"width": width, "height": 800}
    with watched(browser, url, viewport=viewport, is_mobile=width < 1_000) as page:
        for path in PAGES:
            page.goto(path)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path
            expect(page.get_by_role("heading", level=1)).to_be_visible()


def test_axe_looks_at_the_page(browser: Browser, url: str) -> None:
    """An oracle that finds nothing anywhere would be none."""
    with watched(browser, url) as page:
        page.goto("/admin/jobs")
        page.evaluate("document.querySelector('main').append(document.createElement('input'))")
        page.evaluate("color => document.querySelector('h1').style.color = color", FAINT)
        contrast, label = sorted(accessibility_faults(page))
        assert accessibility_faults(page, "color-contrast") == [contrast]
    assert contrast.startswith("color-contrast (serious): <h1 style=")
    assert label.startswith("label (critical): <input>")
