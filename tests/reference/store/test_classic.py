"""The classic profile: a message is claimed once, within 15 seconds, or it is gone (S4, DLV-3)."""

import pytest
from msgspec.structs import replace

from gnomon.reference import events
from gnomon.reference.schedule.clock import SECOND
from gnomon.reference.store.classic import MESSAGE_LIFE
from gnomon.reference.store.memory import MemoryStore
from gnomon.reference.store.operations import Campaign, Claim, Heartbeat, Join, Reclaim, first_turn
from gnomon.simulator.world.replay import replay
from gnomon.specs.recording.commands import CrashServer
from gnomon.specs.recording.model import Fixed, Recording
from tests.simulator.world.test_crashes import ONE_LONG_RUN, broken, with_commands
from tests.support.store_bench import NOW, Bench
from tests.support.worlds import START, interval_job, world


class ClassicBench(Bench):
    """A classic store on the bench."""

    def __init__(self) -> None:
        super().__init__()
        self.store = MemoryStore(self.recorded.append, "classic")


@pytest.fixture
def bench() -> ClassicBench:
    return ClassicBench()


def classic(recording: Recording) -> Recording:
    return replace(recording, cluster=replace(recording.cluster, profile="classic"))


def test_a_message_can_be_claimed_for_so_long_and_no_longer(bench: ClassicBench) -> None:
    bench.put()
    bench.live("s1")
    bench.execute(0)
    bench.execute(1)
    (claimed,) = bench.replies(MESSAGE_LIFE, "s1", Claim(1, 1))
    assert claimed[1].message.id == 2
    assert bench.kinds(events.Expired) == [events.Expired(NOW + MESSAGE_LIFE, 1)]


def test_what_nobody_asks_for_is_gone_at_the_next_sign_of_life(bench: ClassicBench) -> None:
    bench.put()
    bench.execute(0)
    for after in (MESSAGE_LIFE - 1, MESSAGE_LIFE + 5):
        bench.ask(after, "s1", Reclaim())
    assert bench.kinds(events.Expired) == [events.Expired(NOW + MESSAGE_LIFE + 5, 1)]
    assert bench.store.waiting == 0


def test_what_a_lost_server_held_is_not_handed_out_again(bench: ClassicBench) -> None:
    bench.put()
    bench.execute(0)
    bench.ask(0, "s1", Heartbeat(10))
    bench.ask(0, "s1", Claim(1, 1))
    bench.ask(20, "s2", Campaign(100))
    assert bench.replies(21, "s2", Claim(1, 1)) == []
    assert bench.kinds(events.Lost) == [events.Lost(NOW + 20, 1, "s1", 1, 1)]


def test_what_an_earlier_process_held_is_not_handed_out_again(bench: ClassicBench) -> None:
    bench.put()
    bench.execute(0)
    bench.ask(0, "s1", Join(1, 10))
    bench.ask(0, "s1", Claim(1, first_turn(1)))
    bench.ask(5, "s1", Join(2, 10))
    assert bench.replies(6, "s1", Claim(1, first_turn(2))) == []


def test_a_message_waits_for_a_worker_for_15_seconds() -> None:
    slow = world(
        [interval_job("slow", 0, 5)],
        span=60 * SECOND,
        duration=Fixed(20 * SECOND),
        servers=1,
        workers=1,
    )
    happened = replay(classic(slow)).events
    gone = [e for e in happened if type(e) is events.Expired]
    assert gone and all(e.at >= START + MESSAGE_LIFE for e in gone)
    assert not any(type(e) is events.Expired for e in replay(slow).events)
    assert broken(classic(slow)) == {}


def test_a_run_of_a_crashed_server_is_lost() -> None:
    crashed = with_commands(ONE_LONG_RUN, (2 * SECOND, CrashServer, "s1"))
    of_a_run = (events.Claimed, events.Started, events.Finished, events.Reclaimed, events.Lost)
    happened = [type(e) for e in replay(classic(crashed)).events]
    told = [kind for kind in happened if kind in of_a_run]
    assert told == [events.Claimed, events.Started, events.Lost]
    assert broken(classic(crashed)) == {}
