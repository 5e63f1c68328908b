"""The knobs: as data, distinct from those of the dialects, and each of them of use."""

import msgspec
import pytest

from gnomon.specs.conformance.behaviour.knobs import DEFAULT, KNOBS, Behaviour
from gnomon.specs.conformance.behaviour.model import predict
from gnomon.specs.conformance.behaviour.profile import Settings, profile_of, settings_of
from gnomon.specs.conformance.dialects.knobs import KNOBS as DIALECT_KNOBS
from gnomon.specs.conformance.dialects.knobs import Dialect, ProfileError
from gnomon.specs.conformance.tick.scenarios import read_scenarios

BESIDE = {"changes": {"restart_interval": "from-the-start"}}
"""Knobs that have no effect alone, with another one."""
VALUES = [(knob, value) for knob, values in KNOBS.items() for value in values[1:]]


def test_the_first_value_of_a_knob_is_the_default() -> None:
    assert msgspec.structs.asdict(DEFAULT) == {knob: values[0] for knob, values in KNOBS.items()}


def test_each_knob_has_a_sentence() -> None:
    schema = msgspec.json.schema(Behaviour)["$defs"]["Behaviour"]["properties"]
    assert all(schema[knob]["description"].endswith(".") for knob in KNOBS)


def test_no_knob_is_of_both_models() -> None:
    assert not KNOBS.keys() & DIALECT_KNOBS.keys()
    assert not [knob for knob in KNOBS if knob.startswith("cluster_")]


def test_a_profile_and_its_settings_are_the_same() -> None:
    profile = {"fold": "both", "overlap": "waits"}
    settings = settings_of(profile)
    assert settings == Settings(Dialect(fold="both"), Behaviour(overlap="waits"))
    assert profile_of(settings) == profile
    assert settings_of({"cluster_lease": "10s"}) == Settings()


def test_all_faults_of_a_profile_are_named_at_once() -> None:
    with pytest.raises(ProfileError, match=r"'mood' is not a knob.*overlap: 'no' is not a value"):
        settings_of({"mood": "good", "overlap": "no"})


@pytest.mark.parametrize(("knob", "value"), VALUES)
def test_some_scenario_tells_a_value_from_the_default(knob: str, value: str) -> None:
    beside = BESIDE.get(knob, {})
    behaviour = msgspec.convert({knob: value} | beside, Behaviour)
    without = msgspec.convert(beside, Behaviour)
    assert any(
        predict(scenario, behaviour)[:2] != predict(scenario, without)[:2]
        for scenario in read_scenarios()
    )
