"""A store whose clock was a day ahead goes on when it is corrected: in memory, and on Redis."""

from typing import Any

import pytest

from gnomon.reference import events
from gnomon.reference.schedule.clock import DAY, SECOND
from gnomon.reference.store.administration import JobByName, Overview, RunsOf
from gnomon.reference.store.kept_messages import MessageById, Messages
from gnomon.reference.store.messages import Profile
from gnomon.reference.store.operations import (
    OPERATOR,
    Assignment,
    Campaign,
    Changes,
    Claim,
    Entry,
    Execute,
    Heartbeat,
    Jobs,
    Join,
    Operation,
    Publish,
    PutJob,
    Reclaim,
    first_turn,
)
from tests.support.arms import Arms
from tests.support.strategies import a_job

NOW = 1_767_614_400 * SECOND
LEASE = 10 * SECOND
QUESTIONS = (
    Changes(0),
    JobByName("a"),
    Jobs(("a",)),
    MessageById(1),
    Messages("dead"),
    Overview(),
    RunsOf("a"),
)


@pytest.mark.parametrize("profile", ["durable", "classic"])
def test_what_was_published_ahead_is_due_again(
    profile: Profile, clock: Any, real_server: Any
) -> None:
    arms = Arms(profile, clock, real_server.client())
    ticking = a_job("tick", job_type="interval_based", start_date=NOW, seconds=1)
    arms.apply(NOW, "s1", Campaign(LEASE))
    arms.apply(NOW, "s2", Heartbeat(LEASE))
    arms.apply(NOW, "s1", PutJob("tick", ticking))

    ahead = NOW + DAY
    lease: Any = arms.ask(ahead, "s1", Campaign(LEASE))
    assert lease.epoch == 2  # the first has run out
    entry = Entry("tick", 1, NOW, ahead, False, "K1")
    arms.apply(ahead, "s1", Publish(2, (entry,), ahead + SECOND))

    corrected = NOW + 15 * SECOND
    stale = Entry("tick", 1, ahead + 1, ahead + SECOND, False, "K2")
    refused: Any = arms.ask(corrected, "s1", Publish(2, (stale,), ahead + SECOND))
    assert refused.refusals == ("deposed",)
    (at,) = (e.at for e in arms.events[0] if type(e) is events.ClockSetBack and e.was == ahead)
    assert at == corrected
    overview: Any = arms.ask(corrected, OPERATOR, Overview())
    assert overview.lease.leader is None and overview.waiting == 1
    again: Any = arms.ask(corrected, "s2", Campaign(LEASE))
    assert (again.server, again.epoch, again.now) == ("s2", 3, corrected)
    listed: Any = arms.ask(corrected, "s2", Jobs(("tick",)))
    assert listed.jobs[0].cursor == corrected and listed.jobs[0].published == 1


def test_nothing_lives_longer_than_if_it_were_new(clock: Any, real_server: Any) -> None:
    arms = Arms("classic", clock, real_server.client())
    arms.apply(NOW, "s1", Campaign(LEASE))
    arms.apply(NOW, "s1", PutJob("a", a_job("a", start_date=NOW + 9 * DAY)))
    arms.apply(NOW + DAY, "s1", Heartbeat(LEASE))
    arms.apply(NOW + DAY, "s1", Execute("a", 1, "K1"))
    arms.apply(NOW, "s2", Campaign(LEASE))
    arms.apply(NOW + 15 * SECOND - 1, "s2", Reclaim())
    assert not [event for event in arms.events[0] if type(event) is events.Expired]
    arms.apply(NOW + 15 * SECOND, "s2", Reclaim())
    assert [event.at for event in arms.events[0] if type(event) is events.Expired] == [
        NOW + 15 * SECOND
    ]


def test_a_step_back_of_no_more_than_a_lease_is_waited_out(clock: Any, real_server: Any) -> None:
    arms = Arms("durable", clock, real_server.client())
    arms.apply(NOW, "s1", Campaign(LEASE))
    for back in (LEASE, 1, 0):
        reply: Any = arms.ask(NOW - back, "s2", Campaign(LEASE))
        assert (reply.now, reply.server) == (NOW, "s1")
    assert not [event for event in arms.events[0] if type(event) is events.ClockSetBack]


def test_a_reclaimed_message_is_claimed_by_a_clock_before_its_first_claim(
    clock: Any, real_server: Any
) -> None:
    """How long it has been pending is negative then."""
    arms = Arms("durable", clock, real_server.client())
    arms.apply(NOW, "s2", Campaign(LEASE))
    arms.apply(NOW, OPERATOR, PutJob("a", a_job("a")))
    arms.apply(NOW, OPERATOR, Execute("a", 1, "K1"))
    arms.apply(NOW + DAY, "s1", Join(1, LEASE))
    arms.apply(NOW + DAY, "s1", Claim(1, first_turn(1)))
    arms.apply(NOW + DAY, "s1", Join(2, LEASE))
    again = arms.ask(NOW, "s1", Claim(1, first_turn(2)))
    assert isinstance(again, Assignment) and (again.message.id, again.attempt) == (1, 2)


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: type(question).__name__)
def test_the_instant_of_a_question_is_not_kept(
    question: Operation, clock: Any, real_server: Any
) -> None:
    arms = Arms("durable", clock, real_server.client())
    arms.apply(NOW, "s1", Campaign(LEASE))
    arms.apply(NOW + DAY, OPERATOR, question)
    again: Any = arms.ask(NOW + 1, "s2", Campaign(LEASE))
    assert (again.now, again.server) == (NOW + 1, "s1")
    assert not [event for event in arms.events[0] if type(event) is events.ClockSetBack]


def test_a_message_lives_by_the_time_of_the_store(clock: Any, real_server: Any) -> None:
    """DLV-3: while the server's clock is behind that, the key of the message must not expire."""
    arms = Arms("classic", clock, real_server.client())
    arms.apply(NOW, "s1", Campaign(LEASE))
    arms.apply(NOW, "s1", PutJob("a", a_job("a")))
    arms.apply(NOW, "s1", Join(1, 60 * SECOND))
    arms.ask(NOW - LEASE, OPERATOR, Execute("a", 1, "K1"))
    given = arms.ask(NOW + 14 * SECOND, "s1", Claim(1, first_turn(1)))
    assert isinstance(given, Assignment)
