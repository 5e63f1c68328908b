"""The singleton as a state machine: told by hand what the store would say, line by line."""

from itertools import count
from typing import Any

import pytest

from gnomon.reference.cluster.leader import INSTANT, LARGEST_LOAD, LARGEST_PUBLISH, Singleton
from gnomon.reference.schedule.clock import SECOND
from gnomon.reference.store.operations import (
    Campaign,
    Changes,
    Entry,
    Job,
    JobList,
    Jobs,
    Leader,
    Outcomes,
    Publish,
    Refusal,
    Resign,
)
from tests.support.worlds import START, definition

LEASE = 10 * SECOND


def candidate() -> Singleton:
    numbers = count(1)
    return Singleton("s1", LEASE, lambda: f"K{next(numbers)}")


def elected(*jobs: Job, now: int = START) -> Singleton:
    """A singleton that leads in epoch 4 and knows `jobs`."""
    singleton = candidate()
    (campaign,) = singleton.beat(now)
    assert campaign == Campaign(LEASE)
    load = singleton.receive(now, campaign, Leader(now, "s1", 4, now + LEASE, 9))
    assert load == Jobs()
    assert singleton.receive(now, load, JobList(now, 9, jobs)) == Changes(9)
    return singleton


def job(seconds: int = 10, cursor: int = START, published: int = 0, **fields: Any) -> Job:
    made = definition("job", seconds=seconds, **fields)
    return Job("job", 1, made, cursor, published)


def entries(publish: Publish | None) -> tuple[Entry, ...]:
    assert publish is not None
    return publish.entries


def answer(
    singleton: Singleton, now: int, publish: Publish | None, *refusals: Refusal | None
) -> object:
    assert publish is not None
    return singleton.receive(now, publish, Outcomes(now, refusals))


def test_whoever_does_not_lead_publishes_nothing() -> None:
    singleton = candidate()
    assert singleton.wake_at is None
    assert singleton.tick(START) is None
    told = Leader(START, "s2", 3, START + LEASE, 9)
    assert singleton.receive(START, Campaign(LEASE), told) is None
    assert singleton.tick(START) is None


def test_a_leader_sleeps_until_the_next_due_instant() -> None:
    singleton = elected(job(cursor=START + 1))
    assert singleton.wake_at == START + 10 * SECOND
    assert singleton.tick(START + 10 * SECOND - 1) is None
    due = START + 10 * SECOND
    publish = singleton.tick(due)
    assert publish == Publish(
        4, (Entry("job", 1, START + 1, due, due + 10 * SECOND, "K1"),), due + LEASE // 3
    )


def test_one_publish_is_in_flight_at_a_time() -> None:
    singleton = elected(job(seconds=1))
    publish = singleton.tick(START)
    assert singleton.wake_at is None
    assert singleton.tick(START + 5 * SECOND) is None
    assert answer(singleton, START + 1, publish) is None
    assert singleton.wake_at == START + SECOND


def test_an_answer_to_an_earlier_publish_means_nothing() -> None:
    singleton = elected(job())
    publish = singleton.tick(START)
    assert publish is not None
    other = Publish(publish.epoch, publish.entries, publish.before)
    singleton.receive(START, other, Outcomes(START, ("deposed",)))
    assert singleton.tick(START + 60 * SECOND) is None  # its own is still in flight


def test_renewing_keeps_what_it_knows() -> None:
    singleton = elected(job(cursor=START + 1))
    renewed = Leader(START + 3, "s1", 4, START + 3 + LEASE, 9)
    assert singleton.receive(START + 3, Campaign(LEASE), renewed) is None
    assert singleton.wake_at == START + 10 * SECOND


def test_a_new_epoch_of_its_own_is_loaded_afresh() -> None:
    singleton = elected(job())
    assert (
        singleton.receive(START, Campaign(LEASE), Leader(START, "s1", 6, START + LEASE, 9))
        == Jobs()
    )
    assert singleton.tick(START + 60 * SECOND) is None


def test_a_deposed_leader_forgets_everything() -> None:
    singleton = elected(job())
    publish = singleton.tick(START)
    assert answer(singleton, START, publish, "deposed") is None
    assert singleton.wake_at is None
    assert singleton.tick(START + 60 * SECOND) is None


def test_another_leader_ends_its_own_time() -> None:
    singleton = elected(job())
    singleton.receive(START, Campaign(LEASE), Leader(START, "s2", 5, START + LEASE, 9))
    assert singleton.wake_at is None and singleton.tick(START + 60 * SECOND) is None


@pytest.mark.parametrize("refusal", ["gone", "inactive", "revision", "cursor"])
def test_what_is_refused_as_stale_is_loaded_again(refusal: Refusal) -> None:
    singleton = elected(job())
    publish = singleton.tick(START)
    reload = answer(singleton, START, publish, refusal)
    assert reload == Jobs(("job",))
    current = job(cursor=START + 30 * SECOND)
    assert singleton.receive(START, Jobs(("job",)), JobList(START, 9, (current,))) is None
    assert singleton.wake_at == START + 30 * SECOND


