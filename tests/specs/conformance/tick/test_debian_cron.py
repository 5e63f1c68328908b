"""Debian's cron, where it and libfaketime are installed: a real daemon keeps FIRE-5."""

import pytest

from gnomon.specs.conformance.behaviour.profile import settings_of
from gnomon.specs.conformance.shipped import NotInstalled, command_for, find
from gnomon.specs.conformance.tick.judging import judge
from gnomon.specs.conformance.tick.run import run
from gnomon.specs.conformance.tick.scenarios import read_scenarios

SCENARIOS = {one.id: one for one in read_scenarios()}


@pytest.fixture(scope="module")
def command() -> list[str]:
    try:
        return command_for(find("debian-cron"))
    except NotInstalled as error:
        pytest.skip(str(error))


def verdicts(command: list[str], scenario: str) -> dict[str, str]:
    found = run(command, [SCENARIOS[scenario]])
    (observation,) = found.observations
    settings = settings_of(found.introduction.profile)
    results = judge(observation, settings.behaviour, settings.dialect)
    return {one.rule: one.verdict for one in results}


def test_the_hour_that_a_gap_skips(command: list[str]) -> None:
    assert verdicts(command, "zones/hourly-through-a-gap")["FIRE-5"] == "holds"


def test_what_is_missed_while_the_daemon_is_down_is_not_caught_up(command: list[str]) -> None:
    found = verdicts(command, "restarts/cron-killed")
    assert found["LEAD-4"] == "differs as declared" and found["FIRE-4"] == "holds"


def test_an_edit_is_noticed_within_a_minute(command: list[str]) -> None:
    assert verdicts(command, "changes/edit-cron")["FIRE-8"] == "holds"
