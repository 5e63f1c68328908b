"""Overdue runs of a live server (LIMIT-3): its log, its history, its metrics and its services."""

import logging
import threading
from collections.abc import Iterator
from queue import SimpleQueue
from typing import Any, NamedTuple, cast

import pytest

from gnomon.reference import events
from gnomon.reference.cluster.outputs import Run
from gnomon.reference.live.runtime.monitoring.metrics import Metrics
from gnomon.reference.live.runtime.overdue import OverdueRuns, describe_stuck
from gnomon.reference.live.runtime.store_link import StoreLink
from gnomon.reference.live.runtime.worker_pool import Ended, RunUnderWay, WorkerPool
from gnomon.reference.schedule.clock import HOUR, MILLISECOND, SECOND
from gnomon.reference.service import Service
from gnomon.reference.store.operations import Message

BEGUN, MAY_END = threading.Event(), threading.Event()


class Patient(Service):
    """Ends when it reads that it is cancelled, or when it may."""

    name = "patient"

    def handle(self) -> None:
        was_cancelled = self.cancelled
        BEGUN.set()
        while not (self.cancelled or MAY_END.wait(0.001)):
            pass
        self.user_msg = f"{was_cancelled}, {self.cancelled}"


class Link:
    """Keeps what is reported, with the store of the run."""

    def __init__(self) -> None:
        self.reports: list[tuple[events.Event, int]] = []

    def report(self, event: Any, store: int) -> None:
        self.reports.append((event, store))


class Made(NamedTuple):
    pool: WorkerPool
    ended: "SimpleQueue[Ended]"
    link: Link
    metrics: Metrics
    overdue: OverdueRuns

    def start(self, limit: int | None) -> Run:
        run = run_with(limit)
        self.overdue.begin(run, 77)
        self.pool.start(run, 0)
        assert BEGUN.wait(10)
        return run


@pytest.fixture
def made() -> Iterator[Made]:
    BEGUN.clear()
    MAY_END.clear()
    ended: SimpleQueue[Ended] = SimpleQueue()
    pool = WorkerPool("s1", {"patient": Patient}, 1, ended.put)
    link, metrics = Link(), Metrics(["patient"], 1)
    overdue = OverdueRuns("s1", cast("StoreLink", link), metrics, pool)
    yield Made(pool, ended, link, metrics, overdue)
    MAY_END.set()
    pool.close()


def run_with(limit: int | None) -> Run:
    of = (12, "K1", "7", 1, 0, 1, "my job", "interval_based", "patient", None)
    return Run(1, Message(*of, max_runtime=limit), 2)


def count_of(metrics: Metrics) -> str:
    (line,) = (
        line
        for line in metrics.text().splitlines()
        if line.startswith('gnomon_overdue_runs_total{service="patient"}')
    )
    return line.split()[-1]


def test_an_overdue_run_is_reported_once_and_cancelled(
    made: Made, caplog: pytest.LogCaptureFixture
) -> None:
    made.start(limit=1)
    threading.Event().wait(0.002)
    for _ in range(3):
        made.overdue.report()
    ended = made.ended.get(timeout=10)
    made.overdue.end(ended.run, ended.took)
    assert ended.service is not None
    assert (ended.outcome, ended.service.user_msg) == ("ok", "False, True")
    assert made.link.reports == [(events.Overdue(0, 12, "s1", 1, 2), 77)]
    assert count_of(made.metrics) == "1.0"
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert record.getMessage() == "run is overdue: still running after 1us"
    fields = vars(record)["fields"]
    assert (fields["job"], fields["message"], fields["worker"]) == ("7", 12, "s1/1")


def test_a_run_that_nobody_looked_at_in_time_is_reported_at_its_end(made: Made) -> None:
    run = made.start(limit=1)
    threading.Event().wait(0.002)
    MAY_END.set()
    made.overdue.end(run, made.ended.get(timeout=10).took)
    assert made.link.reports == [(events.Overdue(0, 12, "s1", 1, 2), 77)]


@pytest.mark.parametrize("limit", [HOUR, None])
def test_a_run_that_ends_in_time_is_not_reported(made: Made, limit: int | None) -> None:
    run = made.start(limit)
    wakes = [*made.overdue.wakes(5 * SECOND)]
    assert len(wakes) == (limit is not None)
    assert all(4 * SECOND < at - HOUR <= 5 * SECOND + 1 for at in wakes)
    made.overdue.report()
    MAY_END.set()
    ended = made.ended.get(timeout=10)
    made.overdue.end(run, ended.took)
    assert ended.service is not None
    assert (made.link.reports, ended.service.user_msg) == ([], "False, False")
    assert count_of(made.metrics) == "0.0"


def test_the_next_run_of_a_worker_is_not_cancelled(made: Made) -> None:
    made.pool.cancel(1)
    made.start(None)
    MAY_END.set()
    ended = made.ended.get(timeout=10)
    assert ended.service is not None
    assert ended.service.user_msg == "False, False"


def test_the_health_names_the_run_its_job_and_for_how_long() -> None:
    run = run_with(5 * SECOND)
    under_way = [
        RunUnderWay(run, 5 * SECOND),
        RunUnderWay(run, 65 * SECOND + 3 * MILLISECOND),
        RunUnderWay(run_with(None), HOUR),
    ]
    assert describe_stuck("s1", under_way) == [
        "worker s1/1 is stuck: run 12 of job my job has lasted 1m5s, and its max_runtime is 5s"
    ]
