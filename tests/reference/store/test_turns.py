"""Claims that arrive twice: what a claim was given, the same claim does not complete (RUN-1)."""

import pytest

from gnomon.reference import events
from gnomon.reference.store.operations import (
    Assignment,
    Campaign,
    Claim,
    Done,
    Heartbeat,
    Join,
    Reclaim,
    first_turn,
)
from tests.support.store_bench import NOW, Bench

TTL = 10_000_000


def test_a_claim_that_arrives_twice_does_not_complete_what_it_was_given() -> None:
    """The store lost the Join of process 2, which runs attempt 2 and asks as if that were known."""
    bench = Bench()
    bench.lead()
    bench.put()
    bench.ask(0, "s1", Join(1, TTL))
    bench.ask(0, "s1", Claim(1, first_turn(1) + 1))
    bench.execute(0)
    again = Claim(1, first_turn(2) + 2, (1, 2))
    for _ in range(2):
        reply = bench.ask(1, "s1", again)
        assert isinstance(reply, Assignment)
        assert (reply.message.id, reply.attempt) == (1, 2)
    assert bench.ask(1, "s1", Claim(1, first_turn(2) + 3, (1, 2))) is None, "completed by the next"
    assert not bench.store.open


@pytest.mark.parametrize("alive", [Campaign(TTL, process=2), Heartbeat(TTL, process=2)], ids=repr)
def test_a_process_whose_join_was_lost_frees_what_a_former_one_held(
    alive: Campaign | Heartbeat,
) -> None:
    """Its workers are busy with what the store assigned in lost writes: no claim names it."""
    bench = Bench()
    bench.lead()
    bench.put()
    bench.ask(0, "s1", Join(1, TTL))
    bench.ask(0, "s1", Claim(1, first_turn(1) + 1))
    bench.execute(0)
    bench.live("s2")
    bench.ask(0, "s2", Claim(1, 1))
    replies = bench.replies(1, "s1", alive)
    assert bench.kinds(events.Reclaimed) == [events.Reclaimed(NOW + 1, 1, "s1", 1, 1)]
    assert [to for to, reply in replies if type(reply) is Assignment] == ["s2"]
    bench.ask(2, "s1", alive)
    assert len(bench.kinds(events.Reclaimed)) == 1, "repeated"


@pytest.mark.parametrize("process", [0, 1])
def test_a_sign_of_life_of_a_known_process_frees_nothing(process: int) -> None:
    bench = Bench()
    bench.put()
    bench.execute(0)
    bench.ask(0, "s1", Join(1, TTL))
    bench.ask(0, "s1", Claim(1, first_turn(1) + 1))
    bench.ask(1, "s1", Campaign(TTL, process=process))
    bench.ask(1, "s1", Heartbeat(TTL, process))
    assert not bench.kinds(events.Reclaimed)


@pytest.mark.parametrize("by", [Claim(1, 1), Campaign(TTL, (Claim(1, 1),))])
def test_a_turn_whose_message_was_reclaimed_gets_no_other(by: Claim | Campaign) -> None:
    """The worker may be running that message; another would wait until the run has ended."""
    bench = Bench()
    bench.lead()
    bench.put()
    bench.ask(0, "s1", Heartbeat(10))
    assert bench.ask(0, "s1", Claim(1, 1)) is None
    bench.execute(0)
    bench.ask(10, "s2", Reclaim())
    bench.ask(11, "s1", Heartbeat(TTL))
    replies = [reply for _, reply in bench.replies(12, "s1", by)]
    assert type(replies[-1]) is Done, "claim in your next turn"
    assert bench.store.waiting == 1
    reply = bench.ask(13, "s1", Claim(1, 2))
    assert (reply.message.id, reply.attempt) == (1, 2)
    assert bench.ask(14, "s1", Claim(1, 1)) is None, "late: the worker has claimed since"


def test_a_server_whose_heartbeat_has_lapsed_is_assigned_nothing() -> None:
    """Its message would be reclaimed at once, and an attempt be lost."""
    bench = Bench()
    bench.lead()
    bench.put()
    bench.execute(0)
    bench.ask(0, "s1", Heartbeat(10))
    assert bench.ask(10, "s1", Claim(1, 1)) is None
    assert bench.store.waiting == 1
    bench.ask(10, "s1", Heartbeat(10))
    assert isinstance(bench.ask(19, "s1", Claim(1, 1)), Assignment)


def test_a_process_that_begins_anew_gives_up_what_it_was_assigned_before() -> None:
    """It takes a run that this store assigned for one of the former store."""
    bench = Bench()
    bench.lead()
    bench.put()
    bench.execute(0)
    bench.execute(0)
    bench.ask(0, "s1", Join(1, TTL))
    bench.ask(0, "s1", Claim(1, first_turn(1) + 1))
    anew = Join(1, TTL, first_turn(1) + 3)
    bench.ask(1, "s1", anew)
    assert bench.kinds(events.Reclaimed) == [events.Reclaimed(NOW + 1, 1, "s1", 1, 1)]
    reply = bench.ask(2, "s1", Claim(1, first_turn(1) + 4))
    assert (reply.message.id, reply.attempt) == (1, 2)
    bench.ask(3, "s1", anew)
    assert len(bench.kinds(events.Reclaimed)) == 1, "repeated"
