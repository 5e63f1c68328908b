"""A long history has the pictures of a short one, and few bytes for each run while it is drawn."""

import tracemalloc

import pytest
from hypothesis import given

from gnomon.reference import events
from gnomon.reference.events import Event
from gnomon.reference.history import Header, History
from gnomon.reference.schedule.clock import SECOND
from gnomon.specs.render.documents.page import show_page
from gnomon.specs.render.documents.perfetto import trace_events
from gnomon.specs.render.documents.report import report_page
from gnomon.specs.render.documents.svg import svg
from gnomon.specs.render.timeline.part import part_of
from gnomon.specs.render.timeline.picture import picture_of
from gnomon.specs.trace import message_table, rows, runs
from gnomon.specs.trace.trace import Trace
from tests.specs.render.timeline.histories import SOURCES, trace_of
from tests.specs.trace.test_long_histories import any_histories, packed

RUNS = 8_000
MOST_BYTES = 500
"""For each run: a report takes 420; with objects for runs and waits it took 1,600."""


def drawn(trace: Trace) -> list[str]:
    """All documents of a history, and of parts of it."""
    picture = picture_of(trace)
    middle = (trace.start + trace.end) // 2
    pictures = [picture, part_of(picture, trace.start, middle, "job 1", "s1")]
    documents = [
        "".join(document)
        for one in pictures
        for document in (show_page(one, "x"), svg(one, "x"), trace_events(one, "x"))
    ]
    return [*documents, "".join(report_page(trace, {}, "x"))]


@pytest.mark.parametrize("source", SOURCES)
def test_a_packed_history_has_the_same_pictures(source: str) -> None:
    short = trace_of(source)
    long = Trace(packed(History(short.header, short.recorded)))
    assert picture_of(long).bars == picture_of(short).bars
    assert drawn(long) == drawn(short)


@given(any_histories())
def test_any_order_of_events_has_the_same_pictures(history: History) -> None:
    assert drawn(Trace(packed(history))) == drawn(Trace(history))


def long_history(number_of_runs: int) -> History:
    """Two workers, and messages that wait until one of them is free."""
    fields = {"name": "a", "job_type": "interval_based", "service": "work", "seconds": 1}
    recorded: list[Event] = [
        events.ServerStarted(0, "s1", 2),
        events.JobCreated(0, "job 1", "a", fields),
    ]
    common = (1, "s1", "a", "interval_based", "work")
    for number in range(1, number_of_runs + 1):
        due, worker = (number - 1) * SECOND, 1 + number % 2
        recorded += [
            events.Published(due + 1, number, f"K{number}", "job 1", 1, due, *common),
            events.Claimed(due + 200, number, "s1", worker, 1),
            events.Started(due + 300, number, "s1", worker, 1),
            events.Finished(due + SECOND - 1, number, "s1", worker, 1, "ok"),
        ]
    return packed(History(Header(start=0, end=number_of_runs * SECOND), recorded))


def test_drawing_takes_few_bytes_for_each_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers for each run, and objects for some runs at a time."""
    monkeypatch.setattr(rows, "TOGETHER", 100)
    monkeypatch.setattr(runs, "AT_ONCE", 100)
    monkeypatch.setattr(message_table, "AT_ONCE", 100)
    bytes_of_drawing(Trace(long_history(9)))  # texts of the page are read once
    assert bytes_of_drawing(Trace(long_history(RUNS))) < RUNS * MOST_BYTES


def bytes_of_drawing(trace: Trace) -> int:
    """The most bytes that the report of a history takes at once, while it is drawn."""
    tracemalloc.start()
    try:
        for _ in report_page(trace, {}, "x"):
            pass
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
