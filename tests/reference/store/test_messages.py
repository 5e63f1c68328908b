"""Messages: who is given which, what is taken back, and operations that come late or twice."""

from typing import Any

import pytest

from gnomon.reference import events
from gnomon.reference.schedule.clock import HOUR
from gnomon.reference.store.operations import (
    Assignment,
    Campaign,
    Claim,
    Complete,
    Completed,
    Done,
    Heartbeat,
    Join,
    Reclaim,
    Withdraw,
    Withdrawn,
    first_turn,
)
from tests.support.store_bench import NOW, Bench


@pytest.fixture
def bench() -> Bench:
    return Bench()


# --- delivering: DLV-1, DLV-2, DLV-4, DLV-5


def messages(replies: list[tuple[str, Any]]) -> list[tuple[str, int, int]]:
    """Who was given which message, in which attempt."""
    return [
        (to, reply.message.id, reply.attempt) for to, reply in replies if hasattr(reply, "message")
    ]


def test_messages_are_claimed_in_the_order_in_which_they_were_published(bench: Bench) -> None:
    bench.put()
    bench.execute(1)
    bench.execute(2)
    bench.live("s1", "s2")
    assert bench.store.waiting == 2
    assert messages(bench.replies(3, "s2", Claim(1, 1))) == [("s2", 1, 1)]
    assert messages(bench.replies(3, "s1", Claim(1, 1))) == [("s1", 2, 1)]
    assert bench.store.waiting == 0


def test_a_message_goes_to_the_worker_that_has_waited_longest(bench: Bench) -> None:
    bench.put()
    bench.live("s1", "s2")
    for server, worker in (("s2", 2), ("s1", 1), ("s2", 1)):
        assert bench.ask(0, server, Claim(worker, 1)) is None
    assert bench.ask(0, "s2", Claim(2, 1)) is None  # asking again is not starting to wait again
    assert messages(bench.execute(1)) == [("s2", 1, 1)]
    assert messages(bench.execute(1)) == [("s1", 2, 1)]
    assert [(event.server, event.worker) for event in bench.kinds(events.Claimed)] == [
        ("s2", 2),
        ("s1", 1),
    ]


def test_a_claim_that_is_asked_again_changes_nothing(bench: Bench) -> None:
    bench.put()
    bench.execute(0)
    bench.execute(0)
    bench.live("s1")
    for _ in range(2):
        assert messages(bench.replies(1, "s1", Claim(1, 1))) == [("s1", 1, 1)]
    for _ in range(2):
        assert messages(bench.replies(2, "s1", Claim(1, 2, done=(1, 1)))) == [("s1", 2, 1)]
    assert len(bench.kinds(events.Claimed)) == 2


def test_a_message_is_completed_by_its_holder_in_its_attempt(bench: Bench) -> None:
    bench.put()
    bench.execute(0)
    bench.live("s1")
    bench.ask(0, "s1", Claim(1, 1))
    for server, complete in (
        ("s2", Complete(1, 1, 1, 1)),
        ("s1", Complete(2, 1, 1, 1)),
        ("s1", Complete(1, 1, 2, 1)),
        ("s1", Complete(1, 1, 1, 2)),
    ):
        assert bench.ask(1, server, complete) == Completed(NOW + 1, accepted=False)
    assert bench.ask(2, "s1", Complete(1, 1, 1, 1)) == Completed(NOW + 2, accepted=True)
    assert bench.ask(3, "s1", Complete(1, 1, 1, 1)) == Completed(NOW + 3, accepted=False)


