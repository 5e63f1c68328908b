"""Servers that differ in their time zone database are named: in log, health and metrics."""

import logging
from collections.abc import Sequence
from pathlib import Path

import pytest

from gnomon.reference.live.runtime import zone_watch
from gnomon.reference.live.runtime.metrics import Metrics
from gnomon.reference.live.runtime.zone_watch import ZoneWatch, difference
from gnomon.reference.schedule.clock import MILLISECOND, SECOND
from gnomon.reference.schedule.zones import DIRECTORY_VARIABLE, zone_database
from gnomon.reference.store.administration import Member, RegisterServer
from gnomon.reference.store.operations import Heartbeat
from tests.reference.live.runtime.test_metrics import value_of
from tests.support.memory_storage import DOWN, NOW, MemoryStorage, eventually
from tests.support.servers import RealServer, free_port, wait_until
from tests.support.serving import PATIENCE_S, ask, is_up, run, said, serving


def member(name: str, tzdata: str | None) -> Member:
    return Member(name=name, tzdata=tzdata, workers=1, services=(), since=0, heard=0, alive_until=1)


@pytest.mark.parametrize("versions", [(), (None,), ("2026f",), ("2026f", "2026f"), ("2026f", None)])
def test_servers_that_do_not_differ(versions: Sequence[str | None]) -> None:
    assert difference(member(f"s{n}", version) for n, version in enumerate(versions)) is None


def test_the_difference_names_who_has_which_and_what_to_do() -> None:
    servers = (("a", "2026f"), ("b", "2025b"), ("c", "2026f"), ("d", None))
    assert difference(member(*server) for server in servers) == (
        "the servers differ in their time zone database (2025b on b; 2026f on a, c), and jobs in "
        "time zones may be due at other times when another server leads; install the same version "
        "of tzdata everywhere, or let GNOMON_TZDATA name the same files"
    )


@pytest.fixture
def storage(monkeypatch: pytest.MonkeyPatch) -> MemoryStorage:
    monkeypatch.setattr(zone_watch, "PERIOD", 10 * MILLISECOND)
    return MemoryStorage()


def register(storage: MemoryStorage, name: str, tzdata: str, alive: int = 100 * SECOND) -> None:
    storage.serve(name, Heartbeat(alive))
    storage.serve(name, RegisterServer(1, NOW, 1, (), tzdata))


def test_a_difference_is_reported_once_and_its_end_too(
    storage: MemoryStorage, caplog: pytest.LogCaptureFixture
) -> None:
    metrics = Metrics([], 1)
    with caplog.at_level(logging.INFO, "gnomon.server"):
        watch = ZoneWatch(storage, metrics)
        register(storage, "a", "2026f")
        register(storage, "b", "2025b", alive=SECOND)
        eventually(lambda: watch.warnings)
        storage.outage = DOWN
        assert value_of(metrics.text(), "gnomon_zone_databases_differ") == 1
        storage.clock.now += 2 * SECOND  # b is no longer alive
        storage.outage = None
        eventually(lambda: not watch.warnings)
        watch.close()
    assert value_of(metrics.text(), "gnomon_zone_databases_differ") == 0
    first, last = (record for record in caplog.records if record.name == "gnomon.server")
    assert (first.levelname, last.levelname) == ("WARNING", "INFO")
    assert "2025b on b; 2026f on a" in first.message


# --- processes


def test_a_server_with_an_older_database_leads(
    real_server: RealServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has no zone Europe/Warsaw: the job is listed with the reason, and both servers warn."""
    older = tmp_path / "zones"
    older.mkdir()
    (older / "tzdata.zi").write_text("# version 1999z\nZ Europe/Old 0 - X\n")
    real_server.client().flushall()
    ports = (free_port(), free_port())

    def words(number: int) -> list[str]:
        where = ["--redis", real_server.url, "--http", f"127.0.0.1:{ports[number]}"]
        return [*where, "--name", f"s{number}", "--lease", "2s"]

    for name in ("old", "new"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv(DIRECTORY_VARIABLE, str(older))
    with serving(tmp_path / "old", *words(0)):
        wait_until(lambda: is_up(ports[0]), PATIENCE_S)
        wait_until(lambda: ask(ports[0], "/health").json()["leads"], PATIENCE_S)
        monkeypatch.delenv(DIRECTORY_VARIABLE)
        with serving(tmp_path / "new", *words(1)):
            wait_until(lambda: is_up(ports[1]), PATIENCE_S)
            job = {
                "name": "nine",
                "job_type": "cron_style",
                "cron_definition": "0 9 * * *",
                "timezone": "Europe/Warsaw",
                "service": "demo.sleep",
                "start_date": "2026-01-01T00:00:00Z",
            }
            assert ask(ports[1], "/jobs", "POST", json=job).status_code == 201
            why = "timezone: 'Europe/Warsaw' is not in the time zone database of this server, 1999z"
            (listed,) = ask(ports[0], "/jobs").json()
            assert (listed["name"], listed["problem"], listed["next_due"]) == ("nine", why, None)
            shown = run("jobs", "list", "--server", f"http://127.0.0.1:{ports[0]}")
            assert "cannot be scheduled" in shown.stdout, shown
            text = f"job 1 cannot be scheduled by this server, and is not published: {why}"
            differ = f"1999z on s0; {zone_database()} on s1"

            def warnings(number: int) -> str:
                return "\n".join(ask(ports[number], "/health").json()["warnings"])

            wait_until(lambda: text in warnings(0) and differ in warnings(0), 5)
            wait_until(lambda: differ in warnings(1), 5)
            assert "gnomon_jobs_unschedulable 1.0" in ask(ports[0], "/metrics").text
            members = ask(ports[1], "/cluster").json()["members"]
            assert [each["tzdata"] for each in members] == ["1999z", zone_database()]
    assert text in said(tmp_path / "old") and differ in said(tmp_path / "old")
    assert differ in said(tmp_path / "new")
