"""The pages of web admin, over a store in memory: what they show, and what their buttons do."""

import re
from collections.abc import Iterator
from html import unescape
from html.parser import HTMLParser

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from gnomon.reference.events import Published
from gnomon.reference.live.api import job_service
from gnomon.reference.schedule.clock import read_instant
from gnomon.reference.store.operations import Job
from tests.support.memory_storage import DOWN, EVERY_MINUTE, MemoryStorage
from tests.support.pages import Browser

CRON = {
    "name": "nightly", "service": "work", "start_date": "2026-01-05T08:00:00Z",
    "is_active": "on", "misfire": "once", "grace": "1s", "extra": "", "repeats": "", "ends": "",
    "cron_definition": "30 2 * * *", "timezone": "Europe/Warsaw",
}  # fmt: skip
EVIL = "<script>alert('x')</script>\"'&"
BASE = "http://127.0.0.1:8000"


@pytest.fixture
def browser(app: Litestar, storage: MemoryStorage) -> Iterator[TestClient[Litestar]]:
    with Browser(app, base_url=BASE) as client:
        yield client


class Text(HTMLParser):
    """The text of a page, and how often each tag was opened."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.pieces: list[str] = []
        self.tags: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.pieces.append(data)

    def __str__(self) -> str:
        return " ".join(" ".join(self.pieces).split())


def seen(browser: TestClient[Litestar], path: str, status: int = 200) -> str:
    """The text of the page at a path."""
    answer = browser.get(path)
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    return str(Text(answer.text))


def sent(browser: TestClient[Litestar], path: str, **fields: str) -> str:
    """The text of the page that follows a form."""
    answer = browser.post(path, data=fields)
    assert answer.status_code == 200, answer.text
    return str(Text(answer.text))


def refused(browser: TestClient[Litestar], path: str, **fields: str) -> tuple[int, str]:
    """The status and the text of the page with which a form is refused."""
    answer = browser.post(path, data=fields)
    assert answer.status_code >= 400
    return answer.status_code, str(Text(answer.text))


def test_a_cron_job_is_made_seen_and_run(
    browser: TestClient[Litestar], storage: MemoryStorage
) -> None:
    """ADMIN-1, ADMIN-3"""
    assert "Cron definition" in seen(browser, "/admin/new/cron_style")
    page = sent(browser, "/admin/new/cron_style", **CRON)
    assert "The job was created." in page
    assert "at 02:30 every day, by the clock in Europe/Warsaw" in page
    (job,) = job_service.get_all(storage)
    assert job.definition.cron_definition == "30 2 * * *"
    page = sent(browser, f"/admin/jobs/{job.id}/execute")
    assert "A run was published" in page
    assert "on demand" in page and "waiting" in page


def test_a_run_may_be_given_extra_data(
    browser: TestClient[Litestar], storage: MemoryStorage
) -> None:
    """ADMIN-1, ADMIN-4: an empty field is the job's own."""
    path = f"/admin/jobs/{made(storage, extra='north').id}"
    assert "Extra data for this run; empty: the job's own" in seen(browser, path)
    for fields in ({"extra": "</textarea>\r\n"}, {"extra": ""}, {}):
        assert "A run was published" in sent(browser, f"{path}/execute", **fields)
    given = ["</textarea>\n", "north", "north"]
    published = [event for event in storage.events if isinstance(event, Published)]
    assert [event.payload for event in published] == given
    status, page = refused(browser, f"{path}/execute", extra="<b>" + "x" * 500_000)
    assert status == 422
    assert "No run was published: it is 500003 bytes in UTF-8" in page
    assert "<b>xxx" in page, "what was typed is kept"
    assert len([event for event in storage.events if isinstance(event, Published)]) == 3


def test_each_kind_of_job_can_be_made(
    browser: TestClient[Litestar], storage: MemoryStorage
) -> None:
    """ADMIN-1"""
    common = {name: CRON[name] for name in ("service", "start_date", "misfire", "grace")}
    sent(browser, "/admin/new/one_time", **common, name="once", extra="a\r\nb")
    units = {"weeks": "", "days": "", "hours": "2", "minutes": "30", "seconds": ""}
    sent(browser, "/admin/new/interval_based", **common, **units, name="every", repeats="7")
    every, once = (job.definition for job in job_service.get_all(storage))
    assert (every.interval, every.repeats, every.is_active) == (9_000_000_000, 7, False)
    assert (once.job_type, once.extra) == ("one_time", "a\nb")
    assert seen(browser, "/admin/new/hourly", 404)


