"""The order in which the next leader reads the jobs: what is due soon stands first."""

from typing import cast

import pytest

from gnomon.reference.cluster.outputs import Run
from gnomon.reference.cluster.server import Server
from gnomon.reference.events import Event
from gnomon.reference.jobs import Definition
from gnomon.reference.live.runtime import due_order
from gnomon.reference.live.runtime.due_order import DueOrder
from gnomon.reference.live.runtime.store_link import StoreLink
from gnomon.reference.schedule.clock import DAY, HOUR, LAST_INSTANT, SECOND, read_instant
from gnomon.reference.store.administration import ExpectJobs
from gnomon.reference.store.operations import (
    DeleteJob,
    Delivery,
    Done,
    Entry,
    JobList,
    Jobs,
    Operation,
    Outcomes,
    Publish,
    PutJob,
    Reclaim,
    Resign,
    SetActive,
)
from gnomon.reference.store.runs import MemoryStoreWithRuns
from tests.support.strategies import a_cron, a_job

NOW = read_instant("2026-01-05T12:00:00Z")
LEASE = 10 * SECOND


class Link:
    """Keeps what is sent."""

    def __init__(self) -> None:
        self.sent: list[ExpectJobs] = []

    def send(self, operation: ExpectJobs) -> None:
        self.sent.append(operation)


class Cluster:
    """A store, and a live leader of it; pages have two jobs."""

    def __init__(self) -> None:
        self.store = MemoryStoreWithRuns(list[Event]().append)
        self.store.read_in_pages_of(2)
        self.server = Server("s1", 0, LEASE, str)
        self.link = Link()
        self.order = DueOrder(cast("StoreLink", self.link))
        self.reports: list[ExpectJobs] = []

    def ask(self, operation: Operation) -> None:
        """Carry out an operation of a user; the leader learns of it and reports."""
        self.exchange(self.store.apply(NOW, "operator", operation))

    def put(self, *definitions: Definition) -> None:
        for definition in definitions:
            self.ask(PutJob(definition.name, definition))

    def lead(self) -> None:
        """Become the leader, load all jobs and report."""
        for operation in self.server.start(NOW):
            assert isinstance(operation, Operation)
            self.exchange(self.store.apply(NOW, "s1", operation))
        assert self.server.state_of_leader_role == "leading"

    def exchange(self, deliveries: list[Delivery]) -> None:
        """Give the leader what the store has answered, and the store what follows."""
        for to, operation, reply in deliveries:
            if to != "s1":
                continue
            self.order.receive(operation, reply)
            outputs: list[Run | Operation] = [*self.server.receive(NOW, operation, reply)]
            self.order.note(self.server)
            self.reports += self.link.sent
            outputs += self.link.sent
            self.link.sent = []
            for output in outputs:
                assert isinstance(output, Operation)
                self.exchange(self.store.apply(NOW, "s1", output))

    def pages(self) -> list[list[str]]:
        """The pages that the next leader reads."""
        pages: list[list[str]] = []
        after: int | str | None = ""
        while after is not None:
            ((_, _, listed),) = self.store.apply(NOW, "s9", Jobs(after=after))
            assert isinstance(listed, JobList)
            pages.append([job.id for job in listed.jobs])
            after = listed.more
        return pages


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()


def every(seconds: int, name: str, start: int) -> Definition:
    return a_job(name, job_type="interval_based", seconds=seconds, start_date=start)


SOON = every(60, "soon", NOW + SECOND)


def test_what_is_due_soon_stands_first_for_the_next_leader(cluster: Cluster) -> None:
    """Before it: jobs that started long ago, and are due next in hours; and inactive ones."""
    monthly = a_cron("0 0 1 * *", start_date=NOW - 400 * DAY)
    past = [every(86_400, f"daily-{n}", NOW - 9 * DAY + HOUR + n) for n in range(3)]
    off = a_job("off", start_date=NOW - HOUR, is_active=False)
    cluster.put(monthly, *past, off, SOON)
    assert cluster.pages()[0] == ["a", "daily-0"]
    cluster.lead()
    assert cluster.pages() == [["soon", "daily-0"], ["daily-1", "daily-2"], ["a", "off"], []]


def test_a_misfire_stays_first(cluster: Cluster) -> None:
    missed = a_job("missed", start_date=NOW - HOUR)
    cluster.put(missed, a_job("next", start_date=NOW + HOUR), every(3_600, "hourly", NOW - HOUR))
    cluster.lead()
    assert cluster.pages() == [["missed", "hourly"], ["next"]]


def test_a_changed_job_gets_its_place_at_once(cluster: Cluster) -> None:
    """Also one that is inactive for a while, and one that was deleted meanwhile."""
    cluster.lead()
    cluster.put(every(86_400, "daily", NOW - 9 * DAY - SECOND), SOON)
    assert cluster.pages() == [["soon", "daily"], []]
    cluster.ask(SetActive("soon", 1, False))
    assert cluster.pages() == [["daily", "soon"], []]
    cluster.ask(SetActive("soon", 2, True))
    assert cluster.pages() == [["soon", "daily"], []]
    cluster.ask(DeleteJob("daily", 1))
    assert cluster.pages() == [["soon"]]


def test_jobs_that_are_where_they_belong_are_not_reported(cluster: Cluster) -> None:
    cluster.put(*(every(60, f"job-{n}", NOW + n + 1) for n in range(6)))
    cluster.lead()
    assert [id for report in cluster.reports for id, _ in report.jobs] == []


def test_a_report_has_so_many_jobs_and_the_next_one_the_rest(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(due_order, "MOST_AT_ONCE", 2)
    cluster.put(*(a_job(f"off-{n}", start_date=NOW - HOUR, is_active=False) for n in range(5)))
    cluster.lead()
    while len(cluster.reports) < 3:
        cluster.exchange([("s1", Reclaim(), Done(NOW))])
    assert [len(report.jobs) for report in cluster.reports] == [2, 2, 1]
    assert {due for report in cluster.reports for _, due in report.jobs} == {LAST_INSTANT}


def test_a_job_that_was_published_since_keeps_its_later_place(cluster: Cluster) -> None:
    """The leader publishes while it reads the other pages, and reports after the last one."""
    past = every(60, "past", NOW - 9 * DAY)
    cluster.put(past, every(86_400, "daily", NOW - 8 * DAY))
    page = Jobs(after="")
    ((_, _, listed),) = cluster.store.apply(NOW, "s1", page)
    cluster.lead()
    cluster.order.receive(page, listed)
    entry = Entry("past", 1, NOW, NOW, False, "K1", expected=NOW + 60 * SECOND)
    cluster.order.receive(Publish(1, (entry,), NOW + SECOND), Outcomes(NOW, ()))
    cluster.order.note(cluster.server)
    assert cluster.link.sent == [ExpectJobs((("daily", NOW),))]


def test_a_server_that_leads_no_longer_reports_nothing(cluster: Cluster) -> None:
    cluster.put(every(86_400, "daily", NOW - 9 * DAY))
    ((_, asked, listed),) = cluster.store.apply(NOW, "s9", Jobs(after=""))
    assert isinstance(listed, JobList)
    cluster.order.receive(asked, listed)
    cluster.order.note(cluster.server)
    cluster.lead()
    cluster.ask(Resign(1))
    assert len(cluster.reports) == 1, "as the leader, and not before"