def test_what_a_silent_server_holds_is_handed_out_again(bench: Bench) -> None:
    bench.put()
    bench.execute(0)
    bench.execute(0)
    bench.live("s2")
    bench.ask(0, "s1", Heartbeat(10))
    bench.ask(0, "s1", Claim(1, 1))
    assert bench.ask(9, "s2", Reclaim()) == Done(NOW + 9)
    assert bench.kinds(events.Reclaimed) == []
    bench.ask(10, "s2", Reclaim())
    assert bench.kinds(events.Reclaimed) == [events.Reclaimed(NOW + 10, 1, "s1", 1, 1)]
    assert messages(bench.replies(11, "s2", Claim(1, 1))) == [("s2", 1, 2)]  # the oldest, once more
    assert bench.ask(12, "s1", Complete(1, 1, 1, 1)) == Completed(NOW + 12, accepted=False)


def test_a_heartbeat_keeps_what_a_server_holds(bench: Bench) -> None:
    bench.put()
    bench.execute(0)
    bench.live("s1")
    bench.ask(0, "s1", Claim(1, 1))
    for after in range(0, 50, 9):
        bench.ask(after, "s1", Heartbeat(10))
        bench.ask(after, "s2", Reclaim())
    assert bench.kinds(events.Reclaimed) == []


def test_what_is_reclaimed_goes_to_a_waiting_worker_at_once(bench: Bench) -> None:
    bench.put()
    bench.execute(0)
    bench.live("s2")
    bench.ask(0, "s1", Heartbeat(10))
    bench.ask(0, "s1", Claim(1, 1))
    bench.ask(0, "s2", Claim(1, 1))
    assert messages(bench.replies(10, "s2", Reclaim())) == [("s2", 1, 2)]


def test_a_silent_server_is_given_nothing_more(bench: Bench) -> None:
    bench.put()
    bench.live("s2")
    bench.ask(0, "s1", Heartbeat(10))
    bench.ask(0, "s1", Claim(1, 1))
    bench.ask(10, "s2", Reclaim())
    assert messages(bench.execute(11)) == []
    assert messages(bench.replies(12, "s2", Claim(1, 1))) == [("s2", 1, 1)]


def test_a_server_that_withdraws_is_given_nothing_more(bench: Bench) -> None:
    bench.put()
    bench.live("s1", "s2")
    bench.ask(0, "s1", Claim(1, 1))
    bench.ask(0, "s2", Claim(1, 1))
    bench.ask(1, "s1", Withdraw((Claim(1, 1),)))
    assert messages(bench.execute(2)) == [("s2", 1, 1)]
    assert messages(bench.execute(2)) == []
    assert bench.ask(3, "s1", Claim(1, 1)) == Done(NOW + 3)  # late: that turn is over


def test_a_server_that_withdraws_is_told_what_it_was_given_before(bench: Bench) -> None:
    bench.put()
    bench.live("s1", "s2")
    bench.ask(0, "s1", Claim(1, 1))
    bench.execute(1)
    bench.ask(1, "s2", Claim(1, 1))
    for after in (2, 3):  # the first reply was lost
        ((claim, assignment),) = bench.ask(after, "s1", Withdraw((Claim(1, 1),))).assigned
        assert (claim, assignment.message.id, assignment.attempt) == (Claim(1, 1), 1, 1)
    bench.ask(4, "s1", Complete(1, 1, 1, 1))
    assert bench.ask(5, "s1", Withdraw((Claim(1, 1),))) == Withdrawn(NOW + 5)


def test_what_a_server_that_withdraws_has_completed_is_not_handed_out_again(bench: Bench) -> None:
    bench.put()
    bench.live("s1")
    bench.ask(0, "s1", Claim(1, 1))
    bench.execute(1)
    bench.ask(2, "s1", Withdraw((Claim(1, 2, done=(1, 1)),)))  # that claim itself was lost
    assert bench.kinds(events.Reclaimed) == []
    bench.ask(HOUR, "s2", Reclaim())
    assert bench.kinds(events.Reclaimed) == []


