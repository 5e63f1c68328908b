"""Finds the dialect that explains the most answers of a scheduler.

The one idea: climb, knob by knob, from the dialect of the specification. A knob moves only if more
answers are explained with it; those that no setting explains are the suspects.
"""

from collections.abc import Callable
from itertools import product
from typing import NamedTuple

import msgspec

from gnomon.specs.conformance.dialects.knobs import DEFAULT, KNOBS, Dialect

_TOGETHER = (
    ("gap", "fold", "real_time"),
    ("weekday_numbers", "backward_ranges", "range_to_sunday"),
)
"""Knobs whose effects hide each other; their values are tried in every combination."""
_GROUPS = (
    *_TOGETHER,
    *((knob,) for knob in KNOBS if not any(knob in group for group in _TOGETHER)),
)

Score = Callable[[Dialect], int]
"""How many answers a dialect explains."""


class Inferred(NamedTuple):
    """A dialect, how many answers it explains, and how many the knob's value adds to the others."""

    dialect: Dialect
    explained: int
    gains: dict[str, int]


def infer(score: Score) -> Inferred:
    """The dialect with the highest `score` that climbing finds; ties keep the default."""
    dialect, best = DEFAULT, score(DEFAULT)
    is_better = True
    while is_better:
        is_better = False
        for group in _GROUPS:
            for candidate in _settings(dialect, group):
                found = score(candidate)
                if found > best:
                    dialect, best, is_better = candidate, found, True
    gains = {}
    for knob, values in KNOBS.items():
        if getattr(dialect, knob) == values[0]:
            continue
        without = msgspec.structs.replace(dialect, **{knob: values[0]})
        gain = best - score(without)
        if gain > 0:
            gains[knob] = gain
        else:  # a knob that moved later explains the same answers
            dialect = without
    return Inferred(dialect, best, gains)


def _settings(dialect: Dialect, group: tuple[str, ...]) -> list[Dialect]:
    """`dialect` with every other combination of values for the knobs of a group."""
    settings = (
        msgspec.structs.replace(dialect, **dict(zip(group, values, strict=True)))
        for values in product(*(KNOBS[knob] for knob in group))
    )
    return [setting for setting in settings if setting != dialect]