def test_each_fault_is_beside_its_field(
    browser: TestClient[Litestar], storage: MemoryStorage
) -> None:
    """ADMIN-4"""
    wrong = CRON | {"cron_definition": "61 * * * *", "service": "wrok", "grace": "soon"}
    answer = browser.post("/admin/new/cron_style", data=wrong)
    assert answer.status_code == 422
    for field in ("cron_definition", "service", "grace"):
        assert f'id="fault-{field}-1"' in answer.text
        assert re.search(rf'id="{field}"[^>]*aria-invalid="true"', answer.text)
    assert "did you mean work?" in answer.text
    assert 'value="61 * * * *"' in answer.text
    assert job_service.get_all(storage) == []
    units = dict.fromkeys(("weeks", "days", "hours", "minutes", "seconds"), "")
    status, page = refused(browser, "/admin/new/interval_based", **CRON, **units)
    assert status == 422
    assert "one of weeks, days, hours, minutes, seconds must be above 0" in page


def test_a_form_is_checked_without_being_saved(
    browser: TestClient[Litestar], storage: MemoryStorage
) -> None:
    """ADMIN-3"""
    page = sent(browser, "/admin/new/cron_style", do="check", **CRON | {"name": ""})
    assert "Due at 02:30 every day, by the clock in Europe/Warsaw" in page
    assert job_service.get_all(storage) == []


def test_a_preview_marks_the_days_on_which_clocks_change(browser: TestClient[Litestar]) -> None:
    """ADMIN-3"""
    start = CRON | {"start_date": "2026-03-28T00:00:00Z"}
    page = sent(browser, "/admin/preview/cron_style", **start)
    days = page.split("clocks change on this day")
    assert len(days) == 2
    assert "Sun 2026-03-29 03:00:00 CEST" in days[0]
    assert "2026-03-28 01:30:00" in days[0] and "2026-03-30" in days[1]


def made(storage: MemoryStorage, **fields: object) -> Job:
    return job_service.create(storage, EVERY_MINUTE | fields)


def form_of(browser: TestClient[Litestar], path: str) -> dict[str, str]:
    """The values of the text fields of a form, and of its box."""
    page = browser.get(path).text
    found = re.findall(r'<input (?:id="\w+"|type="hidden") name="(\w+)" value="([^"]*)"', page)
    values = {name: unescape(value) for name, value in found}
    misfire = re.search(r'<option value="(\w+)" selected', page)
    assert misfire
    ticked = {"is_active": "on"} if "checked" in page else {}
    return values | {"misfire": misfire[1]} | ticked


def test_a_form_that_is_saved_as_it_is_changes_nothing(
    browser: TestClient[Litestar], storage: MemoryStorage
) -> None:
    """ADMIN-1"""
    limits = {"repeats": 3, "max_parallel": 2, "jitter": "10s", "max_runtime": "5m"}
    job = made(storage, is_active=False, misfire="skip", grace="1500ms", **limits)
    path = f"/admin/jobs/{job.id}/edit"
    assert "The job was saved." in sent(browser, path, **form_of(browser, path))
    assert job_service.get(storage, job.id) == job


def test_an_edit_unsets_what_is_emptied(
    browser: TestClient[Litestar], storage: MemoryStorage
) -> None:
    """ADMIN-1"""
    optional = ("repeats", "ends", "extra", "max_parallel", "jitter", "max_runtime")
    job = made(
        storage,
        repeats=3,
        extra="x",
        ends="2030-01-01T00:00:00Z",
        max_parallel=2,
        jitter="10s",
        max_runtime="5m",
    )
    path = f"/admin/jobs/{job.id}/edit"
    sent(browser, path, **form_of(browser, path) | dict.fromkeys(optional, ""))
    definition = job_service.get(storage, job.id).definition
    assert [getattr(definition, name) for name in optional] == [None, None, None, None, 0, None]


def test_somebody_else_s_change_is_shown_and_not_replaced(
    browser: TestClient[Litestar], storage: MemoryStorage
) -> None:
    """ADMIN-4"""
    job = made(storage)
    path = f"/admin/jobs/{job.id}/edit"
    form = form_of(browser, path) | {"minutes": "5"}
    job_service.edit(storage, job.id, {"name": "renamed"})
    page = sent(browser, path, **form)
    assert "Somebody else changed the job meanwhile" in page
    assert "name is renamed now" in page
    assert job_service.get(storage, job.id).definition.minutes == 1
    again = form | {"revision": str(job_service.get(storage, job.id).revision)}
    assert "The job was saved." in sent(browser, path, **again)
    assert job_service.get(storage, job.id).definition.minutes == 5


