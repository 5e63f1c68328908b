"""Finds the behaviour that explains the most of what was seen of a scheduler.

The one idea: climb, knob by knob, from the behaviour of the specification, as for dialects. A step
up is a likeness that grows: scenarios in which more is predicted count, too, because some are only
explained by several knobs together.
"""

from collections.abc import Sequence
from itertools import product
from typing import NamedTuple

import msgspec

from gnomon.specs.conformance.behaviour.knobs import DEFAULT, KNOBS, Behaviour
from gnomon.specs.conformance.behaviour.matching import LARGEST, likeness
from gnomon.specs.conformance.behaviour.model import predict
from gnomon.specs.conformance.behaviour.profile import Settings
from gnomon.specs.conformance.behaviour.relevance import relevant_knobs
from gnomon.specs.conformance.dialects.knobs import DEFAULT as DEFAULT_DIALECT
from gnomon.specs.conformance.dialects.knobs import KNOBS as DIALECT_KNOBS
from gnomon.specs.conformance.dialects.knobs import Dialect
from gnomon.specs.conformance.protocol import Done, Fired, Refused
from gnomon.specs.conformance.tick.observation import Observation

OF_ZONES = ("gap", "fold", "real_time")
"""The knobs of a dialect that scenarios show; the others are for level next."""
_TOGETHER = (
    ("anchor", "first_firing", "edit_interval"),
    ("polling", "minute_matching"),
    ("minute_matching", "first_cron"),
    ("catch_up", "restart_interval"),
    ("clock_back", "clock_noticed"),
)
"""Knobs whose effects hide each other; their values are tried in every combination."""
_GROUPS = (
    *_TOGETHER,
    *((knob,) for knob in KNOBS if not any(knob in group for group in _TOGETHER)),
)


class Inferred(NamedTuple):
    """Settings, how many scenarios they explain, and how many each knob adds to the others."""

    settings: Settings
    explained: int
    gains: dict[str, int]


def informative(observations: Sequence[Observation]) -> list[Observation]:
    """Those in which the scheduler did something: its first job was accepted or refused."""
    return [
        one
        for one in observations
        if isinstance(one.opened, Done)
        and (not one.replies or isinstance(one.replies[0], Done | Fired | Refused))
    ]


def infer(
    observations: Sequence[Observation], dialect: Dialect = DEFAULT_DIALECT, *, zones: bool = False
) -> Inferred:
    """The settings with the greatest likeness that climbing finds; ties keep the default.

    With `zones`, the knobs of `dialect` about changes of the offset are found as well.
    """
    climb = _Climb(observations)
    groups = (*_GROUPS, OF_ZONES) if zones else _GROUPS
    settings = Settings(dialect, DEFAULT)
    best = climb.likeness(settings)
    is_better = True
    while is_better:
        is_better = False
        for group in groups:
            for candidate in _candidates(settings, group):
                found = climb.likeness(candidate)
                if found > best:
                    settings, best, is_better = candidate, found, True
    return climb.without_idle_knobs(settings, [knob for group in groups for knob in group])


class _Climb:
    """Scores settings; a scenario is predicted once for all that are alike for it."""

    def __init__(self, observations: Sequence[Observation]) -> None:
        self.observations = [(one, relevant_knobs(one.scenario)) for one in observations]
        self.found: dict[tuple[int, Dialect, Behaviour], int] = {}

    def likeness(self, settings: Settings) -> int:
        return sum(self.likenesses(settings))

    def explained(self, settings: Settings) -> int:
        return self.likenesses(settings).count(LARGEST)

    def likenesses(self, settings: Settings) -> list[int]:
        scores = []
        for number, (observation, relevant) in enumerate(self.observations):
            behaviour = _projected(settings.behaviour, relevant)
            key = (number, settings.dialect, behaviour)
            if key not in self.found:
                prediction = predict(observation.scenario, behaviour, settings.dialect)
                self.found[key] = likeness(prediction, observation)
            scores.append(self.found[key])
        return scores

    def without_idle_knobs(self, settings: Settings, knobs: Sequence[str]) -> Inferred:
        """Set each knob back without which no fewer scenarios are explained."""
        gains = {}
        for knob in knobs:
            default = (KNOBS.get(knob) or DIALECT_KNOBS[knob])[0]
            without = _with(settings, {knob: default})
            if without == settings:
                continue
            gain = self.explained(settings) - self.explained(without)
            if gain > 0:
                gains[knob] = gain
            else:
                settings = without
        return Inferred(settings, self.explained(settings), gains)


def _projected(behaviour: Behaviour, relevant: frozenset[str]) -> Behaviour:
    """`behaviour` with all other knobs at their defaults."""
    return Behaviour(**{knob: getattr(behaviour, knob) for knob in relevant})


def _candidates(settings: Settings, group: tuple[str, ...]) -> list[Settings]:
    """`settings` with every other combination of values for the knobs of a group."""
    values = (KNOBS.get(knob) or DIALECT_KNOBS[knob] for knob in group)
    candidates = (
        _with(settings, dict(zip(group, chosen, strict=True))) for chosen in product(*values)
    )
    return [candidate for candidate in candidates if candidate != settings]


def _with(settings: Settings, changed: dict[str, str]) -> Settings:
    of_behaviour = {knob: value for knob, value in changed.items() if knob in KNOBS}
    of_dialect = {knob: value for knob, value in changed.items() if knob not in KNOBS}
    return Settings(
        msgspec.structs.replace(settings.dialect, **of_dialect),
        msgspec.structs.replace(settings.behaviour, **of_behaviour),
    )
