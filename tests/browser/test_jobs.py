"""Jobs in the browser: made, changed, run and deleted; by keyboard, and without a script."""

import re

import pytest

from gnomon.reference.events import Published
from gnomon.reference.live.api import job_service
from gnomon.reference.store.operations import Job
from tests.browser.browsing import Browser, Page, expect, watched
from tests.support.memory_storage import EVERY_MINUTE, IN_WARSAW, MemoryStorage, member


def made(storage: MemoryStorage, **fields: object) -> Job:
    return job_service.create(storage, EVERY_MINUTE | fields)


def only(storage: MemoryStorage) -> Job:
    (job,) = job_service.get_all(storage)
    return job


def fill(page: Page, **fields: str) -> None:
    """Type into the fields, by their labels."""
    for label, text in fields.items():
        page.get_by_label(label.replace("_", " "), exact=False).first.fill(text)


def press(page: Page, button: str) -> None:
    page.get_by_role("button", name=button, exact=True).click()


def notice(page: Page, text: str) -> None:
    expect(page.get_by_role("status").filter(has_text=text)).to_be_visible()


def test_a_cron_job_is_made_from_the_list(page: Page, storage: MemoryStorage) -> None:
    """ADMIN-1; the preview follows what is typed, marks days of a change, and reports faults."""
    page.goto("/admin/")
    page.get_by_role("link", name="cron", exact=False).first.click()
    expect(page).to_have_title(re.compile("cron-style job"))
    fill(page, Name="nightly", Service="work")
    fill(page, Start_date="2026-03-28T00:00:00Z", Time_zone="Europe/Warsaw")
    preview = page.locator("#preview")
    page.get_by_label("Cron definition").fill("30 2 * *")
    cron = page.get_by_label("Cron definition")
    expect(cron).to_have_accessible_description(re.compile("exactly five: minute, hour"))
    expect(cron).to_have_attribute("aria-invalid", "true")
    page.get_by_label("Cron definition").fill("30 2 * * *")
    expect(preview).to_contain_text("at 02:30 every day, by the clock in Europe/Warsaw")
    expect(cron).not_to_have_attribute("aria-invalid", "true")
    expect(preview.get_by_text("clocks change on this day")).to_have_count(1)
    assert job_service.get_all(storage) == []
    press(page, "Save")
    notice(page, "The job was created.")
    expect(page.get_by_role("heading", level=1)).to_have_text("nightly")
    assert only(storage).definition.cron_definition == "30 2 * * *"
    page.get_by_role("link", name="Jobs", exact=True).click()
    expect(page.get_by_role("row").filter(has_text="nightly")).to_contain_text("at 02:30 every day")


def test_an_interval_job_and_a_one_time_job_are_made(page: Page, storage: MemoryStorage) -> None:
    """ADMIN-1"""
    page.goto("/admin/new/interval_based")
    fill(page, Name="often", Service="work", Hours="2", Minutes="30", Repeats="7")
    expect(page.locator("#preview")).to_contain_text("every 2 hours 30 minutes")
    press(page, "Save")
    notice(page, "The job was created.")
    page.goto("/admin/new/one_time")
    fill(page, Name="once", Service="work", Start_date="2026-02-01 10:00")
    page.get_by_label("Extra data").fill("first\nsecond")
    press(page, "Save")
    notice(page, "The job was created.")
    once, often = (job.definition for job in job_service.get_all(storage)[::-1])
    assert {once.name, often.name} == {"once", "often"}
    once, often = (once, often) if once.name == "once" else (often, once)
    assert (often.interval, often.repeats) == (9_000_000_000, 7)
    assert (once.extra, once.job_type) == ("first\nsecond", "one_time")


def test_wrong_inputs_are_reported_beside_their_fields(page: Page, storage: MemoryStorage) -> None:
    """ADMIN-4: what was typed is kept, and a screen reader finds each fault at its field."""
    page.goto("/admin/new/cron_style")
    fill(page, Name="a", Service="wrok", Cron_definition="61 * * * *", Grace="soon", Repeats="0")
    press(page, "Save")
    for label, fault in (
        ("Service", "did you mean work?"),
        ("Cron definition", "minute"),
        ("Grace", "duration"),
        ("Repeats", "whole number from 1"),
    ):
        field = page.get_by_label(label).first
        expect(field).to_have_attribute("aria-invalid", "true")
        expect(field).to_have_accessible_description(re.compile(fault))
    expect(page.get_by_label("Cron definition")).to_have_value("61 * * * *")
    expect(page.get_by_role("alert").first).to_contain_text("Nothing was saved")
    assert job_service.get_all(storage) == []
    fill(page, Service="work", Cron_definition="1 * * * *", Grace="1s", Repeats="")
    press(page, "Save")
    notice(page, "The job was created.")


