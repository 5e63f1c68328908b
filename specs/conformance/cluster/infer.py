"""Finds the behaviour of level cluster that explains the most of what was seen of a scheduler.

The one idea: knob by knob, as for dialects; a result is explained if it holds, or differs as
declared. The time of a takeover is no choice among values: it is the longest that was seen.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

from gnomon.reference.schedule.clock import MILLISECOND, SECOND
from gnomon.specs.conformance.cluster.behaviour import DEFAULT, KNOBS, PREFIX, Behaviour
from gnomon.specs.conformance.cluster.judging import judge
from gnomon.specs.conformance.cluster.observation import Observation
from gnomon.specs.conformance.cluster.slots import SLACK, Slots
from gnomon.specs.conformance.judging import Result

STEP: Final = SECOND // 2
"""A takeover is rounded up to a multiple of this (µs)."""
_EXPLAINED: Final = ("holds", "differs as declared")
_SILENT: Final = ("not observable", "not exercised")


class Inferred(NamedTuple):
    """A behaviour, and how much it explains.

    `explained` of `judged` results are; `gains` is how many each knob adds to the others, and
    `left` are the results that are not explained.
    """

    behaviour: Behaviour
    explained: int
    judged: int
    gains: dict[str, int]
    left: list[Result]


def infer(observations: Sequence[Observation]) -> Inferred:
    """The behaviour that explains the most results; ties keep the default."""
    behaviour, best = DEFAULT, _explained(observations, DEFAULT)
    for candidate in _candidates(observations):
        changed = msgspec.structs.replace(behaviour, **candidate)
        found = _explained(observations, changed)
        if found > best:
            behaviour, best = changed, found
    gains = {}
    for knob in Behaviour.__struct_fields__:
        default = {knob: getattr(DEFAULT, knob)}
        if getattr(behaviour, knob) != default[knob]:
            without = msgspec.structs.replace(behaviour, **default)
            gains[f"{PREFIX}{knob}"] = best - _explained(observations, without)
    results = [
        one
        for one in _results(observations, behaviour)
        if one.verdict not in _SILENT and one.verdict not in _EXPLAINED
    ]
    return Inferred(behaviour, best, best + len(results), gains, results)


def profile_of(behaviour: Behaviour) -> dict[str, str]:
    """The knobs that are not at their defaults, by their names in a profile.

    >>> profile_of(Behaviour(cron_missed="none"))
    {'cluster_cron_missed': 'none'}
    """
    found = msgspec.structs.asdict(behaviour)
    return {
        f"{PREFIX}{knob}": value for knob, value in found.items() if value != getattr(DEFAULT, knob)
    }


def takeover(observations: Sequence[Observation]) -> str | None:
    """The longest takeover after a kill or a pause that was seen to end; None if there is none."""
    longest = 0
    for slots in map(Slots, observations):
        harm = slots.succession()
        if harm is None or harm.kind == "stopping":
            continue
        resumed = (one.at for one in slots.observation.events if one.kind == "resumed")
        later = slots.fired_in(harm.at, next(resumed, slots.observation.ended))
        if later:
            longest = max(longest, later[0] - harm.at - SLACK, STEP)
    return f"{-(-longest // STEP) * STEP // MILLISECOND}ms" if longest else None


def _candidates(observations: Sequence[Observation]) -> list[dict[str, str]]:
    """What is tried, one after the other: no knob hides the effect of another one."""
    candidates = [
        {knob.removeprefix(PREFIX): value} for knob, values in KNOBS.items() for value in values[1:]
    ]
    if (longest := takeover(observations)) is not None:
        candidates.append({"takeover": longest})
    return candidates


def _results(observations: Sequence[Observation], behaviour: Behaviour) -> list[Result]:
    return [result for one in observations for result in judge(one, behaviour)]


def _explained(observations: Sequence[Observation], behaviour: Behaviour) -> int:
    return sum(one.verdict in _EXPLAINED for one in _results(observations, behaviour))