def test_a_refusal_that_a_later_change_explains_is_passed_over() -> None:
    singleton = elected(job())
    publish = singleton.tick(START)
    edited = Job("job", 2, definition("job", seconds=7), START + 1, 0)
    changed = JobList(START, 10, (edited,))
    assert singleton.receive(START, Changes(9), changed) == Changes(10)
    assert answer(singleton, START, publish, "revision") is None
    assert singleton.wake_at == START + 7 * SECOND


def test_a_fast_clock_tries_again_when_the_store_may_have_come_to_it() -> None:
    singleton = elected(job())
    local, store = START + 300, START - 200  # fast by half a millisecond
    publish = singleton.tick(local)
    assert publish is not None
    reload = singleton.receive(local, publish, Outcomes(store, ("early",)))
    assert reload == Jobs(("job",))
    assert singleton.receive(local, reload, JobList(store, 9, (job(),))) is None
    assert singleton.wake_at == START + 500
    assert singleton.tick(START + 499) is None
    again = singleton.tick(START + 500)
    assert [(e.cursor, e.due) for e in entries(again)] == [(START, START)]
    assert again is not None and again.before == START + LEASE // 3


def test_a_slow_clock_is_put_right_by_what_the_store_says() -> None:
    singleton = elected(job(cursor=START + 1))
    local, store = START + 2 * SECOND, START + 5 * SECOND
    told = Leader(store, "s1", 4, store + LEASE, 9)
    assert singleton.receive(local, Campaign(LEASE), told) is None
    assert singleton.wake_at == START + 7 * SECOND
    publish = singleton.tick(START + 7 * SECOND)
    assert [e.due for e in entries(publish)] == [START + 10 * SECOND]


def test_a_clock_that_was_fast_is_found_out_by_campaigning() -> None:
    singleton = elected(job(cursor=START + 1))
    (campaign,) = singleton.beat(START + 9 * SECOND)
    told = Leader(START + 3 * SECOND, "s1", 4, START + 13 * SECOND, 9)
    assert singleton.receive(START + 9 * SECOND + 2, campaign, told) is None
    assert singleton.wake_at == START + 16 * SECOND


# --- what is not answered


def test_what_became_of_a_publish_that_was_not_answered_is_for_the_store_to_say() -> None:
    singleton = elected(job())
    publish = singleton.tick(START)
    assert publish is not None
    assert singleton.beat(publish.before - 1) == [Campaign(LEASE)]
    assert singleton.beat(publish.before) == [Campaign(LEASE), Jobs(("job",))]
    current = job(cursor=START + 1)  # it had been accepted
    assert singleton.receive(START, Jobs(("job",)), JobList(START, 9, (current,))) is None
    assert singleton.wake_at == START + 10 * SECOND
    assert singleton.receive(START, publish, Outcomes(START, ())) is None  # the answer, too late
    assert singleton.wake_at == START + 10 * SECOND


def test_what_is_asked_of_jobs_is_asked_again_at_the_beat_after_the_next() -> None:
    singleton = candidate()
    (campaign,) = singleton.beat(START)
    load = singleton.receive(START, campaign, Leader(START, "s1", 4, START + LEASE, 9))
    assert load == Jobs()
    assert singleton.beat(START + 1) == [Campaign(LEASE)]
    assert singleton.beat(START + 2) == [Campaign(LEASE), Jobs()]
    assert singleton.receive(START + 3, load, JobList(START + 3, 9, ())) == Changes(9)
    assert singleton.beat(START + 4) == [Campaign(LEASE)]


def test_a_change_that_it_was_not_told_of_is_asked_for() -> None:
    singleton = elected(job())
    told = Leader(START, "s1", 4, START + LEASE, 10)
    assert singleton.receive(START, Campaign(LEASE), told) == Changes(9)


def test_what_is_told_late_takes_nothing_back() -> None:
    singleton = elected(job())
    edited = Job("job", 2, definition("job", seconds=7), START + 1, 0)
    changed = JobList(START, 10, (edited,))
    assert singleton.receive(START, Changes(9), changed) == Changes(10)
    assert singleton.receive(START, Changes(9), changed) is None  # twice
    assert singleton.receive(START, Jobs(("job",)), JobList(START, 9, (job(),))) is None
    assert singleton.receive(START, Jobs(("job",)), JobList(START, 8, (), ("job",))) is None
    earlier = Leader(START, "s2", 3, START + LEASE, 5)
    assert singleton.receive(START, Campaign(LEASE), earlier) is None
    assert singleton.wake_at == START + 7 * SECOND


def test_it_resigns_until_it_is_heard() -> None:
    singleton = elected(job())
    resign = singleton.resign()
    assert resign == Resign(4)
    assert singleton.beat(START) == [Resign(4)] and not singleton.has_handed_over
    singleton.receive(START, resign, Leader(START, None, 4, START + LEASE, 9))
    assert singleton.beat(START) == [] and singleton.has_handed_over


