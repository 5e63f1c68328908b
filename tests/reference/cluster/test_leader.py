"""The leader role as a state machine: its replies are made by hand, line by line."""

from itertools import count
from typing import Any

import pytest
from msgspec.structs import replace

from gnomon.reference.cluster.leader import INSTANT, LARGEST_LOAD, LARGEST_PUBLISH, LeaderRole
from gnomon.reference.schedule.clock import SECOND
from gnomon.reference.schedule.zones import zone_database
from gnomon.reference.store.operations import (
    Campaign,
    Changes,
    Entry,
    Former,
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
VERSION = zone_database()


def candidate() -> LeaderRole:
    numbers = count(1)
    return LeaderRole("s1", LEASE, lambda: f"K{next(numbers)}")


def elected(*jobs: Job, now: int = START, store: int = 0) -> LeaderRole:
    """A leader role that leads in epoch 4 and knows `jobs` of `store`."""
    leader = candidate()
    (campaign,) = leader.heartbeat(now)
    assert campaign == Campaign(LEASE)
    load = leader.receive(now, campaign, Leader(now, "s1", 4, now + LEASE, 9, store))
    assert load == Jobs(after="")
    assert leader.receive(now, load, JobList(now, 9, jobs, store=store)) == Changes(9)
    return leader


def job(seconds: int = 10, cursor: int = START, published: int = 0, **fields: Any) -> Job:
    made = definition("job", seconds=seconds, **fields)
    return Job("job", 1, made, cursor, published)


def entries(publish: Publish | None) -> tuple[Entry, ...]:
    assert publish is not None
    return publish.entries


def answer(
    leader: LeaderRole, now: int, publish: Publish | None, *refusals: Refusal | None
) -> object:
    assert publish is not None
    return leader.receive(now, publish, Outcomes(now, refusals))


def test_a_server_that_does_not_lead_publishes_nothing() -> None:
    leader = candidate()
    assert leader.publish_at is None
    assert leader.publish_due(START) is None
    reply = Leader(START, "s2", 3, START + LEASE, 9)
    assert leader.receive(START, Campaign(LEASE), reply) is None
    assert leader.publish_due(START) is None


def test_a_leader_sleeps_until_the_next_due_instant() -> None:
    leader = elected(job(cursor=START + 1))
    assert leader.publish_at == START + 10 * SECOND
    assert leader.publish_due(START + 10 * SECOND - 1) is None
    due = START + 10 * SECOND
    publish = leader.publish_due(due)
    following = due + 10 * SECOND
    entry = Entry("job", 1, START + 1, due, False, "K1", expected=following)
    assert publish == Publish(4, (entry,), due + LEASE // 3)


def test_one_publish_is_in_flight_at_a_time() -> None:
    leader = elected(job(seconds=1))
    publish = leader.publish_due(START)
    assert leader.publish_at is None
    assert leader.publish_due(START + 5 * SECOND) is None
    assert answer(leader, START + 1, publish) is None
    assert leader.publish_at == START + SECOND


def test_a_reply_to_an_earlier_publish_is_ignored() -> None:
    leader = elected(job())
    publish = leader.publish_due(START)
    assert publish is not None
    other = Publish(publish.epoch, publish.entries, publish.before)
    leader.receive(START, other, Outcomes(START, ("deposed",)))
    assert leader.publish_due(START + 60 * SECOND) is None  # its own Publish is still in flight


def test_renewing_the_lease_keeps_the_jobs() -> None:
    leader = elected(job(cursor=START + 1))
    renewed = Leader(START + 3, "s1", 4, START + 3 + LEASE, 9)
    assert leader.receive(START + 3, Campaign(LEASE), renewed) is None
    assert leader.publish_at == START + 10 * SECOND


def test_a_new_epoch_of_its_own_loads_all_jobs_again() -> None:
    leader = elected(job())
    again = Leader(START, "s1", 6, START + LEASE, 9)
    assert leader.receive(START, Campaign(LEASE), again) == Jobs(after="")
    assert leader.publish_due(START + 60 * SECOND) is None


def test_a_deposed_leader_forgets_everything() -> None:
    leader = elected(job())
    publish = leader.publish_due(START)
    assert answer(leader, START, publish, "deposed") is None
    assert leader.publish_at is None
    assert leader.publish_due(START + 60 * SECOND) is None


def test_a_leader_that_an_emptied_store_deposes_knows_how_many_jobs_are_gone() -> None:
    """Its Publish reaches the emptied store before its Campaign, which finds out."""
    leader = elected(job(), store=1)
    publish = leader.publish_due(START)
    assert answer(leader, START, publish, "deposed") is None
    (campaign,) = leader.heartbeat(START + SECOND)
    leader.receive(START + SECOND, campaign, Leader(START + SECOND, None, 0, 0, 0, 2))
    assert leader.former == Former(1, 4, 1)


def test_a_leader_that_another_has_deposed_does_not_know_the_jobs() -> None:
    """The other has led since: the jobs may have changed."""
    leader = elected(job(), store=1)
    publish = leader.publish_due(START)
    assert answer(leader, START, publish, "deposed") is None
    for seconds, reply in ((1, ("s2", 5, START + LEASE, 9, 1)), (2, (None, 0, 0, 0, 2))):
        now = START + seconds * SECOND
        (campaign,) = leader.heartbeat(now)
        leader.receive(now, campaign, Leader(now, *reply))
    assert leader.former == Former(1, 5, None)


def test_another_leader_ends_its_leading() -> None:
    leader = elected(job())
    leader.receive(START, Campaign(LEASE), Leader(START, "s2", 5, START + LEASE, 9))
    assert leader.publish_at is None and leader.publish_due(START + 60 * SECOND) is None


@pytest.mark.parametrize("refusal", ["gone", "inactive", "revision", "cursor"])
def test_a_job_that_was_refused_as_stale_is_loaded_again(refusal: Refusal) -> None:
    leader = elected(job())
    publish = leader.publish_due(START)
    reload = answer(leader, START, publish, refusal)
    assert reload == Jobs(("job",))
    current = job(cursor=START + 30 * SECOND)
    assert leader.receive(START, Jobs(("job",)), JobList(START, 9, (current,))) is None
    assert leader.publish_at == START + 30 * SECOND


def test_an_occurrence_beyond_a_limit_is_given_back_to_the_repeats() -> None:
    """LIMIT-1, FIRE-3: the leader had counted it as the last one."""
    leader = elected(job(repeats=1))
    publish = leader.publish_due(START)
    assert leader.publish_at is None
    assert answer(leader, START, publish, "surplus") == Jobs(("job",))
    current = job(cursor=START + 30 * SECOND, repeats=1)
    leader.receive(START, Jobs(("job",)), JobList(START, 9, (current,)))
    assert leader.publish_at == START + 30 * SECOND


def test_an_occurrence_beyond_a_limit_needs_no_reload_without_repeats() -> None:
    leader = elected(job())
    publish = leader.publish_due(START)
    assert answer(leader, START, publish, "surplus") is None
    assert leader.publish_at == START + 10 * SECOND


def test_a_refusal_that_a_later_change_explains_is_ignored() -> None:
    leader = elected(job())
    publish = leader.publish_due(START)
    edited = Job("job", 2, definition("job", seconds=7), START + 1, 0)
    changed = JobList(START, 10, (edited,))
    assert leader.receive(START, Changes(9), changed) == Changes(10)
    assert answer(leader, START, publish, "revision") is None
    assert leader.publish_at == START + 7 * SECOND


def test_a_fast_clock_tries_again_when_the_store_may_have_reached_the_instant() -> None:
    leader = elected(job())
    local, store = START + 300, START - 200  # fast by half a millisecond
    publish = leader.publish_due(local)
    assert publish is not None
    reload = leader.receive(local, publish, Outcomes(store, ("early",)))
    assert reload == Jobs(("job",))
    assert leader.receive(local, reload, JobList(store, 9, (job(),))) is None
    assert leader.publish_at == START + 500
    assert leader.publish_due(START + 499) is None
    again = leader.publish_due(START + 500)
    assert [(e.cursor, e.due) for e in entries(again)] == [(START, START)]
    assert again is not None and again.before == START + LEASE // 3


def test_a_slow_clock_is_corrected_by_the_store() -> None:
    leader = elected(job(cursor=START + 1))
    local, store = START + 2 * SECOND, START + 5 * SECOND
    reply = Leader(store, "s1", 4, store + LEASE, 9)
    assert leader.receive(local, Campaign(LEASE), reply) is None
    assert leader.publish_at == START + 7 * SECOND
    publish = leader.publish_due(START + 7 * SECOND)
    assert [e.due for e in entries(publish)] == [START + 10 * SECOND]


def test_a_fast_clock_is_noticed_by_campaigning() -> None:
    leader = elected(job(cursor=START + 1))
    (campaign,) = leader.heartbeat(START + 9 * SECOND)
    reply = Leader(START + 3 * SECOND, "s1", 4, START + 13 * SECOND, 9)
    assert leader.receive(START + 9 * SECOND + 2, campaign, reply) is None
    assert leader.publish_at == START + 16 * SECOND


# --- requests without a reply


def test_after_a_publish_without_reply_the_store_is_asked_for_its_jobs() -> None:
    leader = elected(job())
    publish = leader.publish_due(START)
    assert publish is not None
    assert leader.heartbeat(publish.before - 1) == [Campaign(LEASE)]
    assert leader.heartbeat(publish.before) == [Campaign(LEASE), Jobs(("job",))]
    current = job(cursor=START + 1)  # it had been accepted
    assert leader.receive(START, Jobs(("job",)), JobList(START, 9, (current,))) is None
    assert leader.publish_at == START + 10 * SECOND
    assert leader.receive(START, publish, Outcomes(START, ())) is None  # the answer, too late
    assert leader.publish_at == START + 10 * SECOND


def test_a_request_for_jobs_is_repeated_at_the_second_heartbeat() -> None:
    leader = candidate()
    (campaign,) = leader.heartbeat(START)
    load = leader.receive(START, campaign, Leader(START, "s1", 4, START + LEASE, 9))
    assert load == Jobs(after="")
    assert leader.heartbeat(START + 1) == [Campaign(LEASE)]
    assert leader.heartbeat(START + 2) == [Campaign(LEASE), Jobs(after="")]
    assert leader.receive(START + 3, load, JobList(START + 3, 9, ())) == Changes(9)
    assert leader.heartbeat(START + 4) == [Campaign(LEASE)]


def test_a_change_that_it_has_missed_is_asked_for() -> None:
    leader = elected(job())
    reply = Leader(START, "s1", 4, START + LEASE, 10)
    assert leader.receive(START, Campaign(LEASE), reply) == Changes(9)


def test_a_late_reply_undoes_nothing() -> None:
    leader = elected(job())
    edited = Job("job", 2, definition("job", seconds=7), START + 1, 0)
    changed = JobList(START, 10, (edited,))
    assert leader.receive(START, Changes(9), changed) == Changes(10)
    assert leader.receive(START, Changes(9), changed) is None  # twice
    assert leader.receive(START, Jobs(("job",)), JobList(START, 9, (job(),))) is None
    assert leader.receive(START, Jobs(("job",)), JobList(START, 8, (), ("job",))) is None
    earlier = Leader(START, "s2", 3, START + LEASE, 5)
    assert leader.receive(START, Campaign(LEASE), earlier) is None
    assert leader.publish_at == START + 7 * SECOND


def test_it_repeats_its_resignation_until_confirmed() -> None:
    leader = elected(job())
    resign = leader.resign()
    assert resign == Resign(4)
    assert leader.heartbeat(START) == [Resign(4)] and not leader.has_handed_over
    leader.receive(START, resign, Leader(START, None, 4, START + LEASE, 9))
    assert leader.heartbeat(START) == [] and leader.has_handed_over


def test_misfires_are_coalesced_into_the_latest() -> None:
    """once: of the occurrences later than the grace only the latest is published."""
    leader = elected(job())
    publish = leader.publish_due(START + 35 * SECOND)
    latest = START + 30 * SECOND
    dues = (START, START + 10 * SECOND, START + 20 * SECOND)
    following = latest + 10 * SECOND
    assert entries(publish) == (
        Entry("job", 1, START, latest, False, "K1", dues, expected=following),
    )


def test_occurrences_on_time_are_published_apart_from_misfires() -> None:
    leader = elected(job())
    publish = leader.publish_due(START + 20 * SECOND + SECOND // 2)
    first, second = entries(publish)
    ten, twenty = START + 10 * SECOND, START + 20 * SECOND
    assert first == Entry("job", 1, START, ten, False, "K1", (START,), expected=twenty)
    thirty = twenty + 10 * SECOND
    assert second == Entry("job", 1, ten + 1, twenty, False, "K2", expected=thirty)


def test_all_misfires_are_published_in_order() -> None:
    leader = elected(job(misfire="all"))
    publish = leader.publish_due(START + 25 * SECOND)
    assert [(e.cursor, e.due, e.is_last) for e in entries(publish)] == [
        (START, START, False),
        (START + 1, START + 10 * SECOND, False),
        (START + 10 * SECOND + 1, START + 20 * SECOND, False),
    ]


def test_misfires_can_be_skipped() -> None:
    leader = elected(job(misfire="skip"))
    publish = leader.publish_due(START + 20 * SECOND)
    skipped = (START, START + 10 * SECOND)
    ten, twenty = START + 10 * SECOND, START + 20 * SECOND
    assert entries(publish) == (
        Entry("job", 1, START, None, False, "", (), skipped, expected=twenty),
        Entry("job", 1, ten + 1, twenty, False, "K1", expected=twenty + 10 * SECOND),
    )


def test_a_job_without_an_occurrence_is_ended() -> None:
    """Its only instant has had its outcome, and an edit made it active again."""
    once = Job("job", 3, definition("job"), START + 5 * SECOND, 1)
    leader = elected(once, now=START + 9 * SECOND)
    publish = leader.publish_due(START + 9 * SECOND)
    assert entries(publish) == (Entry("job", 3, START + 5 * SECOND, None, True, ""),)
    assert answer(leader, START + 9 * SECOND, publish) is None
    assert leader.publish_at is None


NEWTOWN = definition("job", cron_definition="0 9 * * *")
NEWTOWN = replace(NEWTOWN, timezone="America/Newtown")
"""A job in a zone that the database here has not, as a newer one may have."""


def test_a_job_that_it_cannot_schedule_holds_up_no_other() -> None:
    leader = elected(Job("strange", 1, NEWTOWN, START, 0), job())
    why = f"timezone: 'America/Newtown' is not in time zone database {VERSION}"
    assert leader.unschedulable == {"strange": why}
    assert [entry.job for entry in entries(leader.publish_due(START))] == ["job"]


def test_a_job_that_cannot_be_read_is_known_by_its_id() -> None:
    leader = candidate()
    (campaign,) = leader.heartbeat(START)
    load = leader.receive(START, campaign, Leader(START, "s1", 4, START + LEASE, 9))
    assert load is not None
    leader.receive(START, load, JobList(START, 9, (job(),), unreadable=(("x", "noise"),)))
    assert leader.unschedulable == {"x": "noise"}
    assert leader.publish_at == START


@pytest.mark.parametrize("change", ["right", "inactive", "gone", "deposed", "wrong again"])
def test_it_is_forgotten_when_it_can_be_scheduled_or_need_not(change: str) -> None:
    leader = elected(Job("job", 1, NEWTOWN, START, 0))
    fixed = replace(
        NEWTOWN,
        timezone="UTC" if change == "right" else NEWTOWN.timezone,
        is_active=change != "inactive",
    )
    changed = Job("job", 2, fixed, START, 0)
    if change == "deposed":
        leader.receive(START, Campaign(LEASE), Leader(START, "s2", 5, START + LEASE, 9))
    elif change == "gone":
        leader.receive(START, Changes(9), JobList(START, 10, (), ("job",)))
    else:
        leader.receive(START, Changes(9), JobList(START, 10, (changed,)))
    assert list(leader.unschedulable) == (["job"] if change == "wrong again" else [])
    assert (leader.publish_at is not None) is (change == "right")


def test_the_grace_is_inclusive() -> None:
    at_the_border = elected(job(misfire="skip")).publish_due(START + SECOND)
    assert [e.due for e in entries(at_the_border)] == [START]
    beyond = elected(job(misfire="skip")).publish_due(START + SECOND + 1)
    assert [e.skipped for e in entries(beyond)] == [(START,)]


def test_repeats_limit_catching_up() -> None:
    leader = elected(job(misfire="all", repeats=3, published=1))
    publish = leader.publish_due(START + 60 * SECOND)
    assert [e.due for e in entries(publish)] == [START, START + 10 * SECOND]
    assert answer(leader, START + 60 * SECOND, publish) is None
    assert leader.publish_at is None


def test_a_long_outage_is_caught_up_in_several_publishes() -> None:
    leader = elected(job(seconds=1, misfire="all"))
    now = START + 2_500 * SECOND
    sizes = []
    while leader.publish_at is not None and leader.publish_at <= now:
        publish = leader.publish_due(now)
        sizes.append(len(entries(publish)))
        answer(leader, now, publish)
    assert sizes == [LARGEST_PUBLISH, LARGEST_PUBLISH, 501]


def test_resigning_is_for_good() -> None:
    leader = elected(job())
    assert leader.resign() == Resign(4)
    assert (
        leader.heartbeat(START) == [Resign(4)] and leader.publish_due(START + 60 * SECOND) is None
    )
    granted = Leader(START, "s1", 5, START + LEASE, 9)  # by a Campaign that was in transit
    assert leader.receive(START, Campaign(LEASE), granted) == Resign(5)
    assert candidate().resign() is None


@pytest.mark.parametrize("misfire", ["once", "skip"])
def test_a_publish_makes_no_more_work_than_the_store_can_handle(misfire: str) -> None:
    """Hours of misfires of many jobs: a few jobs at a time, and none is left out."""
    hours = 3_600
    jobs = [
        Job(str(n), 1, definition(str(n), seconds=1, misfire=misfire), START, 0) for n in range(20)
    ]
    now = START + 10 * hours * SECOND
    leader = elected(*jobs, now=START)
    caught_up: list[str] = []
    while len(caught_up) < 20:
        publish = leader.publish_due(now)
        published = entries(publish)
        assert (
            sum(len(e.coalesced) + len(e.skipped) for e in published) < 2 * LARGEST_LOAD // INSTANT
        )
        caught_up += {entry.job: None for entry in published}
        assert answer(leader, now, publish) is None
        assert len(caught_up) == 20 or leader.publish_at is not None
    assert sorted(caught_up) == sorted(job.id for job in jobs)


def test_a_publish_carries_no_more_than_the_store_can_take() -> None:
    """In bytes of extra data; the rest is published next, in order."""
    extra = "x" * 500_000
    jobs = [
        Job(f"{n:02}", 1, definition(f"{n}", seconds=60, extra=extra), START, 0) for n in range(10)
    ]
    leader = elected(*jobs)
    published: list[list[str]] = []
    while sum(map(len, published)) < 10:
        publish = leader.publish_due(START)
        published.append([entry.job for entry in entries(publish)])
        answer(leader, START, publish)
    assert published == [
        ["00", "01", "02", "03"],
        ["04", "05", "06", "07"],
        ["08", "09"],
    ]
