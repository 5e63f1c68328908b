"""The three stores keep the same latest faults, as they are in the history."""

from gnomon.reference.events import ServerCrashed, ServerStopped
from gnomon.reference.schedule.clock import SECOND, read_instant
from gnomon.reference.store.administration import RegisterServer, RemoveServer
from gnomon.reference.store.faults import FAULTS_KEPT, Fault, FaultList, LatestFaults
from gnomon.reference.store.operations import OPERATOR, Campaign, Former
from tests.support.arms import Arms

NOW = read_instant("2026-01-31T12:00:00Z")
LEASE = 10 * SECOND


def faults(arms: Arms, now: int) -> tuple[Fault, ...]:
    reply = arms.ask(now, OPERATOR, LatestFaults())
    assert isinstance(reply, FaultList)
    return reply.faults


def test_each_fault_is_kept_as_it_was_recorded(arms: Arms) -> None:
    assert faults(arms, NOW) == ()
    arms.apply(NOW, "s1", RegisterServer(1, NOW, 2, ()))
    arms.apply(NOW, "s1", Campaign(LEASE))
    arms.apply(NOW + 1, "s1", RegisterServer(2, NOW, 2, ()))
    arms.apply(NOW + 2, "s2", RegisterServer(1, NOW, 2, ()))
    arms.apply(NOW + 3, "s2", RemoveServer("s2", ServerCrashed(NOW, "s2")))
    arms.apply(NOW + 4, "s3", RegisterServer(1, NOW, 2, ()))
    arms.apply(NOW + 5, "s3", RemoveServer("s3", ServerStopped(NOW, "s3")))
    arms.apply(NOW + LEASE + 6, "s4", Campaign(LEASE, former=Former(NOW - 7, 41, 2)))
    arms.apply(NOW - LEASE, "s4", Campaign(LEASE))
    recorded = [event for event in arms.events[0] if isinstance(event, Fault)]
    assert faults(arms, NOW - LEASE) == tuple(reversed(recorded))
    kinds = [type(fault).__struct_config__.tag for fault in recorded]
    assert kinds == [
        *("server_crashed", "server_crashed", "store_replaced", "lease_expired", "clock_set_back")
    ]


def test_no_more_than_the_latest_are_kept(arms: Arms) -> None:
    for process in range(FAULTS_KEPT + 2):
        arms.apply(NOW + process, "s1", RegisterServer(process, NOW, 2, ()))
    kept = faults(arms, NOW + SECOND)
    assert [fault.at - NOW for fault in kept] == [*range(FAULTS_KEPT + 1, 1, -1)]
