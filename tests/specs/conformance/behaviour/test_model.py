"""The model of behaviour: at the defaults it is the reference."""

import pytest
from hypothesis import given

from gnomon.specs.conformance.behaviour.knobs import Behaviour
from gnomon.specs.conformance.behaviour.matching import differences
from gnomon.specs.conformance.behaviour.model import predict
from gnomon.specs.conformance.tick.scenarios import Scenario, read_scenarios
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
