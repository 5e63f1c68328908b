"""The pages on which people watch: the runs under way, the cluster, and a message."""

from collections.abc import Iterator

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from msgspec.structs import replace

from gnomon.reference.events import Started
from gnomon.reference.live.api import job_service
from gnomon.reference.live.api.schemas import Health, IncidentView
from gnomon.reference.live.api.web.watch import compare_clocks
from gnomon.reference.schedule.clock import DAY, HOUR, MINUTE, SECOND, write_instant
from gnomon.reference.store.administration import RegisterServer
from gnomon.reference.store.operations import Claim, Heartbeat, Join, Reclaim, SetAside, first_turn
from tests.reference.live.api.web.test_pages import seen
from tests.support.memory_storage import (
    EVERY_MINUTE,
    HEALTHY,
    LOOPBACK,
    NOW,
    MemoryStorage,
    app_over,
)

Browser = TestClient[Litestar]


@pytest.fixture
def browser(app: Litestar, storage: MemoryStorage) -> Iterator[Browser]:
    with TestClient(app, base_url=LOOPBACK) as client:
        yield client


def claim(storage: MemoryStorage, server: str = "s1", worker: int = 1, **fields: object) -> None:
    """Let a worker claim a run on demand of a new job."""
    job = job_service.create(storage, EVERY_MINUTE | {"name": f"{server} {worker}"} | fields)
    job_service.execute(storage, job.id)
    storage.serve(server, Join(1, HOUR))
    storage.serve(server, Claim(worker, first_turn(1)))


def start(storage: MemoryStorage, message: int, server: str = "s1", worker: int = 1) -> None:
    storage.happen(Started(storage.clock.now, message, server, worker, 1))


def test_a_run_is_shown_from_when_it_has_started(browser: Browser, storage: MemoryStorage) -> None:
    claim(storage)
    assert "s1 1 work 2026-01-05 08:00:00 – – s1 1 1" in seen(browser, "/admin/runs")
    storage.clock.now += 3 * SECOND
    start(storage, 1)
    storage.clock.now += 90 * SECOND
    row = "s1 1 work 2026-01-05 08:00:00 2026-01-05 08:00:03 1m30s s1 1 1"
    assert row in seen(browser, "/admin/runs")


def test_a_run_past_its_limits_is_marked(browser: Browser, storage: MemoryStorage) -> None:
    """LIMIT-3; the slow_threshold is that of the server that runs it."""
    own = RegisterServer(2, NOW, 2, ("work",), None, (("other", 1), ("work", 30_000)))
    storage.serve("s2", own)
    claim(storage, "s1", 1, max_runtime="1m")
    claim(storage, "s2", 2)
    start(storage, 1)
    start(storage, 2, "s2", 2)
    storage.clock.now += 30 * SECOND
    page = seen(browser, "/admin/runs")
    assert "slow" not in page and "overdue" not in page
    storage.clock.now += 1
    page = seen(browser, "/admin/runs")
    assert "30s slow: more than 30s s2" in page and "overdue" not in page
    storage.clock.now += 30 * SECOND
    assert "1m overdue: its job allows 1m s1" in seen(browser, "/admin/runs")
    storage.clock.now += 40 * SECOND
    page = seen(browser, "/admin/runs")
    assert "overdue: its job allows 1m slow: more than 1m39s" in page, "99,999 ms is the default"


def test_a_run_that_begins_anew_has_not_started(browser: Browser, storage: MemoryStorage) -> None:
    """DLV-2: what a former attempt reported is not that of the present one."""
    claim(storage)
    start(storage, 1)
    storage.clock.now += 2 * HOUR
    storage.serve("s2", Join(1, HOUR))
    storage.serve("s2", Reclaim())
    storage.serve("s2", Claim(1, first_turn(1)))
    assert "s1 1 work 2026-01-05 08:00:00 – – s2 1 2" in seen(browser, "/admin/runs")


