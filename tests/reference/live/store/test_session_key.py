"""Three stores agree on the secret that signs sessions, and on which have ended (ADMIN-5)."""

from typing import Any

import pytest

from gnomon.reference.schedule.clock import SECOND, read_instant
from gnomon.reference.store.administration import (
    AgreeSessionKey,
    CheckSession,
    EndSession,
    SessionKey,
    SessionState,
)
from gnomon.reference.store.messages import Profile
from gnomon.reference.store.operations import OPERATOR
from tests.support.arms import Arms

NOW = read_instant("2026-01-31T12:00:00Z")


@pytest.mark.parametrize("profile", ["durable", "classic"])
def test_the_first_offer_stays(profile: Profile, clock: Any, real_server: Any) -> None:
    arms = Arms(profile, clock, real_server.client())
    for now, offered in ((NOW, 'one "\\é'), (NOW + SECOND, "two"), (NOW + SECOND, "three")):
        operation = AgreeSessionKey(offered)
        deliveries = arms.apply(now, "operator", operation)
        assert deliveries == [("operator", operation, SessionKey(now, 'one "\\é'))]


def test_a_session_that_was_ended_stays_ended_and_is_forgotten_after_its_time(arms: Arms) -> None:
    def has_ended(now: int, session: str) -> bool:
        reply = arms.ask(now, OPERATOR, CheckSession(session))
        assert isinstance(reply, SessionState)
        return reply.has_ended

    assert not has_ended(NOW, "a")
    arms.ask(NOW, OPERATOR, EndSession("a", SECOND))
    arms.ask(NOW, OPERATOR, EndSession("b", 2 * SECOND))
    assert has_ended(NOW, "a")
    assert not has_ended(NOW, "A")
    arms.ask(NOW + SECOND, OPERATOR, EndSession("c", 2 * SECOND))
    assert [has_ended(NOW + SECOND, session) for session in "abc"] == [False, True, True]
