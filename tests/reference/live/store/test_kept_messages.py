"""Listing, dropping and putting back messages: alike in memory and on Redis.

Also dead-lettering after the last attempt (DLV-2), from which it begins.
"""

from typing import Any

import pytest

from gnomon.reference.schedule.clock import SECOND, read_instant
from gnomon.reference.store.administration import (
    AgreeSettings,
    ClusterOverview,
    JobRuns,
    Number,
    Overview,
    RunsOf,
)
from gnomon.reference.store.kept_messages import (
    DropMessage,
    KeptMessage,
    MessageById,
    MessageList,
    Messages,
    MessagesOfJob,
    MessageState,
    PutBackMessage,
)
from gnomon.reference.store.operations import (
    OPERATOR,
    Claim,
    DeleteJob,
    Done,
    Execute,
    Join,
    PutJob,
    Reclaim,
    Refused,
    SetAside,
    first_turn,
)
from tests.support.arms import Arms
from tests.support.strategies import a_job

NOW = read_instant("2026-01-31T12:00:00Z")


@pytest.fixture(params=["durable", "classic"])
def either(request: pytest.FixtureRequest, clock: Any, real_server: Any) -> Arms:
    return Arms(request.param, clock, real_server.client())


def execute(arms: Arms, times: int = 1, job: str = "a", extra: str | None = "secret") -> None:
    arms.ask(NOW, OPERATOR, PutJob(job, a_job(job, extra=extra)))
    for number in range(times):
        arms.ask(NOW, OPERATOR, Execute(job, 1, f"K{number + 1}"))


def listed(arms: Arms, state: MessageState, after: int = 0) -> list[tuple[int, int]]:
    """The numbers of the messages in a state, and their attempts."""
    reply = arms.ask(NOW, OPERATOR, Messages(state, after))
    assert isinstance(reply, MessageList) and reply.more is None
    return [(each.id, each.attempts) for each in reply.messages]


def shown(arms: Arms, message: int) -> KeptMessage | None:
    reply = arms.ask(NOW, OPERATOR, MessageById(message))
    assert isinstance(reply, MessageList)
    return reply.messages[0] if reply.messages else None


def lose(arms: Arms, process: int) -> None:
    """A process of s1 claims a message, and dies; the next one joins."""
    arms.apply(NOW, "s1", Claim(1, first_turn(process)))
    arms.apply(NOW, "s1", Join(process + 1, 100 * SECOND))


def waiting(arms: Arms) -> tuple[int, int, int]:
    reply = arms.ask(NOW, OPERATOR, Overview())
    assert isinstance(reply, ClusterOverview)
    return reply.waiting, len(reply.held), reply.dead_lettered


def refusal(arms: Arms, operation: DropMessage | PutBackMessage) -> str:
    reply = arms.ask(NOW, OPERATOR, operation)
    assert isinstance(reply, Refused)
    return reply.why


def test_a_message_that_had_its_attempts_is_dead_and_can_be_put_back(arms: Arms) -> None:
    """It has as many attempts again, and they are counted on (DLV-2)."""
    arms.ask(NOW, "s1", AgreeSettings("durable", SECOND, 2))
    execute(arms, times=2)
    arms.apply(NOW, "s1", Join(1, 100 * SECOND))
    lose(arms, 1)
    assert listed(arms, "waiting") == [(1, 1), (2, 0)]
    lose(arms, 2)
    assert listed(arms, "waiting") == [(2, 0)] and listed(arms, "dead") == [(1, 2)]
    assert waiting(arms) == (1, 0, 1)
    found = shown(arms, 1)
    assert found is not None and found.content is not None
    assert (found.cause, found.since, found.content.payload) == ("attempts", NOW, "secret")
    assert found.why is not None and found.why.endswith("the last was s1/1")
    reply = arms.ask(NOW, OPERATOR, Messages("dead"))
    assert isinstance(reply, MessageList) and reply.messages[0].content is not None
    assert reply.messages[0].content.payload is None
    assert isinstance(arms.ask(NOW, OPERATOR, PutBackMessage(1)), Done)
    assert waiting(arms) == (2, 0, 0)
    runs = arms.ask(NOW, OPERATOR, RunsOf("a"))
    assert isinstance(runs, JobRuns) and runs.runs[1].outcome is None
    lose(arms, 3)
    assert listed(arms, "waiting") == [(1, 3), (2, 0)]
    lose(arms, 4)
    assert listed(arms, "dead") == [(1, 4)]
    assert isinstance(arms.ask(NOW, OPERATOR, DropMessage(1)), Done)
    assert waiting(arms) == (1, 0, 0) and shown(arms, 1) is None
    assert refusal(arms, PutBackMessage(1)) == "there is no message 1"