def test_what_waits_is_counted_below_the_runs(browser: Browser, storage: MemoryStorage) -> None:
    claim(storage)
    assert "for a worker" not in seen(browser, "/admin/runs")
    job_service.execute(storage, "1")
    assert "1 message waits for a worker." in seen(browser, "/admin/runs")
    job_service.execute(storage, "1")
    assert "2 messages wait for a worker." in seen(browser, "/admin/runs")


def test_a_message_is_looked_at(browser: Browser, storage: MemoryStorage) -> None:
    claim(storage, extra="<b>secret</b>")
    page = seen(browser, "/admin/messages/1")
    assert "held by s1, worker 1" in page and "<b>secret</b>" in page
    assert "Drop" not in page and "Put back" not in page
    assert "There is no message 7" in seen(browser, "/admin/messages/7", 404)


def test_a_message_that_cannot_be_read_can_only_be_dropped(
    browser: Browser, storage: MemoryStorage
) -> None:
    """DLV-6"""
    claim(storage)
    storage.serve("s1", SetAside(1, 1, 1, "no JSON <b>"))
    page = seen(browser, "/admin/messages/1")
    assert "dead since 2026-01-05 08:00:00 : no JSON <b>" in page
    assert "Drop" in page and "Put back" not in page


def test_the_cluster_has_what_waits_and_what_is_dead(
    browser: Browser, storage: MemoryStorage
) -> None:
    claim(storage)
    job_service.execute(storage, "1")
    page = seen(browser, "/admin/cluster")
    assert "Waiting 1 message Held by workers 1 message Dead letters none" in page
    storage.serve("s1", SetAside(1, 1, 1, "no JSON"))
    page = seen(browser, "/admin/cluster")
    assert "Held by workers 0 messages Dead letters 1 message : drop them or put them back" in page


def test_servers_with_different_zone_databases_are_named(
    browser: Browser, storage: MemoryStorage
) -> None:
    storage.serve("s2", RegisterServer(1, NOW, 2, (), "2026f"))
    storage.serve("s3", RegisterServer(1, NOW, 2, (), "2026f"))
    page = seen(browser, "/admin/cluster")
    assert "Zone database 2026f on s2, s3; an unknown version on s1 they differ" in page


def test_faults_are_those_of_the_last_day(storage: MemoryStorage) -> None:
    storage.serve("s1", Heartbeat(HOUR))

    def health() -> Health:
        incidents = (
            IncidentView(kind="writes_lost", at=write_instant(NOW - DAY), text="too old"),
            IncidentView(kind="writes_lost", at=write_instant(NOW - DAY + 1), text="<b>lost"),
        )
        return replace(HEALTHY, incidents=incidents)

    with TestClient(app_over(storage, health=health), base_url=LOOPBACK) as browser:
        page = seen(browser, "/admin/cluster")
    assert "<b>lost" in page and "too old" not in page


def test_faults_of_the_cluster_are_those_of_every_server(
    storage: MemoryStorage, browser: Browser
) -> None:
    assert "Faults of the last day None." in seen(browser, "/admin/cluster")
    storage.clock.now = NOW - DAY
    storage.serve("s9", RegisterServer(1, NOW, 2, (), "2026f"))
    storage.serve("s9", RegisterServer(2, NOW, 2, (), "2026f"))
    storage.clock.now = NOW - HOUR
    storage.serve("s8", RegisterServer(1, NOW, 2, (), "2026f"))
    storage.serve("s8", RegisterServer(2, NOW, 2, (), "2026f"))
    storage.clock.now = NOW
    page = seen(browser, "/admin/cluster")
    assert "server s8 ended without leaving" in page and "server s9 ended" not in page


@pytest.mark.parametrize(
    ("store", "expected"),
    [
        (10 * SECOND, "it agrees with"),
        (11 * SECOND, "it agrees with"),
        (8 * SECOND, "it is 2s behind"),
        (MINUTE + 11 * SECOND, "it is 1m ahead of"),
    ],
)
def test_the_store_s_clock_is_compared(store: int, expected: str) -> None:
    """What the travel of the answer may explain is no difference."""
    found = compare_clocks(store, 10 * SECOND, 11 * SECOND)
    assert found == f"{expected} this server's clock"
