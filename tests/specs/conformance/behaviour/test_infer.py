"""Inference: the knobs of a scheduler are found from what it did."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gnomon.specs.conformance.behaviour.infer import infer, informative
from gnomon.specs.conformance.behaviour.knobs import KNOBS, Behaviour
from gnomon.specs.conformance.behaviour.matching import explains
from gnomon.specs.conformance.behaviour.model import predict
from gnomon.specs.conformance.behaviour.profile import Settings, profile_of, settings_of
from gnomon.specs.conformance.behaviour.relevance import relevant_knobs
from gnomon.specs.conformance.protocol import Done, Fired, Firing, Refused, Reply, Unsupported
from gnomon.specs.conformance.tick.observation import Observation
from gnomon.specs.conformance.tick.scenarios import Advance, Scenario, read_scenarios
from tests.specs.conformance.behaviour.drawn import scenarios
from tests.specs.conformance.behaviour.in_process import INTRODUCTION
from tests.specs.conformance.behaviour.test_peers import PROFILES

SCENARIOS = read_scenarios()


def behaviours() -> st.SearchStrategy[Behaviour]:
    return st.builds(Behaviour, **{knob: st.sampled_from(values) for knob, values in KNOBS.items()})


def observed(scenario: Scenario, settings: Settings) -> Observation:
    """What a scheduler that is exactly as the settings say does in a scenario."""
    prediction = predict(scenario, settings.behaviour, settings.dialect)
    replies: list[Reply] = []
    reported = 0
    for action, count in zip(scenario.actions, prediction.counts, strict=False):
        if isinstance(action, Advance):
            replies.append(Fired(1, prediction.firings[reported:count]))
            reported = count
        else:
            replies.append(Done(1, True))
    if prediction.refused is not None:
        replies.append(Refused(1, "no"))
    return Observation(scenario, INTRODUCTION, Done(1, True), tuple(replies))


@given(scenarios(), behaviours())
def test_other_knobs_than_the_relevant_ones_make_no_difference(
    scenario: Scenario, behaviour: Behaviour
) -> None:
    relevant = {knob: getattr(behaviour, knob) for knob in relevant_knobs(scenario)}
    assert predict(scenario, behaviour) == predict(scenario, Behaviour(**relevant))


@pytest.mark.parametrize("peer", ["celery", "croner"])
def test_the_profile_of_a_scheduler_is_found(peer: str) -> None:
    settings = settings_of(PROFILES[peer])
    seen = [observed(scenario, settings) for scenario in SCENARIOS]
    found = infer(seen, zones=True)
    assert found.explained == len(SCENARIOS)
    assert profile_of(found.settings) == PROFILES[peer]
    assert found.gains.keys() == PROFILES[peer].keys()


def test_what_no_knob_explains_leaves_the_defaults() -> None:
    seen = [observed(scenario, Settings()) for scenario in SCENARIOS[:8]]
    first = seen[0]
    foreign = Fired(1, (Firing("a", "2026-01-01T00:00:00Z"),))
    seen[0] = msgspec.structs.replace(first, replies=(*first.replies[:-1], foreign))
    found = infer(seen)
    assert profile_of(found.settings) == {}
    assert found.explained == len(seen) - 1


def test_what_a_scheduler_has_not_tells_nothing() -> None:
    scenario = SCENARIOS[0]
    lacking = Observation(scenario, INTRODUCTION, Done(1, True), (Unsupported(1, "cron"),))
    closed = Observation(scenario, INTRODUCTION, Unsupported(1, "open"), ())
    seen = observed(scenario, Settings())
    assert informative([lacking, closed, seen]) == [seen]
    assert explains(predict(scenario), seen)