def test_a_message_put_back_wakes_a_worker_that_waits(arms: Arms) -> None:
    arms.ask(NOW, "s1", AgreeSettings("durable", SECOND, 1))
    execute(arms)
    arms.apply(NOW, "s1", Join(1, 100 * SECOND))
    lose(arms, 1)
    arms.apply(NOW, "s1", Claim(1, first_turn(2)))
    arms.apply(NOW, OPERATOR, PutBackMessage(1))
    assert listed(arms, "held") == [(1, 2)]


def test_what_waits_can_be_dropped_and_what_is_held_cannot(either: Arms) -> None:
    arms = either
    execute(arms, times=3)
    arms.apply(NOW, "s1", Join(1, 100 * SECOND))
    arms.apply(NOW, "s1", Claim(1, first_turn(1)))
    assert listed(arms, "held") == [(1, 1)] and listed(arms, "waiting", 2) == [(3, 0)]
    held = "message 1 is held by s1/1; wait until its run has ended"
    assert refusal(arms, DropMessage(1)) == refusal(arms, PutBackMessage(1)) == held
    assert refusal(arms, PutBackMessage(2)) == "message 2 waits already"
    assert isinstance(arms.ask(NOW, OPERATOR, DropMessage(2)), Done)
    arms.apply(NOW, "s1", Claim(1, first_turn(1) + 1, (1, 1)))
    assert listed(arms, "held") == [(3, 1)] and waiting(arms) == (0, 1, 0)


def test_the_waiting_messages_of_a_deleted_job_can_go_with_it(either: Arms) -> None:
    arms = either
    execute(arms, times=3)
    execute(arms, job='b ",é', extra='{"job":"a","revision":1}')
    arms.apply(NOW, "s1", Join(1, 100 * SECOND))
    arms.apply(NOW, "s1", Claim(1, first_turn(1)))
    arms.ask(NOW, OPERATOR, DeleteJob("a", 1))
    assert arms.ask(NOW, OPERATOR, MessagesOfJob("a", False)) == Number(NOW, 2)
    assert arms.ask(NOW, OPERATOR, MessagesOfJob("a", True)) == Number(NOW, 2)
    assert arms.ask(NOW, OPERATOR, MessagesOfJob("a", True)) == Number(NOW, 0)
    assert listed(arms, "waiting") == [(4, 0)]
    arms.apply(NOW, "s1", Claim(1, first_turn(1) + 1, (1, 1)))
    assert listed(arms, "held") == [(4, 1)]


def test_what_cannot_be_read_is_listed_and_cannot_be_put_back(either: Arms) -> None:
    arms = either
    execute(arms)
    arms.apply(NOW, "s1", Join(1, 100 * SECOND))
    arms.apply(NOW, "s1", Claim(1, first_turn(1)))
    arms.apply(NOW, "s1", SetAside(1, 1, 1, 'no "JSON"\n'))
    found = shown(arms, 1)
    assert found is not None and found.content is None
    assert (found.state, found.cause, found.why) == ("dead", "unreadable", 'no "JSON"\n')
    assert "it can only be dropped" in refusal(arms, PutBackMessage(1))
    assert isinstance(arms.ask(NOW, OPERATOR, DropMessage(1)), Done)
    assert listed(arms, "dead") == [] and waiting(arms) == (0, 0, 0)


def test_a_dead_message_is_not_reclaimed(arms: Arms) -> None:
    arms.ask(NOW, "s1", AgreeSettings("durable", SECOND, 1))
    execute(arms)
    arms.apply(NOW, "s1", Join(1, SECOND))
    arms.apply(NOW, "s1", Claim(1, first_turn(1)))
    arms.apply(NOW + SECOND, "s2", Reclaim())
    arms.apply(NOW + 2 * SECOND, "s2", Join(1, SECOND))
    arms.apply(NOW + 2 * SECOND, "s2", Claim(1, first_turn(1)))
    reply = arms.ask(NOW + 2 * SECOND, OPERATOR, Messages("held"))
    assert isinstance(reply, MessageList) and reply.messages == ()
