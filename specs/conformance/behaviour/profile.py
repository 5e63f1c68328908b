"""The profile of an adapter: knobs of its dialect and of its behaviour, in one flat table.

The one idea: no name is a knob of both, so that whoever declares a profile need not know of which
model a knob is.
"""

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from gnomon.specs.conformance.behaviour.knobs import DEFAULT as DEFAULT_BEHAVIOUR
from gnomon.specs.conformance.behaviour.knobs import KNOBS as BEHAVIOUR_KNOBS
from gnomon.specs.conformance.behaviour.knobs import Behaviour
from gnomon.specs.conformance.dialects.knobs import DEFAULT as DEFAULT_DIALECT
from gnomon.specs.conformance.dialects.knobs import KNOBS as DIALECT_KNOBS
from gnomon.specs.conformance.dialects.knobs import Dialect, ProfileError

KNOBS: dict[str, tuple[str, ...]] = {**DIALECT_KNOBS, **BEHAVIOUR_KNOBS}
"""Every knob with its values, the default first."""
OF_CLUSTER = "cluster_"
"""The names of the knobs of level cluster begin so; they are not read here."""


class Settings(NamedTuple):
    """The settings of both models."""

    dialect: Dialect = DEFAULT_DIALECT
    behaviour: Behaviour = DEFAULT_BEHAVIOUR


def settings_of(profile: Mapping[str, str]) -> Settings:
    """The settings with the knobs of `profile`, all others at their defaults. Raises ProfileError.

    >>> settings_of({"gap": "shifted", "anchor": "creation"}).behaviour.anchor
    'creation'
    """
    faults = []
    own = {knob: value for knob, value in profile.items() if not knob.startswith(OF_CLUSTER)}
    for knob, value in own.items():
        if knob not in KNOBS:
            faults.append(f"{knob!r} is not a knob; the knobs are {', '.join(KNOBS)}")
        elif value not in KNOBS[knob]:
            faults.append(f"{knob}: {value!r} is not a value; allowed are {', '.join(KNOBS[knob])}")
    if faults:
        raise ProfileError("; ".join(faults))
    return Settings(
        msgspec.convert({k: v for k, v in own.items() if k in DIALECT_KNOBS}, Dialect),
        msgspec.convert({k: v for k, v in own.items() if k in BEHAVIOUR_KNOBS}, Behaviour),
    )


def profile_of(settings: Settings) -> dict[str, str]:
    """The knobs that are not at their defaults.

    >>> profile_of(Settings(behaviour=Behaviour(catch_up="all")))
    {'catch_up': 'all'}
    """
    found = {
        **msgspec.structs.asdict(settings.dialect),
        **msgspec.structs.asdict(settings.behaviour),
    }
    return {knob: value for knob, value in found.items() if value != KNOBS[knob][0]}
