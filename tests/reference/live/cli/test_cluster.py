"""``gnomon cluster``: shows the cluster, pauses and resumes it, against a server of the API."""

import pytest

from gnomon.reference.live.api import job_service
from gnomon.reference.schedule.clock import SECOND
from gnomon.reference.store.administration import ReportUnschedulable
from gnomon.reference.store.operations import Campaign
from tests.support.command import Command
from tests.support.memory_storage import EVERY_MINUTE, MemoryStorage


@pytest.fixture
def led(storage: MemoryStorage) -> MemoryStorage:
    """Server s1 leads, and a job needs a service that nobody has."""
    storage.serve("s1", Campaign(60 * SECOND))
    storage.serve("s1", ReportUnschedulable(1, (), ("gone", "work")))
    job_service.create(storage, EVERY_MINUTE)
    return storage


def test_the_cluster_is_shown(led: MemoryStorage, run: Command) -> None:
    shown = run("cluster").out
    assert "no live server has the service 'gone', which an active job needs" in shown
    for text in ("alive, leads", "messages waiting", "dead letters", "work, report.daily"):
        assert text in shown
    assert "paused" not in shown
    found = run("cluster", "--json").json
    assert (found["leader"], found["epoch"], found["missing_services"]) == ("s1", 1, ["gone"])


def test_it_is_paused_and_resumed_once(led: MemoryStorage, run: Command) -> None:
    """PAUSE-1; the list of jobs says so on top."""
    paused = run("cluster", "pause").out
    assert paused.startswith("the cluster is paused since 2026-01-05T08:00:00Z, by 127.0.0.1: ")
    assert run("cluster").out.startswith(paused.splitlines()[0])
    assert run("jobs", "list").err.startswith("the cluster is paused since 2026-01-05T08:00:00Z")
    again = run("cluster", "pause")
    assert (again.code, again.out) == (2, "") and "the cluster is paused already" in again.err
    assert run("cluster", "resume").out == "the cluster is resumed\n"
    assert "paused" not in run("jobs", "list").err
    late = run("cluster", "resume")
    assert (late.code, late.out) == (2, "") and "the cluster is not paused" in late.err


def test_as_json(led: MemoryStorage, run: Command) -> None:
    paused = run("cluster", "pause", "--json").json
    assert (paused["paused_since"], paused["paused_by"]) == ("2026-01-05T08:00:00Z", "127.0.0.1")
    assert run("cluster", "resume", "--json").json["paused_since"] is None