def test_a_field_that_must_be_filled_in_keeps_the_form(page: Page, storage: MemoryStorage) -> None:
    """ADMIN-4"""
    page.goto("/admin/new/one_time")
    press(page, "Save")
    expect(page).to_have_url(re.compile("/admin/new/one_time$"))
    expect(page.get_by_label("Name")).to_be_focused()
    assert job_service.get_all(storage) == []


def test_an_edit_replaces_nobody_s_change(page: Page, storage: MemoryStorage) -> None:
    """ADMIN-4"""
    job = made(storage)
    page.goto(f"/admin/jobs/{job.id}")
    page.get_by_role("link", name="Edit").click()
    page.get_by_label("Minutes").fill("5")
    job_service.edit(storage, job.id, {"name": "renamed", "extra": "theirs"})
    press(page, "Save")
    expect(page.get_by_role("alert").first).to_contain_text("Somebody else changed the job")
    expect(page.get_by_text("name is renamed now")).to_be_visible()
    assert job_service.get(storage, job.id).definition.minutes == 1
    expect(page.get_by_label("Minutes")).to_have_value("5")
    press(page, "Save")
    notice(page, "The job was saved.")
    assert job_service.get(storage, job.id).definition.minutes == 5


def test_a_job_is_run_with_other_extra_data(page: Page, storage: MemoryStorage) -> None:
    """ADMIN-1"""
    job = made(storage, extra="its own")
    page.goto(f"/admin/jobs/{job.id}")
    page.get_by_label("Extra data for this run").fill("only now")
    press(page, "Run now")
    notice(page, "A run was published")
    expect(page.get_by_role("row").filter(has_text="on demand")).to_contain_text("waiting")
    (published,) = [event for event in storage.events if isinstance(event, Published)]
    assert published.payload == "only now"


def test_a_job_is_switched_off_duplicated_and_deleted(page: Page, storage: MemoryStorage) -> None:
    """ADMIN-1: nothing is deleted before it was asked."""
    job = made(storage, extra="x")
    page.goto(f"/admin/jobs/{job.id}")
    press(page, "Switch off")
    notice(page, "The job was switched off.")
    page.get_by_role("link", name="Duplicate").click()
    expect(page.get_by_label("Name")).to_have_value("report (copy)")
    press(page, "Save")
    notice(page, "The job was created.")
    page.get_by_role("link", name="Delete").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Delete report (copy)?")
    page.get_by_role("link", name="Cancel").click()
    assert len(job_service.get_all(storage)) == 2
    page.get_by_role("link", name="Delete").click()
    press(page, "Delete")
    notice(page, "The job was deleted.")
    assert only(storage).id == job.id
    assert not only(storage).definition.is_active


def test_everything_works_without_a_script(plain_page: Page, storage: MemoryStorage) -> None:
    """ADMIN-3"""
    page = plain_page
    page.goto("/admin/new/cron_style")
    fill(page, Name="nightly", Service="work", Cron_definition="30 2 * * *")
    press(page, "Check")
    expect(page.locator("#preview")).to_contain_text("at 02:30 every day")
    assert job_service.get_all(storage) == []
    press(page, "Save")
    notice(page, "The job was created.")
    page.get_by_role("link", name="Edit").click()
    fill(page, Cron_definition="30 3 * * *")
    press(page, "Save")
    notice(page, "The job was saved.")
    assert only(storage).definition.cron_definition == "30 3 * * *"
    press(page, "Run now")
    notice(page, "A run was published")
    press(page, "Switch off")
    notice(page, "The job was switched off.")
    page.get_by_role("link", name="Messages", exact=True).click()
    page.get_by_role("button", name="Drop").click()
    notice(page, "The message was dropped.")
    page.goto("/admin/cluster")
    press(page, "Pause the cluster")
    expect(page.get_by_text("Paused by").first).to_be_visible()
    press(page, "Resume the cluster")
    notice(page, "The cluster was resumed.")
    page.goto(f"/admin/jobs/{only(storage).id}/delete")
    press(page, "Delete")
    notice(page, "The job was deleted.")


