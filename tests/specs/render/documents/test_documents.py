"""The SVG, the page and the trace events of a picture: well-formed, whole, and safe."""

import json
import re
import xml.etree.ElementTree as ET
from collections import Counter
from itertools import accumulate

import pytest
from msgspec.structs import replace

from gnomon.reference import events
from gnomon.reference.history import History, Observable
from gnomon.specs.render.documents.page import show_page
from gnomon.specs.render.documents.perfetto import trace_events
from gnomon.specs.render.documents.svg import svg
from gnomon.specs.render.timeline.axis import Axis, when
from gnomon.specs.render.timeline.incidents import Incident
from gnomon.specs.render.timeline.picture import Bar, Flag, Job, Picture, picture_of
from gnomon.specs.rules import judge_trace
from gnomon.specs.trace.rows import Rows
from gnomon.specs.trace.trace import Trace
from tests.specs.render.timeline.histories import SOURCES, history_of, trace_of
from tests.support.partial import partial_history

HOSTILE = "</script><script>alert(1)</script>&\x1b[31m\"'"
SMALLEST = 300_000
"""Bytes of a page without its data and its picture for readers without scripts."""


def judged(source: str) -> Picture:
    trace = trace_of(source)
    return picture_of(trace, judge_trace(trace))


def parsed(text: str) -> ET.Element:
    """The root of a document that our own code has written."""
    return ET.fromstring(text)  # noqa: S314


def data_of(page: str) -> dict[str, object]:
    found = re.search(r'id="timeline-data">(.*?)</script>', page, re.DOTALL)
    assert found
    data: dict[str, object] = json.loads(found[1])
    return data


@pytest.mark.parametrize("source", SOURCES)
def test_an_svg_is_well_formed_and_draws_within_its_frame(source: str) -> None:
    root = parsed(svg(judged(source), source))
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    for element in root.iter():
        for name, most in (("x", width), ("cx", width), ("y", height), ("cy", height)):
            if name in element.attrib:
                assert -1 <= float(element.attrib[name]) <= most
        assert float(element.attrib.get("width", 0)) >= 0
        assert not {name for name in element.attrib if name.startswith("on") or "href" in name}


def test_a_small_svg_has_a_tooltip_for_each_run() -> None:
    picture = judged("starvation")
    root = parsed(svg(picture, "starvation"))
    titles = [title.text or "" for title in root.iter("{http://www.w3.org/2000/svg}title")]
    for bar in picture.bars:
        assert sum(f"message {bar.message}, attempt {bar.attempt}" in one for one in titles) == 1


def test_runs_in_one_place_are_one_mark_and_the_caption_states_it() -> None:
    picture = judged("overlap")
    bar = picture.bars[0]
    many = [bar._replace(begins=bar.begins + n, ends=bar.begins + n + 1) for n in range(5_000)]
    text = svg(replace(picture, bars=Rows(Bar, many)), "many")
    assert "5 000 runs" in text and "those in one place are drawn as one mark" in text
    assert len(text) < 20_000


def test_names_of_a_history_are_never_markup() -> None:
    plain = judged("starvation")
    picture = replace(
        plain,
        jobs=[Job(job.id, HOSTILE, HOSTILE + job.id) for job in plain.jobs],
        lanes=[lane._replace(label=HOSTILE, server=HOSTILE) for lane in plain.lanes],
        terms=[term._replace(server=HOSTILE) for term in plain.terms],
        incidents=[Incident(plain.start, plain.end, "failure", HOSTILE)],
        flags=[Flag(plain.start, "RUN-1", HOSTILE, 0, 1)],
    )
    page = "".join(show_page(picture, HOSTILE))
    assert "<script>alert" not in page and "\x1b" not in page
    parsed(svg(picture, HOSTILE))
    jobs = data_of(page)["jobs"]
    assert isinstance(jobs, list) and {job[1] for job in jobs} == {HOSTILE}
    assert json.loads("".join(trace_events(picture, HOSTILE)))["otherData"]["title"] == HOSTILE


