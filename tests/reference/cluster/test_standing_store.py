"""A store whose time stands still, as after its clock was set back: it is not asked in a loop."""

import pytest

from gnomon.reference.cluster.leader import LeaderRole
from gnomon.reference.events import Event
from gnomon.reference.schedule.clock import MILLISECOND, SECOND
from gnomon.reference.store.memory import MemoryStore
from gnomon.reference.store.operations import (
    Delivery,
    JobList,
    Leader,
    Operation,
    Outcomes,
)
from gnomon.simulator.world.replay import simulate
from gnomon.specs.recording.commands import CrashServer, Execute, StepStoreClock
from tests.reference.cluster.test_leader import LEASE, candidate, elected, job
from tests.simulator.world.test_faults import with_faults
from tests.support.worlds import AT_ONCE, START, interval_job, world

BEFORE = START - 1
"""The store's time: it stands 1 µs before the job is due."""
PAUSE = LEASE // 100


def refuse(leader: LeaderRole, now: int, store: int = BEFORE) -> None:
    """Let the leader publish when its clock reads `now`; the store refuses that as too early."""
    publish = leader.publish_due(now)
    assert publish is not None
    reload = leader.receive(now, publish, Outcomes(store, ("early",)))
    assert reload is not None
    assert leader.receive(now, reload, JobList(store, 9, (job(),))) is None


def test_a_leader_waits_while_the_time_of_the_store_stands_still() -> None:
    leader = elected(job())
    refuse(leader, START)
    assert leader.publish_at == START + 1, "its clock may be fast"
    refuse(leader, START + 1)
    assert leader.publish_at == START + 2 + PAUSE
    refuse(leader, START + 2 + PAUSE)
    assert leader.publish_at == START + 3 + 2 * PAUSE


def test_a_leader_whose_clock_is_fast_does_not_wait_longer_than_it_must() -> None:
    leader = elected(job())
    for asked, store in ((START, START - 500), (START + 500, START - 200)):
        refuse(leader, asked, store)
        assert leader.publish_at == asked + START - store


def test_a_leader_is_punctual_again_once_the_store_has_accepted() -> None:
    leader = elected(job())
    refuse(leader, START)
    refuse(leader, START + 1)
    now = START + 2 + PAUSE
    publish = leader.publish_due(now)
    assert publish is not None
    leader.receive(now, publish, Outcomes(now, ()))
    assert leader.publish_at == START + 10 * SECOND


def test_a_follower_waits_for_a_lease_that_does_not_run_out() -> None:
    follower = candidate()
    for now, campaign_at in ((START, START + 1), (START + 1, START + 2 + PAUSE)):
        (campaign,) = follower.heartbeat(now)
        follower.receive(now, campaign, Leader(START, "s2", 3, START + 1, 9))
        assert follower.campaign_at == campaign_at


@pytest.mark.parametrize("leads", [True, False])
def test_few_requests_are_made_while_it_stands_still(leads: bool) -> None:
    """Not one each microsecond: the leader waits to publish, its follower for the lease."""
    asked: list[Operation] = []

    class Counted(MemoryStore):
        def apply(self, now: int, server: str, operation: Operation) -> list[Delivery]:
            asked.append(operation)
            return super().apply(now, server, operation)

    seconds = 1 if leads else 10
    stands_at = seconds * SECOND - 1
    recording = with_faults(
        world([interval_job("a", SECOND, 60)], span=12 * SECOND, duration=AT_ONCE),
        *(() if leads else (CrashServer(at=1, server="s1"),)),
        Execute(at=stands_at, job="a"),
        StepStoreClock(at=stands_at, by=-20 * MILLISECOND),
    )
    simulate(recording, list[Event]().append, new_store=Counted)
    assert len(asked) < 60
