"""The model of behaviour: at the defaults it is the reference."""

import msgspec
import pytest
from hypothesis import given

from gnomon.specs.conformance.behaviour.knobs import Behaviour
from gnomon.specs.conformance.behaviour.matching import differences
from gnomon.specs.conformance.behaviour.model import predict
from gnomon.specs.conformance.protocol import Job
from gnomon.specs.conformance.tick.scenarios import (
    Action,
    Advance,
    Create,
    Edit,
    Pause,
    Restart,
    Resume,
    Scenario,
    read_scenarios,
)
from tests.specs.conformance.behaviour.drawn import scenarios
from tests.specs.conformance.behaviour.in_process import observe

SCENARIOS = read_scenarios()
OURS = Behaviour(clock_back="repeats-if-large")
"""What the reference's adapter declares."""


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.id)
def test_at_the_defaults_the_model_is_the_reference(scenario: Scenario) -> None:
    assert differences(predict(scenario, OURS), observe(scenario)) == ()


@given(scenarios())
def test_it_is_so_in_drawn_scenarios(scenario: Scenario) -> None:
    assert differences(predict(scenario, OURS), observe(scenario)) == ()


MINUTES = Create(Job("a", cron="* * * * *"))
MINUTES_OF_B = Create(Job("b", cron="* * * * *"))
FIFTHS = Create(Job("a", cron="*/5 * * * *"))


@pytest.mark.parametrize(
    ("knobs", "actions", "times"),
    [
        ({}, (MINUTES, Advance(100)), ["00:03:00", "00:04:00"]),
        (
            {"first_cron": "present-minute"},
            (MINUTES, Advance(100)),
            ["00:02:50", "00:03:00", "00:04:00"],
        ),
        (
            {"first_cron": "present-minute", "minute_matching": "yes"},
            (MINUTES, Advance(100)),
            ["00:02:50", "00:03:00", "00:04:00"],
        ),
        ({"first_cron": "present-minute"}, (FIFTHS, Advance(200)), ["00:05:00"]),
        ({"first_cron": "latest-10min"}, (FIFTHS, Advance(200)), ["00:02:50", "00:05:00"]),
        (
            {"first_cron": "latest-10min"},
            (Create(Job("a", cron="50 23 * * *")), Advance(200)),
            [],  # 12 minutes and 50 seconds ago
        ),
        (
            {"first_cron": "present-minute-55s", "minute_matching": "yes"},
            (MINUTES, Advance(20), Restart(how="kill", down=47), Advance(50)),
            ["00:02:50", "00:03:00", "00:04:00"],  # started again at 00:03:57
        ),
        (
            {"restart_cron": "latest-10min"},
            (FIFTHS, Advance(140), Restart(how="kill", down=610), Advance(290)),
            ["00:05:00", "00:15:20", "00:20:00"],
        ),
        (
            {"restart_cron": "latest-10min"},
            (FIFTHS, Advance(140), Restart(how="kill", down=60), Advance(240)),
            ["00:05:00", "00:10:00"],  # it had run before the restart
        ),
        (
            {"resume_cron": "latest-10min"},
            (FIFTHS, Pause("a"), Advance(140), Resume("a"), Advance(290)),
            ["00:05:10", "00:10:00"],
        ),
        (
            {"polling": "cron-60s"},
            (MINUTES, Create(Job("b", at="2026-01-05T00:03:10Z")), Advance(70)),
            ["00:03:10", "00:03:50"],
        ),
        (
            {"polling": "60s", "changes": "restart"},
            (MINUTES, Advance(30), Create(Job("b", cron="0 0 1 1 *")), Advance(70)),
            ["00:03:20", "00:04:20"],  # and not at second 50, at which the first process began
        ),
        (
            {"polling": "60s"},
            (MINUTES, Advance(30), Create(Job("b", cron="0 0 1 1 *")), Advance(70)),
            ["00:03:50"],
        ),
        (
            {"polling": "changes-5s", "edit_cron": "caught-up"},
            (FIFTHS, Advance(187), Edit(Job("a", cron="* * * * *")), Advance(60)),
            ["00:05:00", "00:06:00"],
        ),
        (
            {"polling": "changes-5s", "edit_cron": "caught-up"},
            (FIFTHS, Advance(197), Edit(Job("a", cron="* * * * *")), Advance(60)),
            ["00:05:00", "00:06:10", "00:07:00"],  # edited at 00:06:07
        ),
        (
            {"pause": "ends"},
            (MINUTES, Pause("a"), Advance(80), Restart(how="kill", down=20), Advance(60)),
            ["00:04:30", "00:05:00"],  # what it missed is caught up
        ),
        (
            {"overlap": "blocks-and-counts"},
            (Create(Job("a", cron="* * * * *", takes=75)), Advance(250)),
            ["00:03:00", "00:05:00", "00:07:00"],
        ),
        (
            {"overlap": "blocks"},
            (Create(Job("a", cron="* * * * *", takes=75)), Advance(250)),
            ["00:03:00", "00:04:15", "00:05:30", "00:06:45"],
        ),
        (
            {"overlap": "blocks"},
            (Create(Job("a", cron="* * * * *", takes=15)), MINUTES_OF_B, Advance(30)),
            ["00:03:00", "00:03:15"],
        ),
    ],
)
def test_a_value(knobs: dict[str, str], actions: tuple[Action, ...], times: list[str]) -> None:
    scenario = Scenario("", "", (), "2026-01-05T00:02:50Z", actions)
    found = predict(scenario, msgspec.convert(knobs, Behaviour)).firings
    assert [firing.at[11:19] for firing in found] == times
