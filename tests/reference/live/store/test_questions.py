"""The three stores give the same answers to what people ask: pages, runs, members."""

from itertools import chain
from typing import Any

import pytest

from gnomon.reference import events
from gnomon.reference.jobs import LARGEST_EXTRA
from gnomon.reference.live.store import encode
from gnomon.reference.schedule.clock import LAST_INSTANT, SECOND, read_instant
from gnomon.reference.store import jobs
from gnomon.reference.store.administration import (
    RUNS_KEPT,
    ClusterOverview,
    ExpectJobs,
    Holding,
    JobRun,
    JobRuns,
    Lease,
    Member,
    Overview,
    RecordEvents,
    RegisterServer,
    RemoveServer,
    ReportUnschedulable,
    RunsOf,
)
from gnomon.reference.store.messages import MAX_ATTEMPTS, Profile
from gnomon.reference.store.operations import (
    OPERATOR,
    Campaign,
    Claim,
    DeleteJob,
    EditJob,
    Entry,
    Execute,
    Heartbeat,
    JobList,
    Jobs,
    Join,
    Leader,
    Publish,
    PutJob,
    Reclaim,
    SetAside,
    first_turn,
)
from tests.support.arms import Arms
from tests.support.strategies import a_job

NOW = read_instant("2026-01-31T12:00:00Z")
FIRST = first_turn(1)


@pytest.fixture
def classic(clock: Any, real_server: Any) -> Arms:
    return Arms("classic", clock, real_server.client())


