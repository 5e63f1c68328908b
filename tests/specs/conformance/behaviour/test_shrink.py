"""A suspect becomes the smallest scenario that still shows it."""

from hypothesis import given

from gnomon.specs.conformance.behaviour.knobs import Behaviour
from gnomon.specs.conformance.behaviour.model import predict
from gnomon.specs.conformance.behaviour.shrink import MOST_RUNS, is_well_formed, shrink
from gnomon.specs.conformance.tick.scenarios import (
    Advance,
    Restart,
    Scenario,
    Step,
    read_group,
    read_scenarios,
    write_group,
)
from tests.specs.conformance.behaviour.drawn import scenarios

SCENARIOS = {scenario.id: scenario for scenario in read_scenarios()}


def test_a_hundred_jobs_become_one() -> None:
    def differs(scenario: Scenario) -> bool:
        other = Behaviour(restart_interval="at-once")
        return predict(scenario).firings != predict(scenario, other).firings

    smallest = shrink(SCENARIOS["together/a-hundred-missed"], differs)
    assert differs(smallest)
    assert len(smallest.actions) == 3
    assert any(isinstance(action, Restart) for action in smallest.actions)


def test_what_is_not_needed_is_left_out() -> None:
    def differs(scenario: Scenario) -> bool:
        return any(isinstance(action, Step) and action.by < 0 for action in scenario.actions)

    smallest = shrink(SCENARIOS["clock/interval-back"], differs)
    assert [type(action).__name__ for action in smallest.actions] == ["Create", "Step", "Advance"]
    assert smallest.actions[1] == Step(-1)


def test_the_number_of_runs_is_limited() -> None:
    asked = 0

    def differs(scenario: Scenario) -> bool:
        nonlocal asked
        asked += 1
        return asked % 3 == 0

    shrink(SCENARIOS["together/a-hundred"], differs)
    assert asked <= MOST_RUNS


def test_each_scenario_is_well_formed() -> None:
    assert all(is_well_formed(scenario.actions) for scenario in SCENARIOS.values())
    assert not is_well_formed((Advance(1),))


@given(scenarios())
def test_a_drawn_scenario_is_well_formed_and_can_be_written(scenario: Scenario) -> None:
    assert is_well_formed(scenario.actions)
    assert read_group("drawn", write_group([scenario])) == (scenario,)


def test_all_scenarios_can_be_written() -> None:
    for scenario in SCENARIOS.values():
        group = scenario.id.partition("/")[0]
        assert read_group(group, write_group([scenario])) == (scenario,)
