"""The list of jobs: what each row has, where its buttons lead, and what a page costs."""

import re
from collections.abc import Iterator, Sequence
from html import unescape

import pytest
from litestar import Litestar
from msgspec.structs import replace

from gnomon.reference.events import Finished, Published, Started
from gnomon.reference.live.api import job_service
from gnomon.reference.schedule.clock import HOUR, SECOND
from gnomon.reference.store.administration import JobsByName
from gnomon.reference.store.operations import Job, JobList, Jobs, Operation, Reply
from tests.reference.live.api.web.test_pages import seen
from tests.support.memory_storage import (
    EVERY_MINUTE,
    IN_WARSAW,
    LOOPBACK,
    NOW,
    MemoryStorage,
    app_over,
    member,
)
from tests.support.pages import Browser


@pytest.fixture
def browser(app: Litestar, storage: MemoryStorage) -> Iterator[Browser]:
    with Browser(app, base_url=LOOPBACK) as client:
        yield client


def ran(storage: MemoryStorage, job: Job, late: int, published: int = 0, **more: object) -> None:
    """A run of a job that was due an hour ago, was `published` and started `late` (µs after)."""
    due, message = NOW - HOUR, len(storage.events) + 1
    definition = job.definition
    what = (definition.name, definition.job_type, definition.service)
    run = Published(due + published, message, f"K{message}", job.id, 1, due, 1, "s1", *what)
    place = (message, "s1", 1, 1)
    storage.happen(
        replace(run, **more),
        Started(due + late, *place),
        Finished(due + late + SECOND, *place, "ok"),
    )


def test_a_row_has_how_late_the_last_run_started(browser: Browser, storage: MemoryStorage) -> None:
    """MISS-1: a misfire is what was published after the grace, not what waited for a worker."""
    job = job_service.create(storage, EVERY_MINUTE | {"grace": "2s"})
    assert "– –" in seen(browser, "/admin/jobs"), "no run, so neither result nor lateness"
    ran(storage, job, late=90 * SECOND, published=2 * SECOND)
    assert "ok 2026-01-05 07:01:31 1m30s Run now" in seen(browser, "/admin/jobs")
    ran(storage, job, late=90 * SECOND, published=2 * SECOND + 1)
    assert "ok 2026-01-05 07:01:31 1m30s misfire Run now" in seen(browser, "/admin/jobs")
    ran(storage, job, late=0, published=HOUR, on_demand=True)
    assert "ok 2026-01-05 07:00:01 – Run now" in seen(browser, "/admin/jobs")


def test_jitter_is_not_lateness(browser: Browser, storage: MemoryStorage) -> None:
    """LIMIT-2"""
    job = job_service.create(storage, EVERY_MINUTE | {"minutes": 0, "hours": 1, "jitter": "50m"})
    ran(storage, job, late=50 * 60 * SECOND, published=2 * SECOND)
    (late,) = re.findall(r"ok [-0-9]+ [:0-9]+ (\S+) Run now", seen(browser, "/admin/jobs"))
    assert late not in ("50m", "–")


def test_an_instant_is_in_the_zone_of_the_job_too(browser: Browser, storage: MemoryStorage) -> None:
    job_service.create(storage, IN_WARSAW | {"is_active": True})
    page = browser.get("/admin/jobs").text
    assert '<time datetime="2026-01-05T08:00:00Z">2026-01-05 08:00:00</time>' in page
    assert "Mon 2026-01-05 09:00:00 CET" in page


@pytest.mark.parametrize(
    ("button", "notice"),
    [
        ("execute", "A run was published"),
        ("deactivate", "The job was switched off"),
        ("activate", "The job was switched on"),
    ],
)
def test_a_button_of_a_row_returns_to_the_same_place(
    browser: Browser, storage: MemoryStorage, button: str, notice: str
) -> None:
    for name in ("a 1", "a 2", "b"):
        job = job_service.create(storage, EVERY_MINUTE | {"name": name})
    page = browser.get("/admin/jobs?name_contains=a+&sort=-name").text
    (place,) = set(re.findall(r'name="list" value="([^"]*)"', page))
    answer = browser.post(f"/admin/jobs/{job.id}/{button}", data={"list": unescape(place)})
    assert notice in answer.text
    assert (answer.url.path, *answer.url.params.multi_items()) == (
        "/admin/jobs", ("name_contains", "a"), ("sort", "-name"), ("done", f"{button}d"),
    )  # fmt: skip
    assert re.findall(r">(a \d|b)</a>", answer.text) == ["a 2", "a 1"]