@pytest.mark.parametrize("size", [LARGEST_EXTRA, LARGEST_EXTRA // 2, 1])
def test_a_page_ends_where_there_is_too_much(size: int, arms: Arms) -> None:
    """All three read the same jobs at once, and continue from the same job."""
    pages: list[list[str]] = []
    for number in range(12):
        put = PutJob(str(number), a_job(f"job {number}", extra="é" * (size // 2)))
        arms.ask(NOW, "s1", put)
    more: int | str | None = 0
    while more is not None:
        listed = arms.ask(NOW, "s1", Jobs(after=more))
        assert isinstance(listed, JobList)
        pages.append([job.id for job in listed.jobs])
        more = listed.more
    assert list(chain(*pages)) == [str(number) for number in range(12)]
    sizes = {LARGEST_EXTRA: [4, 4, 4, 0], LARGEST_EXTRA // 2: [8, 4], 1: [12]}
    assert [len(page) for page in pages] == sizes[size]


def test_the_first_page_of_what_is_due_next_is_short(
    arms: Arms, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new leader leads as soon as it has read that page (LEAD-3)."""
    monkeypatch.setattr(encode, "FIRST_PAGE", 2)
    monkeypatch.setattr(jobs, "FIRST_PAGE", 2)
    for id in "abcdef":
        arms.ask(NOW, "s1", PutJob(id, a_job(id)))
    assert in_pages(arms) == [["a", "b"], ["c", "d", "e", "f"]]


def test_pages_in_the_order_of_what_is_due_next(
    arms: Arms, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also after jobs were published, edited and deleted, and for ids and names of any text."""
    monkeypatch.setattr(encode, "PAGE", 2)
    arms.memory.read_in_pages_of(2)
    for number, id in enumerate(["10", "9", "é", "z", 'q"', "none"]):
        starts = NOW + (number % 3) * SECOND
        made = a_job(id, job_type="interval_based", seconds=60, start_date=starts)
        arms.ask(NOW, "s1", PutJob(id, made))
    assert in_pages(arms) == [["10", "z"], ["9", 'q"'], ["none", "é"], []]
    epoch = lease_of(arms)
    due, later = NOW + 2 * SECOND, NOW + 62 * SECOND
    twice = [Entry("é", 1, NOW, due, False, "K1", expected=due + 1)]
    twice += [Entry("é", 1, due + 1, due + 1, False, "K2", expected=later)]
    refused = Entry("z", 1, NOW + 1, NOW, False, "K3", expected=later)
    arms.ask(later - 1, "s1", Publish(epoch, (*twice, refused), later))
    edited = a_job("z", job_type="interval_based", seconds=60, start_date=later + SECOND)
    arms.ask(NOW, "s1", EditJob("z", 1, edited))
    arms.ask(NOW, "s1", DeleteJob("9", 1))
    assert in_pages(arms) == [["10", 'q"'], ["none", "é"], ["z"]]


def test_the_leader_reports_what_the_store_cannot_expect(
    arms: Arms, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also of jobs that have ended, of a job twice, and of one that does not exist."""
    monkeypatch.setattr(encode, "PAGE", 2)
    arms.memory.read_in_pages_of(2)
    for number, id in enumerate(["10", "9", "é"]):
        made = a_job(id, job_type="interval_based", seconds=60, start_date=NOW + number)
        arms.ask(NOW, "s1", PutJob(id, made))
    assert in_pages(arms) == [["10", "9"], ["é"]]
    expected = (("10", LAST_INSTANT), ("9", NOW), ("none", NOW), ("9", NOW + SECOND))
    assert arms.apply(NOW, "s1", ExpectJobs(expected)) == []
    assert in_pages(arms) == [["é", "9"], ["10"]]
    edited = a_job("9", job_type="interval_based", seconds=60, start_date=NOW)
    arms.ask(NOW, "s1", EditJob("9", 1, edited))
    arms.ask(NOW, "s1", DeleteJob("10", 1))
    assert in_pages(arms) == [["9", "é"], []]


def lease_of(arms: Arms) -> int:
    lease = arms.ask(NOW, "s1", Campaign(600 * SECOND))
    assert isinstance(lease, Leader)
    return lease.epoch


def in_pages(arms: Arms) -> list[list[str]]:
    """The ids of the pages, in the order of what is due next."""
    pages: list[list[str]] = []
    more: int | str | None = ""
    while more is not None:
        listed = arms.ask(NOW, "s1", Jobs(after=more))
        assert isinstance(listed, JobList)
        pages.append([job.id for job in listed.jobs])
        more = listed.more
    return pages


# --- runs


def runs_of(arms: Arms, now: int, job: str = "a") -> tuple[JobRun, ...]:
    reply = arms.ask(now, OPERATOR, RunsOf(job))
    assert isinstance(reply, JobRuns)
    return reply.runs


def execute(arms: Arms, now: int = NOW, times: int = 1) -> None:
    """Create job a, and publish runs of it on demand, which workers of s1 and s2 may claim."""
    arms.ask(now, OPERATOR, PutJob("a", a_job("a")))
    for number in range(times):
        arms.ask(now, OPERATOR, Execute("a", 1, f"K{number + 1}"))
    arms.ask(now, "s1", Join(1, SECOND))
    arms.ask(now, "s2", Join(1, 100 * SECOND))


def test_only_the_latest_runs_are_read_and_none_of_a_deleted_job_is_kept(
    arms: Arms, store_client: Any
) -> None:
    times = 2 * RUNS_KEPT + 3
    execute(arms, times=times)
    assert [run.message for run in runs_of(arms, NOW)] == list(range(times, times - RUNS_KEPT, -1))
    assert store_client.hlen("{gnomon}:runs") == times  # none has ended
    arms.ask(NOW, OPERATOR, DeleteJob("a", 1))
    arms.ask(NOW, OPERATOR, RunsOf("a"))
    assert store_client.keys("*:runs*") == []
    arms.apply(NOW, "s1", Claim(1, FIRST))  # a run of the deleted job
    assert store_client.keys("*:runs*") == []
    arms.ask(NOW, OPERATOR, PutJob("a", a_job("a")))
    assert runs_of(arms, NOW) == ()


def test_a_run_that_is_reclaimed_waits_and_starts_anew(arms: Arms) -> None:
    execute(arms)
    published = JobRun(message=1, cid="K1", due=NOW, on_demand=True, published=NOW)
    assert runs_of(arms, NOW) == (published,)
    arms.ask(NOW, "s1", Claim(1, FIRST))
    arms.apply(NOW + 1, "s1", RecordEvents(1, (events.Started(0, 1, "s1", 1, 1),)))
    (started,) = runs_of(arms, NOW + 1)
    assert (started.server, started.worker, started.attempt) == ("s1", 1, 1)
    assert (started.claimed, started.started, started.finished) == (NOW, NOW + 1, None)
    arms.ask(NOW + SECOND, "s2", Reclaim())
    (waiting,) = runs_of(arms, NOW + SECOND)
    assert (waiting.server, waiting.worker, waiting.attempt) == (None, None, 1)
    assert (waiting.claimed, waiting.started) == (None, None)
    arms.ask(NOW + 2 * SECOND, "s2", Claim(2, FIRST))
    late = events.Finished(0, 1, "s1", 1, 1, "failed", "E: late")
    arms.apply(NOW + 2 * SECOND, "s1", RecordEvents(2, (late,)))
    (again,) = runs_of(arms, NOW + 2 * SECOND)
    assert (again.server, again.worker, again.attempt) == ("s2", 2, 2)
    assert (again.claimed, again.started, again.outcome) == (NOW + 2 * SECOND, None, None)


def test_a_repeated_report_changes_no_run(arms: Arms) -> None:
    execute(arms)
    arms.ask(NOW, "s1", Claim(1, FIRST))
    started = events.Started(0, 1, "s1", 1, 1)
    failed = events.Finished(0, 1, "s1", 1, 1, "failed", 'E: "\\\n\t é')
    arms.apply(NOW + 1, "s1", RecordEvents(7, (started, failed)))
    (run,) = runs_of(arms, NOW + 2)
    assert (run.started, run.finished, run.outcome) == (NOW + 1, NOW + 1, "failed")
    assert run.error == failed.error
    arms.apply(NOW + 3, "s1", RecordEvents(7, (started, failed)))
    assert runs_of(arms, NOW + 4) == (run,)


def test_an_attempt_that_fails_first_leaves_nothing_to_the_next(arms: Arms) -> None:
    execute(arms)
    arms.ask(NOW, "s1", Claim(1, FIRST))
    failed = events.Finished(0, 1, "s1", 1, 1, "failed", "E: no")
    arms.apply(NOW, "s1", RecordEvents(0, (failed,)))
    arms.ask(NOW + SECOND, "s2", Reclaim())
    (reclaimed,) = runs_of(arms, NOW + SECOND)
    assert (reclaimed.outcome, reclaimed.finished) == ("failed", NOW)
    arms.ask(NOW + SECOND, "s2", Claim(1, FIRST))
    (run,) = runs_of(arms, NOW + SECOND)
    assert (run.attempt, run.outcome, run.error, run.finished) == (2, None, None, None)


def test_runs_that_end_without_a_result(arms: Arms) -> None:
    execute(arms)
    arms.ask(NOW, "s1", Claim(1, FIRST))
    arms.ask(NOW, "s1", SetAside(1, 1, 1, "no JSON"))
    (dead,) = runs_of(arms, NOW)
    assert (dead.outcome, dead.error, dead.server) == ("dead_lettered", "no JSON", "s1")


def test_runs_of_the_classic_profile_that_end_without_a_result(classic: Arms) -> None:
    execute(classic, times=2)
    classic.ask(NOW, "s1", Claim(1, FIRST))
    classic.apply(NOW, "s1", RecordEvents(0, (events.Started(0, 1, "s1", 1, 1),)))
    classic.ask(NOW + 20 * SECOND, "s2", Reclaim())
    expired, lost = runs_of(classic, NOW + 20 * SECOND)
    assert (expired.outcome, expired.attempt) == ("expired", None)
    assert (lost.outcome, lost.server, lost.started) == ("lost", "s1", NOW)


# --- the cluster


@pytest.mark.parametrize("profile", ["durable", "classic"])
def test_an_overview_of_a_cluster_at_work(profile: Profile, clock: Any, real_server: Any) -> None:
    arms = Arms(profile, clock, real_server.client())
    execute(arms, times=3 if profile == "durable" else 2)
    arms.ask(NOW, "s1", Claim(1, FIRST))  # message 1, which a durable store hands out again
    arms.ask(NOW, "s2", Claim(1, FIRST))
    arms.ask(NOW + SECOND, "s2", Reclaim())
    if profile == "durable":
        arms.ask(NOW + SECOND, "s2", Claim(2, FIRST))
        held: tuple[Holding, ...] = (Holding("s2", 2, 1), Holding("s2", 1, 2))
    else:
        arms.ask(NOW + SECOND, OPERATOR, Execute("a", 1, "K3"))
        held = (Holding("s2", 1, 2),)
    for name in ("s2", "s10", "s1"):
        arms.apply(
            NOW + SECOND, name, RegisterServer(1, NOW - 5, 2, ("b", "a"), "2026f", (("a", 5),))
        )
    arms.apply(NOW + SECOND, "s1", Campaign(7 * SECOND))
    for server, epoch, why in (("s1", 1, 'q"\\é'), ("s2", 1, "no leader"), ("s1", 2, "no epoch")):
        arms.apply(NOW + SECOND, server, ReportUnschedulable(epoch, (("a", why),)))
    overview = arms.ask(NOW + SECOND, OPERATOR, Overview())
    common: dict[str, Any] = {
        "workers": 2,
        "services": ("b", "a"),
        "since": NOW - 5,
        "tzdata": "2026f",
        "slow_thresholds": (("a", 5),),
    }
    assert overview == ClusterOverview(
        now=NOW + SECOND,
        store=NOW,  # when the first server joined
        version=1,
        changes=1,
        profile=profile,
        lease_length=0,
        max_attempts=MAX_ATTEMPTS,
        lease=Lease(leader="s1", epoch=1, until=NOW + 8 * SECOND),
        members=(
            Member(name="s1", **common, heard=NOW + SECOND, alive_until=NOW + 8 * SECOND),
            Member(name="s10", **common, heard=NOW + SECOND, alive_until=NOW + SECOND),
            Member(name="s2", **common, heard=NOW, alive_until=NOW + 100 * SECOND),
        ),
        jobs=1,
        waiting=1,
        held=held,
        dead_lettered=0,
        unschedulable=(("a", 'q"\\é'),),
    )
    later = arms.ask(NOW + 8 * SECOND, OPERATOR, Overview())
    assert isinstance(later, ClusterOverview)
    assert (later.lease.leader, later.unschedulable) == (None, ())


def test_a_server_that_starts_anew_has_crashed_before(arms: Arms) -> None:
    arms.ask(NOW, "s1", Heartbeat(SECOND))
    for number, process in enumerate((1, 1, 2)):
        arms.apply(NOW + number, "s1", RegisterServer(process, NOW, 1, ()))
    stopped = events.ServerStopped(0, "s1")
    for number, process in ((3, 1), (4, 2), (5, 2), (6, 0)):  # the earlier one leaves late
        arms.apply(NOW + number, "s1", RemoveServer("s1", stopped, process))
    assert arms.events[0] == [
        events.ServerStarted(NOW, "s1", 1, ()),
        events.ServerCrashed(NOW + 2, "s1", NOW),
        events.ServerStarted(NOW + 2, "s1", 1, ()),
        events.ServerStopped(NOW + 4, "s1"),
    ]