def test_misfires_are_folded_into_the_latest() -> None:
    """once: of what is later than its grace the latest is published; what is not, as ever."""
    singleton = elected(job())
    publish = singleton.tick(START + 35 * SECOND)
    late, latest = START + 30 * SECOND, START + 40 * SECOND
    dues = (START, START + 10 * SECOND, START + 20 * SECOND)
    assert entries(publish) == (Entry("job", 1, START, late, latest, "K1", dues),)


def test_misfires_and_what_is_on_time_are_apart() -> None:
    singleton = elected(job())
    publish = singleton.tick(START + 20 * SECOND + SECOND // 2)
    first, second = entries(publish)
    ten, twenty = START + 10 * SECOND, START + 20 * SECOND
    assert first == Entry("job", 1, START, ten, twenty, "K1", (START,))
    assert second == Entry("job", 1, twenty, twenty, START + 30 * SECOND, "K2")


def test_all_misfires_are_published_in_order() -> None:
    singleton = elected(job(misfire="all"))
    publish = singleton.tick(START + 25 * SECOND)
    assert [(e.cursor, e.due, e.next_due) for e in entries(publish)] == [
        (START, START, START + 10 * SECOND),
        (START + 10 * SECOND, START + 10 * SECOND, START + 20 * SECOND),
        (START + 20 * SECOND, START + 20 * SECOND, START + 30 * SECOND),
    ]


def test_misfires_can_be_skipped() -> None:
    singleton = elected(job(misfire="skip"))
    publish = singleton.tick(START + 20 * SECOND)
    skipped = (START, START + 10 * SECOND)
    twenty, thirty = START + 20 * SECOND, START + 30 * SECOND
    assert entries(publish) == (
        Entry("job", 1, START, None, twenty, "", (), skipped),
        Entry("job", 1, twenty, twenty, thirty, "K1"),
    )


def test_the_grace_is_inclusive() -> None:
    at_the_border = elected(job(misfire="skip")).tick(START + SECOND)
    assert [e.due for e in entries(at_the_border)] == [START]
    beyond = elected(job(misfire="skip")).tick(START + SECOND + 1)
    assert [e.skipped for e in entries(beyond)] == [(START,)]


def test_repeats_bound_what_is_made_up() -> None:
    singleton = elected(job(misfire="all", repeats=3, published=1))
    publish = singleton.tick(START + 60 * SECOND)
    assert [e.due for e in entries(publish)] == [START, START + 10 * SECOND]
    assert answer(singleton, START + 60 * SECOND, publish) is None
    assert singleton.wake_at is None


def test_a_long_outage_is_made_up_in_several_publishes() -> None:
    singleton = elected(job(seconds=1, misfire="all"))
    now = START + 2_500 * SECOND
    sizes = []
    while singleton.wake_at is not None and singleton.wake_at <= now:
        publish = singleton.tick(now)
        sizes.append(len(entries(publish)))
        answer(singleton, now, publish)
    assert sizes == [LARGEST_PUBLISH, LARGEST_PUBLISH, 501]


def test_resigning_is_for_good() -> None:
    singleton = elected(job())
    assert singleton.resign() == Resign(4)
    assert singleton.beat(START) == [Resign(4)] and singleton.tick(START + 60 * SECOND) is None
    granted = Leader(START, "s1", 5, START + LEASE, 9)  # by a campaign that was on its way
    assert singleton.receive(START, Campaign(LEASE), granted) == Resign(5)
    assert candidate().resign() is None


@pytest.mark.parametrize("misfire", ["once", "skip"])
def test_a_publish_makes_no_more_work_than_the_store_can_do(misfire: str) -> None:
    """A day of misfires of many jobs, a few jobs at a time, and none of them is left out."""
    hours = 3_600
    jobs = [
        Job(str(n), 1, definition(str(n), seconds=1, misfire=misfire), START, 0) for n in range(20)
    ]
    now = START + 10 * hours * SECOND
    singleton = elected(*jobs, now=START)
    caught_up: list[str] = []
    while len(caught_up) < 20:
        publish = singleton.tick(now)
        told = entries(publish)
        assert sum(len(e.coalesced) + len(e.skipped) for e in told) < 2 * LARGEST_LOAD // INSTANT
        caught_up += {entry.job: None for entry in told}
        assert answer(singleton, now, publish) is None
        assert len(caught_up) == 20 or singleton.wake_at is not None
    assert sorted(caught_up) == sorted(job.id for job in jobs)


def test_a_publish_carries_no_more_than_the_store_can_take() -> None:
    """In bytes of what the jobs carry; what is over is published next, in order."""
    extra = "x" * 500_000
    jobs = [
        Job(f"{n:02}", 1, definition(f"{n}", seconds=60, extra=extra), START, 0) for n in range(10)
    ]
    singleton = elected(*jobs)
    published: list[list[str]] = []
    while sum(map(len, published)) < 10:
        publish = singleton.tick(START)
        published.append([entry.job for entry in entries(publish)])
        answer(singleton, START, publish)
    assert published == [
        ["00", "01", "02", "03"],
        ["04", "05", "06", "07"],
        ["08", "09"],
    ]