def test_a_job_is_made_with_the_keyboard_alone(page: Page, storage: MemoryStorage) -> None:
    """The first key leads past the navigation; the focus is always visible."""
    page.goto("/admin/new/interval_based")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Name")).to_be_focused()
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline != "none"
    page.keyboard.type("by keyboard")
    page.keyboard.press("Tab")
    page.keyboard.type("work")
    page.keyboard.press("Escape")  # closes the list of services
    for _ in range(10):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "minutes":
            break
    page.keyboard.type("5")
    page.keyboard.press("Enter")
    notice(page, "The job was created.")
    assert only(storage).definition.minutes == 5


EVIL = "</textarea></script><img src=x onerror=alert(1)><script>alert(2)</script>\"'`&amp;{{7*7}}"


@pytest.mark.parametrize("field", ["name", "extra", "service"])
def test_what_people_type_never_runs(page: Page, storage: MemoryStorage, field: str) -> None:
    """ADMIN-2: the page fails the test if a script runs or something is loaded."""
    vars(storage).update(vars(MemoryStorage([member("s1", "work", EVIL)])))
    page.goto("/admin/new/cron_style")
    values = {"name": "a", "service": "work"} | ({} if field == "extra" else {field: EVIL})
    fill(page, Name=values["name"], Service=values["service"], Cron_definition="* * * * *")
    page.get_by_label("Extra data").fill(EVIL)
    expect(page.locator("#preview")).to_contain_text("every minute")
    press(page, "Save")
    notice(page, "The job was created.")
    job = only(storage)
    assert getattr(job.definition, field) == EVIL
    job_service.execute(storage, job.id)
    path = f"/admin/jobs/{job.id}"
    for each in (
        *("/admin/jobs", "/admin/messages", "/admin/runs", "/admin/cluster"),
        *(path, f"{path}/edit", f"{path}/delete", f"/admin/new/cron_style?copy={job.id}"),
    ):
        page.goto(each)
        expect(page.locator("img, script:not([src])")).to_have_count(0)
    page.goto(path)
    expect(page.get_by_text("onerror=alert(1)").first).to_be_visible()


def test_instants_are_in_the_zone_of_the_viewer(
    browser: Browser, url: str, storage: MemoryStorage
) -> None:
    """ADMIN-1: the zone of the job is there too, unless it is the viewer's; 09:00 in Warsaw."""
    job_service.create(storage, IN_WARSAW | {"is_active": True})
    for zone, shown, is_there in (
        ("Europe/Warsaw", "2026-01-05 09:00:00", False),
        ("Asia/Tokyo", "2026-01-05 17:00:00", True),
        ("UTC", "2026-01-05 08:00:00", True),
    ):
        with watched(browser, url, timezone_id=zone) as page:
            for path in ("/admin/jobs", "/admin/jobs/1"):
                page.goto(path)
                expect(page.locator("time").filter(has_text=shown).first).to_be_visible()
                own = page.get_by_text("Mon 2026-01-05 09:00:00 CET")
                expect(own.first).to_be_visible(visible=is_there)


def test_ten_thousand_jobs_are_kept_in_pages(page: Page, storage: MemoryStorage) -> None:
    """ADMIN-1: each page has a hundred; filters and pages can be combined."""
    for number in range(10_000):
        made(storage, name=f"job {number:05}", is_active=number % 2 == 0)
    page.goto("/admin/jobs")
    expect(page.locator("tbody tr")).to_have_count(100)
    page.get_by_role("link", name="Next", exact=False).click()
    expect(page.locator("tbody tr").first).to_contain_text("job 00100")
    page.get_by_label("Name", exact=False).first.fill("job 0999")
    press(page, "Show")
    expect(page.locator("tbody tr")).to_have_count(10)
    page.get_by_label("Active").select_option("true")
    press(page, "Show")
    expect(page.locator("tbody tr")).to_have_count(5)
    expect(page.get_by_label("Name", exact=False).first).to_have_value("job 0999")