def test_a_job_is_switched_duplicated_and_deleted(
    browser: TestClient[Litestar], storage: MemoryStorage
) -> None:
    """ADMIN-1"""
    job = made(storage, extra="a <b>")
    assert "switched off" in sent(browser, f"/admin/jobs/{job.id}/deactivate")
    assert not job_service.get(storage, job.id).definition.is_active
    assert "switched on" in sent(browser, f"/admin/jobs/{job.id}/activate")
    copy = f"/admin/new/interval_based?copy={job.id}"
    assert form_of(browser, copy)["name"] == "report (copy)"
    assert "a &lt;b&gt;</textarea>" in browser.get(copy).text
    assert "Delete report?" in seen(browser, f"/admin/jobs/{job.id}/delete")
    revision = str(job_service.get(storage, job.id).revision)
    status, _ = refused(browser, f"/admin/jobs/{job.id}/delete", revision="1")
    assert status == 412
    assert "deleted" in sent(browser, f"/admin/jobs/{job.id}/delete", revision=revision)
    assert job_service.get_all(storage) == []
    assert "There is no job" in seen(browser, f"/admin/jobs/{job.id}", 404)


@pytest.mark.parametrize("field", ["name", "extra"])
def test_nothing_that_people_type_is_markup(
    browser: TestClient[Litestar], storage: MemoryStorage, field: str
) -> None:
    """ADMIN-2"""
    job = made(storage, **{field: EVIL})
    paths = ("/admin/jobs", f"/admin/jobs/{job.id}", f"/admin/jobs/{job.id}/edit",
             f"/admin/jobs/{job.id}/delete", "/admin/messages", "/admin/runs")  # fmt: skip
    job_service.execute(storage, job.id)
    for path in paths:
        page = Text(browser.get(path).text)
        assert page.tags.count("script") == 1, path  # our own
    answer = browser.post("/admin/new/one_time", data={field: EVIL, "service": EVIL})
    assert Text(answer.text).tags.count("script") == 1


def test_messages_are_shown_and_dropped(
    browser: TestClient[Litestar], storage: MemoryStorage
) -> None:
    """ADMIN-1"""
    job = made(storage)
    job_service.execute(storage, job.id)
    assert "report" in seen(browser, "/admin/messages?state=waiting")
    assert "No message is dead." in seen(browser, "/admin/messages?state=dead")
    assert "The message was dropped." in sent(browser, "/admin/messages/1/drop")
    assert "No message is waiting." in seen(browser, "/admin/messages")
    assert refused(browser, "/admin/messages/1/drop")[0] == 404


def test_the_cluster_is_shown(browser: TestClient[Litestar]) -> None:
    """ADMIN-1"""
    page = seen(browser, "/admin/cluster")
    assert "s1 alive 0 of" in page
    assert seen(browser, "/admin/runs").count("No worker is busy.") == 1


def test_the_cluster_is_paused_and_resumed(browser: TestClient[Litestar]) -> None:
    """ADMIN-1"""
    assert "The cluster was paused" in sent(browser, "/admin/cluster/pause")
    page = seen(browser, "/admin/cluster")
    assert "Paused by" in page and "Resume the cluster" in page
    assert refused(browser, "/admin/cluster/pause")[0] == 409
    assert "The cluster was resumed." in sent(browser, "/admin/cluster/resume")
    assert "Paused by" not in seen(browser, "/admin/cluster")


def test_an_outage_is_a_page_too(browser: TestClient[Litestar], storage: MemoryStorage) -> None:
    """ADMIN-1"""
    storage.outage = DOWN
    answer = browser.get("/admin/cluster")
    assert answer.status_code == 503
    assert "Service Unavailable" in Text(answer.text).pieces
    assert answer.headers["Retry-After"] == "1"


def test_a_form_of_another_site_changes_nothing(
    browser: TestClient[Litestar], storage: MemoryStorage
) -> None:
    """ADMIN-1, API-10"""
    job = made(storage)
    headers = {"Origin": "https://elsewhere.example"}
    answer = browser.post(f"/admin/jobs/{job.id}/deactivate", headers=headers)
    assert answer.status_code == 403
    assert job_service.get(storage, job.id).definition.is_active


def test_styles_and_the_script_come_from_here(browser: TestClient[Litestar]) -> None:
    """ADMIN-2"""
    for name, kind in (("admin.css", "text/css"), ("admin.js", "javascript")):
        answer = browser.get(f"/admin/static/{name}")
        assert answer.status_code == 200
        assert kind in answer.headers["Content-Type"]


def test_a_start_with_a_minute_is_enough(
    browser: TestClient[Litestar], storage: MemoryStorage
) -> None:
    sent(browser, "/admin/new/cron_style", **CRON | {"start_date": "2027-01-01 10:30"})
    (job,) = job_service.get_all(storage)
    assert job.definition.start_date == read_instant("2027-01-01T10:30:00Z")
