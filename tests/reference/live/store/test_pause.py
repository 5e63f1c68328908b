"""Three stores agree on a cluster that is paused and resumed (PAUSE-1)."""

from typing import Any

import pytest

from gnomon.reference.schedule.clock import SECOND, read_instant
from gnomon.reference.store.administration import JobsByName, Overview
from gnomon.reference.store.messages import Profile
from gnomon.reference.store.operations import (
    Campaign,
    Changes,
    Entry,
    Execute,
    Jobs,
    Publish,
    PutJob,
)
from gnomon.reference.store.pause import PauseCluster, ResumeCluster
from tests.support.arms import Arms
from tests.support.strategies import a_job

NOW = read_instant("2026-01-31T12:00:00Z")


@pytest.mark.parametrize("profile", ["durable", "classic"])
def test_three_stores_agree(profile: Profile, clock: Any, real_server: Any) -> None:
    arms = Arms(profile, clock, real_server.client())
    arms.apply(NOW, "s1", Campaign(100 * SECOND))
    arms.apply(NOW, "operator", PutJob("a", a_job("a", start_date=NOW)))
    arms.apply(NOW, "s1", Changes(1))
    due = Publish(1, (Entry("a", 1, NOW, NOW, True, "K1"),), NOW + SECOND)
    questions = (Overview(), JobsByName("", 10), Jobs(), Jobs(("a", "b")))
    for number, operation in enumerate(
        (
            ResumeCluster("anna"),
            PauseCluster('"é\\'),
            PauseCluster("bert"),
            Changes(2),
            due,
            Execute("a", 1, "K2"),
            ResumeCluster("carl"),
            due,
        )
    ):
        arms.apply(NOW, "s2" if number == 3 else "s1", operation)
        for question in questions:
            arms.apply(NOW, "operator", question)
