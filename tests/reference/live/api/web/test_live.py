"""The live ticker: which events it has, how they read, and when a stream ends (ADMIN-7)."""

import json
from itertools import chain, repeat

import pytest
from litestar.testing import TestClient
from msgspec.structs import replace

from gnomon.reference import events
from gnomon.reference.live.api import job_service
from gnomon.reference.live.api.schemas import Health
from gnomon.reference.live.api.web import live
from gnomon.reference.live.store.storage import RecordedEvent
from gnomon.reference.schedule.clock import SECOND
from tests.reference.live.api.web import test_pages
from tests.support.memory_storage import (
    DOWN,
    EVERY_MINUTE,
    HEALTHY,
    LOOPBACK,
    NOW,
    MemoryStorage,
    app_over,
)


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "POLL_MS", 0)


def recorded(*numbers: int) -> list[RecordedEvent]:
    return [RecordedEvent(seq, events.LeaseReleased(NOW, "s1", 1)) for seq in numbers]


@pytest.mark.parametrize(
    ("numbers", "after", "shown", "left_out", "last"),
    [
        ((1, 2, 3), 0, [1, 2, 3], 0, 3),
        ((1, 2, 3), 2, [3], 0, 3),
        ((1, 2, 3), 3, [], 0, 3),
        ((8, 9), 3, [8, 9], 4, 9),
        ((8, 9), 0, [8, 9], 7, 9),
        ((1, 2), 90, [1, 2], 0, 2),
        ((), 90, [], 0, 0),
    ],
)
def test_what_is_new_is_shown_and_the_rest_is_counted(
    numbers: tuple[int, ...], after: int, shown: list[int], left_out: int, last: int
) -> None:
    """Numbers that went back are those of another store."""
    ticked, reached = live.since(recorded(*numbers), after)
    assert [event.seq for event in ticked.events] == shown
    assert (ticked.left_out, reached) == (left_out, last)


def test_an_event_reads_as_a_line(storage: MemoryStorage) -> None:
    job = job_service.create(storage, EVERY_MINUTE | {"extra": "secret"})
    job_service.execute(storage, job.id)
    storage.happen(
        events.Finished(NOW + 1, 1, "s1", 2, 1, "failed", "E: <b>" + "x" * 500),
        events.JobDeactivated(NOW, job.id, 2, True),
        events.ServerStarted(NOW, "s2", 2, ("b", "a")),
    )
    shown = live.latest(storage).events
    assert [(event.what, event.job) for event in shown] == [
        ("job created", "1"),
        ("published", "1"),
        ("finished", None),
        ("job deactivated", "1"),
        ("server started", None),
    ]
    texts = [event.text for event in shown]
    assert texts[0] == "name report"
    assert texts[1].startswith("message 1, due 2026-01-05 08:00:00 UTC, server ")
    assert texts[1].endswith("name report, service work, on demand yes")
    assert texts[2].startswith("message 1, server s1, worker 2, attempt 1, outcome failed, error E")
    assert len(texts[2]) < 160
    assert texts[3:] == ["has ended yes", "server s2, workers 2, services b a"]
    assert "secret" not in "".join(texts)
    assert shown[2].at == "2026-01-05T08:00:00.000001Z"


def test_what_a_service_saw_is_not_shown(storage: MemoryStorage) -> None:
    saw: dict[str, object] = {"payload": "secret"}
    storage.happen(events.Invoked(NOW, 1, "s1", 1, 1, saw, (), ()))
    assert live.latest(storage).events == []


def stream(storage: MemoryStorage, query: str = "", reads: int = 1, seen: str = "") -> str:
    """The text of a stream that a server ends after that many reads, as it drains."""
    coming = chain(repeat("working", reads), repeat("draining"))

    def health() -> Health:
        return replace(HEALTHY, state=next(coming))

    with TestClient(app_over(storage, health=health), base_url=LOOPBACK) as browser:
        headers = {"Last-Event-ID": seen} if seen else {}
        answer = browser.get(f"/admin/events{query}", headers=headers)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.text


def numbers(text: str) -> list[int]:
    lines = [line for line in text.splitlines() if line.startswith("data: ")]
    return [event["seq"] for line in lines for event in json.loads(line[6:])["events"]]


def test_a_stream_has_each_event_once_and_ends_with_its_server(storage: MemoryStorage) -> None:
    """ADMIN-7"""
    for name in "abc":
        job_service.create(storage, EVERY_MINUTE | {"name": name})
    assert numbers(stream(storage, reads=3)) == [1, 2, 3]
    assert numbers(stream(storage, "?after=1")) == [2, 3]
    assert numbers(stream(storage, "?after=1", seen="2")) == [3]
    assert numbers(stream(storage, "?after=1", seen="x")) == [2, 3]
    assert "id: 3\n" in stream(storage)


def test_a_line_break_in_a_name_does_not_break_the_stream(storage: MemoryStorage) -> None:
    job_service.create(storage, EVERY_MINUTE | {"name": "a\n\ndata: {}"})
    assert numbers(stream(storage)) == [1]


def test_an_outage_is_reported_once(storage: MemoryStorage) -> None:
    storage.outage = DOWN
    assert stream(storage, reads=3).count("event: outage") == 1


def test_a_stream_without_events_says_that_it_is_alive(
    storage: MemoryStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ": nothing" not in stream(storage, reads=3)
    monkeypatch.setattr(live, "SILENCE", -1)
    assert stream(storage, reads=3).count(": nothing happened") == 3


def test_a_stream_ends_after_its_time(
    storage: MemoryStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that a login is checked anew."""
    monkeypatch.setattr(live, "LONGEST", SECOND // 10)
    assert stream(storage, reads=10**9).startswith("retry: 3000\n\n")


@pytest.mark.parametrize("query", ["?after=-1", "?after=x", "?from=1"])
def test_a_wrong_question_is_refused(storage: MemoryStorage, query: str) -> None:
    with TestClient(app_over(storage), base_url=LOOPBACK) as browser:
        assert browser.get(f"/admin/events{query}").status_code == 400


def test_the_page_of_the_cluster_has_the_latest_events(storage: MemoryStorage) -> None:
    """ADMIN-3: without a script, they are those of when the page was made."""
    for number in range(60):
        job_service.create(storage, EVERY_MINUTE | {"name": f"job {number} <b>"})
    with TestClient(app_over(storage), base_url=LOOPBACK) as browser:
        page = test_pages.seen(browser, "/admin/cluster")
        source = browser.get("/admin/cluster").text
    assert page.index("name job 59 <b>") < page.index("name job 10 <b>")
    assert "name job 9 <b>" not in page
    assert 'data-after="60"' in source and 'href="/admin/jobs/60"' in source


def test_what_changes_is_marked_on_each_page_that_is_watched(storage: MemoryStorage) -> None:
    """The script fetches these parts anew; it finds each by its id."""
    job_service.create(storage, EVERY_MINUTE)
    with TestClient(app_over(storage), base_url=LOOPBACK) as browser:
        for path in ("jobs", "jobs/1", "runs", "cluster"):
            assert "data-live" in browser.get(f"/admin/{path}").text