@pytest.mark.parametrize("source", SOURCES[::3])
def test_a_page_is_self_contained_and_has_every_run(source: str) -> None:
    picture = judged(source)
    page = "".join(show_page(picture, source))
    assert not re.search(
        r"""(src|href)\s*=\s*["']|url\(|@import|https?://(?!www\.w3\.org/2000/svg)""", page
    )
    assert "default-src 'none'" in page
    columns = data_of(page)["runs"]
    assert isinstance(columns, dict)
    assert {len(column) for column in columns.values()} == {len(picture.bars)}
    begins = [picture.start + at for at in accumulate(columns["at"])]
    found = Counter(
        (at, at + columns["length"][n], columns["lane"][n], columns["message"][n], at - lead)
        for n, (at, lead) in enumerate(zip(begins, columns["lead"], strict=True))
    )
    assert found == Counter(
        (bar.begins, bar.ends, bar.lane, bar.message, bar.lead) for bar in picture.bars
    )
    waits = Counter(
        (at - columns["since"][n], at - columns["claimed"][n]) for n, at in enumerate(begins)
    )
    assert waits == Counter((bar.since, bar.claimed) for bar in picture.bars)


def test_a_page_is_small_beside_its_data() -> None:
    page = "".join(show_page(judged("overlap"), "overlap"))
    assert len(page.encode()) < SMALLEST


def test_the_page_and_its_script_agree_on_the_numbers_of_outcomes() -> None:
    from gnomon.specs.render.documents import page, page_data  # noqa: PLC0415

    script = (page.ASSETS / "model.js").read_text("utf-8")
    for name, values in (("OUTCOMES", page_data.OUTCOMES), ("DUES", page_data.DUES)):
        assert f"const {name} = {json.dumps(values)};" in script


@pytest.mark.parametrize(
    "observes",
    [
        ("firings",),
        ("jobs", "definitions", "firings", "due", "runs"),
        ("servers", "leader", "jobs"),
    ],
)
def test_a_partial_history_has_a_lane_a_job(observes: tuple[Observable, ...]) -> None:
    whole = trace_of("failover")
    seen = partial_history(History(whole.header, whole.recorded), observes)
    trace = Trace(seen)
    picture = picture_of(trace, judge_trace(trace))
    assert len(picture.lanes) == len(picture.jobs)
    assert len(picture.bars) == sum(isinstance(event, events.Fired) for event in seen.events)
    parsed(svg(picture, "partial"))
    json.loads("".join(trace_events(picture, "partial")))
    jobs = data_of("".join(show_page(picture, "partial")))["jobs"]
    assert isinstance(jobs, list) and len(jobs) == len(picture.jobs)


def test_a_history_without_events_has_a_picture() -> None:
    trace = Trace(history_of("10s end\n"))
    picture = picture_of(trace, judge_trace(trace))
    parsed(svg(picture, "empty"))
    assert data_of("".join(show_page(picture, "empty")))["lanes"] == []
    assert json.loads("".join(trace_events(picture, "empty")))["traceEvents"]


def test_ticks_are_few_round_and_in_order() -> None:
    for length in (1, 999, 10**6, 3_600 * 10**6, 10**12, 10**16):
        axis = Axis(7, 7 + length, 100, 900)
        ticks = axis.ticks(9)
        assert len(ticks) <= 11
        assert [x for x, _ in ticks] == sorted({x for x, _ in ticks})
        assert len({words for _, words in ticks}) == len(ticks)


def test_times_of_an_incident() -> None:
    second = 1_000_000
    assert when(0, 0, has_days=False) == "00:00:00"
    assert when(0, 5 * second, has_days=False) == "00:00:00 to 00:00:05"
    assert when(0, 5_500_000, has_days=False) == "00:00:00.000 to 00:00:05.500"
    assert when(0, 86_400 * second, has_days=True) == "1970-01-01 00:00:00 to 1970-01-02 00:00:00"


def test_a_bar_is_drawn_by_its_outcome() -> None:
    picture = judged("overlap")
    bar = picture.bars[0]
    for outcome, words in (("failed", "a run that failed"), ("cut off", "a run cut off")):
        other: Bar = bar._replace(outcome=outcome)  # type: ignore[arg-type]
        assert words in svg(replace(picture, bars=Rows(Bar, [other])), "x")
        assert words not in svg(picture, "x")