def test_a_button_of_the_second_page_returns_there(
    browser: Browser, storage: MemoryStorage
) -> None:
    for number in range(101):
        job_service.create(storage, EVERY_MINUTE | {"name": f"{number:03}"})
    (following,) = re.findall('rel="next" href="([^"]*)"', browser.get("/admin/jobs").text)
    page = browser.get(unescape(following))
    (place,) = set(re.findall(r'name="list" value="([^"]*)"', page.text))
    (id,) = set(re.findall(r'action="/admin/jobs/(\d+)/', page.text))
    answer = browser.post(f"/admin/jobs/{id}/execute", data={"list": unescape(place)})
    assert ">100</a>" in answer.text and ">000</a>" not in answer.text


@pytest.mark.parametrize("place", ["", "cursor=%FF", "next=https://elsewhere.example&done=saved"])
def test_a_place_leads_nowhere_but_into_the_list(
    browser: Browser, storage: MemoryStorage, place: str
) -> None:
    job = job_service.create(storage, EVERY_MINUTE)
    answer = browser.post(
        f"/admin/jobs/{job.id}/execute", data={"list": place}, follow_redirects=False
    )
    assert answer.status_code == 303
    assert re.fullmatch(
        "/admin/jobs[?](cursor=%EF%BF%BD&)?done=executed", answer.headers["Location"]
    )


def test_a_row_leads_to_every_page_of_its_job(browser: Browser, storage: MemoryStorage) -> None:
    job = job_service.create(storage, EVERY_MINUTE)
    page = browser.get("/admin/jobs").text
    links = re.findall(r'<a href="([^"]*)">([^<]+)<span class="of"> report</span></a>', page)
    path = f"/admin/jobs/{job.id}"
    assert links == [
        (f"{path}#run-now", "Run with…"),
        (f"{path}/edit", "Edit"),
        (f"/admin/new/interval_based?copy={job.id}", "Duplicate"),
        (f"{path}/delete", "Delete"),
    ]
    for link, _ in links:
        assert browser.get(link).status_code == 200
    assert 'id="run-now"' in browser.get(path).text


class PartlyUnreadable(MemoryStorage):
    """Storage in which a stranger has overwritten one job."""

    bad = ""

    def ask_all(self, operations: Sequence[Operation]) -> Sequence[Reply]:
        return [self._overwritten(reply) for reply in super().ask_all(operations)]

    def _overwritten(self, reply: Reply) -> Reply:
        if not isinstance(reply, JobList):
            return reply
        good = tuple(job for job in reply.jobs if job.id != self.bad)
        bad = ((self.bad, "no JSON <b>"),) if len(good) < len(reply.jobs) else ()
        return replace(reply, jobs=good, unreadable=bad)


@pytest.mark.parametrize("query", ["", "?sort=next_due", "?name_contains=second", "?sort=-name"])
def test_a_job_that_cannot_be_read_is_named_on_its_page(query: str) -> None:
    storage = PartlyUnreadable([member()])
    for name in ("first", "second"):
        job_service.create(storage, EVERY_MINUTE | {"name": name})
    storage.bad = "1"
    with Browser(app_over(storage), base_url=LOOPBACK) as browser:
        page = seen(browser, f"/admin/jobs{query}")
    assert "second" in page
    assert "Job 1 cannot be read: no JSON <b>" in page


def test_a_page_by_name_reads_its_own_jobs_only(browser: Browser, storage: MemoryStorage) -> None:
    for number in range(150):
        job_service.create(storage, EVERY_MINUTE | {"name": f"{number:03}"})
    storage.asked.clear()
    assert "099" in seen(browser, "/admin/jobs")
    assert [asked for asked in storage.asked if isinstance(asked, Jobs)] == []
    assert [asked.most for asked in storage.asked if isinstance(asked, JobsByName)] == [101]
