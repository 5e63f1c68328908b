"""Differing time zone databases, and jobs that the leader cannot schedule, are reported."""

import logging
from collections.abc import Sequence
from pathlib import Path

import pytest

from gnomon.reference.live.api import job_service
from gnomon.reference.live.runtime.monitoring import cluster_watch
from gnomon.reference.live.runtime.monitoring.cluster_watch import (
    JOBS_NAMED,
    ClusterWatch,
    difference,
)
from gnomon.reference.live.runtime.monitoring.metrics import Metrics
from gnomon.reference.schedule.clock import MILLISECOND, SECOND
from gnomon.reference.schedule.zones import DIRECTORY_VARIABLE, zone_database
from gnomon.reference.store.administration import Member, RegisterServer, ReportUnschedulable
from gnomon.reference.store.operations import Campaign, Heartbeat, Resign
from gnomon.reference.store.pause import PauseCluster, ResumeCluster
from tests.reference.live.runtime.monitoring.test_metrics import value_of
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
    monkeypatch.setattr(cluster_watch, "PERIOD", 10 * MILLISECOND)
    return MemoryStorage()


def register(storage: MemoryStorage, name: str, tzdata: str, alive: int = 100 * SECOND) -> None:
    storage.serve(name, Heartbeat(alive))
    storage.serve(name, RegisterServer(1, NOW, 1, (), tzdata))


def test_a_difference_is_reported_once_and_its_end_too(
    storage: MemoryStorage, caplog: pytest.LogCaptureFixture
) -> None:
    metrics = Metrics([], 1)
    with caplog.at_level(logging.INFO, "gnomon.server"):
        watch = ClusterWatch(storage, metrics)
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


@pytest.mark.parametrize("count", [0, 1, JOBS_NAMED, JOBS_NAMED + 5])
def test_jobs_that_the_leader_cannot_schedule_are_named(storage: MemoryStorage, count: int) -> None:
    storage.serve("a", Campaign(100 * SECOND))
    jobs = tuple((str(number), "why") for number in range(count))
    storage.serve("a", ReportUnschedulable(1, jobs))
    watch = ClusterWatch(storage, Metrics([], 1))
    eventually(lambda: len(watch.warnings) == min(count, JOBS_NAMED + 1))
    if count > 0:
        text = "job 0 cannot be scheduled by a, which leads, and is not published: why"
        assert watch.warnings[0] == text
    if count > JOBS_NAMED:
        assert watch.warnings[-1] == "5 more jobs cannot be scheduled"
    storage.serve("a", Resign(1))
    eventually(lambda: not watch.warnings)
    watch.close()


def test_a_pause_is_reported_until_it_ends(
    storage: MemoryStorage, caplog: pytest.LogCaptureFixture
) -> None:
    metrics = Metrics([], 1)
    storage.serve("operator", PauseCluster("anna"))
    watch = ClusterWatch(storage, metrics)
    eventually(lambda: watch.warnings)
    text = "the cluster is paused since 2026-01-05T08:00:00Z, by anna: nothing is published as "
    assert watch.warnings == (text + "planned; gnomon cluster resume ends that",)
    assert value_of(metrics.text(), "gnomon_cluster_paused") == 1
    storage.serve("operator", ResumeCluster("anna"))
    eventually(lambda: not watch.warnings)
    watch.close()
    assert value_of(metrics.text(), "gnomon_cluster_paused") == 0
    warned = [record.message for record in caplog.records if record.levelname == "WARNING"]
    assert warned == [text + "planned; gnomon cluster resume ends that"]


def test_services_that_jobs_need_and_no_live_server_has_are_named(
    storage: MemoryStorage, caplog: pytest.LogCaptureFixture
) -> None:
    storage.serve("a", Campaign(100 * SECOND))
    storage.serve("a", RegisterServer(1, NOW, 1, ("s",)))
    storage.serve("a", ReportUnschedulable(1, (), ("gone", "s")))
    watch = ClusterWatch(storage, Metrics([], 1))
    eventually(lambda: watch.warnings)
    watch.close()
    assert storage.overview().missing_services == ("gone",)
    assert [text[:39] for text in watch.warnings] == ["no live server has the service 'gone', "]
    warned = [record.message for record in caplog.records if record.levelname == "WARNING"]
    assert warned == [*watch.warnings]


@pytest.mark.parametrize(
    ("server", "epoch", "counts"), [("a", 1, True), ("a", 2, False), ("b", 1, False)]
)
def test_only_the_leader_of_the_epoch_reports(
    storage: MemoryStorage, server: str, epoch: int, counts: bool
) -> None:
    storage.serve("a", Campaign(100 * SECOND))
    storage.serve(server, ReportUnschedulable(epoch, (("1", "why"),)))
    assert storage.overview().unschedulable == ((("1", "why"),) if counts else ())
    assert job_service.leaders_problems(storage) == (
        {"1": "a, which leads, cannot: why"} if counts else {}
    )


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
            why = "timezone: 'Europe/Warsaw' is not in time zone database 1999z"
            told = f"s0, which leads, cannot: {why}"
            for port in ports:
                wait_until(lambda: ask(port, "/jobs/1").json()["problem"] == told, 5)  # noqa: B023
                (listed,) = ask(port, "/jobs").json()["jobs"]
                assert (listed["name"], listed["problem"]) == ("nine", told)
            shown = run("jobs", "list", "--server", f"http://127.0.0.1:{ports[1]}")
            assert "cannot be scheduled" in shown.stdout, shown
            logged = f"job 1 cannot be scheduled, and is not published: {why}"
            text = f"job 1 cannot be scheduled by s0, which leads, and is not published: {why}"
            differ = f"1999z on s0; {zone_database()} on s1"

            def warnings(number: int) -> str:
                return "\n".join(ask(ports[number], "/health").json()["warnings"])

            wait_until(lambda: text in warnings(0) and differ in warnings(0), 5)
            wait_until(lambda: text in warnings(1) and differ in warnings(1), 5)
            assert "gnomon_jobs_unschedulable 1.0" in ask(ports[0], "/metrics").text
            members = ask(ports[1], "/cluster").json()["members"]
            assert [each["tzdata"] for each in members] == ["1999z", zone_database()]
    assert logged in said(tmp_path / "old") and differ in said(tmp_path / "old")
    assert differ in said(tmp_path / "new")
