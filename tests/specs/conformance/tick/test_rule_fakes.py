"""Each fake breaks one rule, and is blamed for that one and no other."""

import sys

import pytest

from gnomon.specs.conformance.behaviour.profile import settings_of
from gnomon.specs.conformance.judging import SUSPECT_VERDICTS
from gnomon.specs.conformance.protocol import Job
from gnomon.specs.conformance.tick.judging import judge
from gnomon.specs.conformance.tick.run import run
from gnomon.specs.conformance.tick.scenarios import Advance, Create, Scenario, read_scenarios
from tests.specs.conformance.tick import rule_fakes

WAITING = Scenario(
    "test/waiting",
    "A job whose runs last longer than its interval.",
    ("OVER-1",),
    "2026-01-05T00:00:07Z",
    (Create(Job("a", every=100, takes=130)), Advance(140)),
)
SCENARIOS = {one.id: one for one in (*read_scenarios(), WAITING)}


def broken_by(fake: str, *scenarios: str) -> dict[str, str]:
    """The rules that a fake breaks, each with the verdict."""
    command = [sys.executable, rule_fakes.__file__, fake]
    found = run(command, [SCENARIOS[id] for id in scenarios])
    settings = settings_of(found.introduction.profile)
    results = [
        result
        for observation in found.observations
        for result in judge(observation, settings.behaviour, settings.dialect)
    ]
    assert {result.verdict for result in results} & {"holds", "broken"}
    return {one.rule: one.verdict for one in results if one.verdict in SUSPECT_VERDICTS}


@pytest.mark.parametrize(
    ("fake", "scenario", "rule"),
    [
        ("KnowsNoZones", "zones/gap-new-york", "FIRE-5"),
        ("CountsRepeatsAnew", "restarts/repeats", "FIRE-3"),
        ("CatchesUpWithAll", "restarts/interval-killed", "MISS-2"),
        ("Early", "calendar/either-day", "FIRE-6"),
        ("FiresAfterDelete", "changes/delete", "FIRE-7"),
        ("FiresWhilePaused", "changes/pause-interval", "FIRE-7"),
        ("ForgetsAfterAKill", "payloads/over-a-restart", "FIRE-2"),
        ("IgnoresExecute", "on-demand/interval", "FIRE-11"),
        ("MakesUpThePause", "changes/pause-interval", "FIRE-9"),
        ("MakesUpTheStart", "intervals/start-in-the-past", "FIRE-10"),
        ("ReportsNoMisfires", "restarts/interval-killed", "MISS-3"),
        ("RunsOneAtATime", "test/waiting", "OVER-1"),
        ("RunsTheOldOnceMore", "changes/edit-interval", "FIRE-8"),
        ("StripsPayloads", "payloads/white-space", "RUN-4"),
        ("Twice", "calendar/either-day", "PUB-1"),
    ],
)
def test_a_fake_breaks_one_rule_and_no_other(fake: str, scenario: str, rule: str) -> None:
    assert broken_by(fake, scenario) == {rule: "broken"}
