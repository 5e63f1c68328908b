"""Three stores agree on the secret with which servers sign logins (ADMIN-5)."""

from typing import Any

import pytest

from gnomon.reference.schedule.clock import SECOND, read_instant
from gnomon.reference.store.administration import AgreeSessionKey, SessionKey
from gnomon.reference.store.messages import Profile
from tests.support.arms import Arms

NOW = read_instant("2026-01-31T12:00:00Z")


@pytest.mark.parametrize("profile", ["durable", "classic"])
def test_the_first_offer_stays(profile: Profile, clock: Any, real_server: Any) -> None:
    arms = Arms(profile, clock, real_server.client())
    for now, offered in ((NOW, 'one "\\é'), (NOW + SECOND, "two"), (NOW + SECOND, "three")):
        operation = AgreeSessionKey(offered)
        deliveries = arms.apply(now, "operator", operation)
        assert deliveries == [("operator", operation, SessionKey(now, 'one "\\é'))]