def test_a_withdrawn_claim_does_not_complete_its_own_assignment(bench: Bench) -> None:
    """After a loss of the first assignment, the same attempt is assigned to the claim after it."""
    bench.put()
    bench.live("s1")
    claim = Claim(1, 2, done=(1, 1))  # the store has lost the claim of turn 1
    bench.ask(0, "s1", claim)
    bench.execute(1)
    for after in (2, 3):  # the first reply was lost
        ((withdrawn, assignment),) = bench.ask(after, "s1", Withdraw((claim,))).assigned
        assert (withdrawn, assignment.message.id, assignment.attempt) == (claim, 1, 1)


# --- what comes late, or twice


def test_a_claim_of_an_earlier_turn_is_not_heard(bench: Bench) -> None:
    bench.put()
    bench.live("s1", "s2")
    bench.ask(0, "s1", Claim(1, 1))
    bench.execute(1)
    assert bench.ask(2, "s1", Claim(1, 2, done=(1, 1))) is None
    assert bench.ask(3, "s1", Claim(1, 1)) is None
    (to,) = bench.execute(4)[1:]
    assert isinstance(to[1], Assignment)
    assert bench.ask(5, "s1", Claim(1, 1)) is None  # and what it holds is not told to the old turn


def test_a_claim_after_the_last_completion_is_not_heard(bench: Bench) -> None:
    bench.put()
    bench.live("s1")
    bench.ask(0, "s1", Claim(1, 1))
    bench.execute(1)
    bench.ask(2, "s1", Complete(1, 1, 1, 1))
    assert bench.ask(3, "s1", Claim(1, 1)) == Done(NOW + 3)  # that turn is over
    assert messages(bench.execute(4)) == []


def test_a_server_that_is_not_believed_to_live_claims_nothing(bench: Bench) -> None:
    bench.put()
    bench.execute(0)
    assert bench.ask(0, "s1", Claim(1, 1)) is None
    assert bench.kinds(events.Claimed) == []
    told = bench.replies(1, "s1", Campaign(10, (Claim(1, 1),)))
    assert messages(told) == [("s1", 1, 1)]


def test_a_process_takes_back_once_what_an_earlier_one_held(bench: Bench) -> None:
    bench.put()
    bench.ask(0, "s1", Join(1, 10))
    bench.ask(0, "s1", Claim(1, first_turn(1)))
    bench.execute(1)
    for _ in range(2):
        bench.ask(2, "s1", Join(1, 10))
    assert bench.kinds(events.Reclaimed) == []
    bench.ask(3, "s1", Join(2, 10))
    assert bench.kinds(events.Reclaimed) == [events.Reclaimed(NOW + 3, 1, "s1", 1, 1)]
    assert messages(bench.replies(4, "s1", Claim(1, first_turn(2)))) == [("s1", 1, 2)]
    bench.ask(5, "s1", Join(1, 10))  # late, of a process that is no more
    assert bench.ask(5, "s1", Claim(1, first_turn(1) + 5)) is None
    assert len(bench.kinds(events.Reclaimed)) == 1


def test_a_process_that_was_not_heard_to_join_is_not_told_what_an_earlier_one_held(
    bench: Bench,
) -> None:
    bench.put()
    bench.live("s1")
    bench.ask(0, "s1", Claim(1, first_turn(1)))
    bench.execute(1)
    withdrawn = bench.ask(2, "s1", Withdraw((Claim(1, first_turn(2)),)))
    assert withdrawn == Withdrawn(NOW + 2)
    assert bench.kinds(events.Reclaimed) == [events.Reclaimed(NOW + 2, 1, "s1", 1, 1)]


def test_a_claim_of_a_new_process_lets_it_join(bench: Bench) -> None:
    bench.put()
    bench.live("s1", "s2")
    bench.ask(0, "s1", Claim(1, first_turn(1)))
    bench.ask(0, "s2", Claim(1, first_turn(1)))
    bench.execute(1)
    claim = Claim(1, first_turn(2))
    assert messages(bench.replies(3, "s1", claim)) == [("s2", 1, 2)]
    assert bench.kinds(events.Reclaimed) == [events.Reclaimed(NOW + 3, 1, "s1", 1, 1)]
