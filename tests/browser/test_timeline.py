"""The time line of a history in a browser: its numbers, zoom, keys, filters, and who reads it."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gnomon.specs.render.documents.report import report_page
from gnomon.specs.render.timeline.picture import Picture, picture_of
from gnomon.specs.rules import judge_trace
from tests.browser.browsing import Browser, accessibility_faults, expect, watched
from tests.specs.render.timeline.histories import trace_of

if TYPE_CHECKING:
    from tests.browser.browsing import Locator, Page

SOURCE = "durable 3"
"""A drawn recording of several servers, jobs and faults."""


@pytest.fixture(scope="module")
def picture() -> Picture:
    trace = trace_of(SOURCE)
    return picture_of(trace, judge_trace(trace))


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    trace = trace_of(SOURCE)
    file: Path = tmp_path_factory.mktemp("report") / "report.html"
    file.write_text("".join(report_page(trace, judge_trace(trace), SOURCE)), "utf-8")
    return file.as_uri()


@pytest.fixture
def page(browser: Browser, report: str) -> Iterator["Page"]:
    with watched(browser, "file://", viewport={"width": 1280, "height": 900}) as page:
        page.goto(report)
        yield page


def in_view(page: "Page") -> int:
    """The number of runs in view, as the line under the picture states it."""
    found = re.search(r"· ([\d\u2009]+) runs? in view", page.inner_text("#timeline-status"))
    assert found
    return int(found[1].replace("\u2009", ""))


def canvas_of(page: "Page") -> "Locator":
    canvas = page.locator("#timeline-canvas")
    canvas.focus()
    return canvas


def test_all_runs_are_in_view_and_a_zoom_has_those_of_its_time(
    page: "Page", picture: Picture
) -> None:
    assert in_view(page) == len(picture.bars)
    peak = str(picture.summary.peak_waiting)  # the script counts from the runs, this from events
    expect(page.locator("#timeline-stage")).to_have_attribute("data-most-waiting", peak)
    canvas_of(page).press("+")
    quarter = (picture.end - picture.start) / 4
    begins, ends = picture.start + quarter, picture.end - quarter
    within = sum(bar.begins <= ends and bar.ends >= begins for bar in picture.bars)
    expect(page.locator("#timeline-stage")).to_have_attribute("data-in-view", str(within))
    canvas_of(page).press("0")
    every = str(len(picture.bars))
    expect(page.locator("#timeline-stage")).to_have_attribute("data-in-view", every)


def test_filters_leave_the_runs_of_a_job_and_of_a_server(page: "Page", picture: Picture) -> None:
    stage = page.locator("#timeline-stage")
    server = picture.lanes[picture.bars[0].lane].server
    page.select_option("[data-filter=server]", server)
    of_server = sum(picture.lanes[bar.lane].server == server for bar in picture.bars)
    expect(stage).to_have_attribute("data-in-view", str(of_server))
    page.click("#timeline-clear")
    name = picture.jobs[picture.bars[0].job].name
    page.fill("[data-filter=job]", name)
    of_job = sum(name.lower() in picture.jobs[bar.job].name.lower() for bar in picture.bars)
    expect(stage).to_have_attribute("data-in-view", str(of_job))


def test_keys_go_from_run_to_run_and_to_incidents(page: "Page", picture: Picture) -> None:
    canvas, tip = canvas_of(page), page.locator("#timeline-tip")
    expect(tip).to_be_hidden()
    canvas.press("l")
    expect(tip).to_contain_text("message")
    first = tip.inner_text()
    canvas.press("l")
    expect(tip).not_to_have_text(first)
    canvas.press("Escape")
    expect(tip).to_be_hidden()
    canvas.press("n")
    current = page.locator(".incidents button[aria-current=true]")
    expect(current).to_contain_text(picture.incidents[0].text)
    assert page.url.endswith("#incident-1")


def test_a_sentence_leads_to_its_place(page: "Page", picture: Picture) -> None:
    page.locator(".incidents button").last.click()
    assert in_view(page) < len(picture.bars)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_report_is_for_everybody(page: "Page", scheme: str) -> None:
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    assert accessibility_faults(page) == []


def test_a_narrow_page_does_not_scroll_sideways(page: "Page") -> None:
    page.set_viewport_size({"width": 400, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_without_scripts_the_picture_is_there(browser: Browser, report: str) -> None:
    with watched(browser, "file://", java_script_enabled=False) as page:
        page.goto(report)
        expect(page.locator("noscript svg[role=img]").first).to_be_visible()
        expect(page.locator("#timeline")).to_be_hidden()
