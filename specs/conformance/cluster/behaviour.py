"""The knobs of level cluster: how schedulers differ when several instances run, or one dies.

The one idea: a knob is a setting of the expectations in ``judging``, and not prose. A scheduler
*differs as declared* if it does what they say under the knobs that its adapter declares.
"""

from collections.abc import Mapping
from typing import Annotated, Literal, get_args

import msgspec
from msgspec import Meta

from gnomon.reference.schedule.clock import read_duration
from gnomon.specs.conformance.dialects.knobs import ProfileError

PREFIX = "cluster_"
"""Begins the names of these knobs in a profile, which also has those of the other levels."""

Missed = Literal["latest", "all", "none"]


class Behaviour(msgspec.Struct, frozen=True, kw_only=True):
    """One value for each knob. The first value of a knob is the default, and ours."""

    instances: Annotated[
        Literal["one-leads", "each-runs-all"],
        Meta(
            description="Several instances at once: one of them leads; or each of them runs every "
            "occurrence, and only one may be started."
        ),
    ] = "one-leads"
    interval_missed: Annotated[
        Missed,
        Meta(
            description="Occurrences of an interval job that were due while no instance lived: the "
            "next one runs the latest of them, all of them, or none."
        ),
    ] = "latest"
    cron_missed: Annotated[Missed, Meta(description="The same of a cron job.")] = "latest"
    interval_grid: Annotated[
        Literal["kept", "from-the-restart"],
        Meta(description="The instants of an interval job after the only instance was replaced."),
    ] = "kept"
    takeover: Annotated[
        str,
        Meta(
            description="Longest time from the death of the active instance until another one acts "
            "in its place, such as 5s; empty if none is promised."
        ),
    ] = ""

    @property
    def longest_takeover(self) -> int | None:
        """The longest time of a takeover (µs); None if none is promised."""
        return read_duration(self.takeover) if self.takeover else None


DEFAULT = Behaviour()


def values_of(knob: str) -> tuple[str, ...]:
    """The values of a knob, the default first; empty for `takeover`."""
    return get_args(get_args(Behaviour.__annotations__[knob])[0])


KNOBS: dict[str, tuple[str, ...]] = {
    f"{PREFIX}{name}": values_of(name) for name in Behaviour.__struct_fields__
}
"""Every knob by its name in a profile, with its values, the default first."""


def behaviour_of(profile: Mapping[str, str]) -> Behaviour:
    """The behaviour with the knobs of `profile`; knobs of other levels are ignored.

    Raises ProfileError for a knob of this level or a value that does not exist.

    >>> behaviour_of({"cluster_instances": "each-runs-all", "gap": "shifted"}).instances
    'each-runs-all'
    """
    given = {knob: value for knob, value in profile.items() if knob.startswith(PREFIX)}
    faults = []
    for knob, value in given.items():
        if knob not in KNOBS:
            faults.append(f"{knob!r} is not a knob; the knobs are {', '.join(KNOBS)}")
        elif KNOBS[knob] and value not in KNOBS[knob]:
            faults.append(f"{knob}: {value!r} is not a value; allowed are {', '.join(KNOBS[knob])}")
        elif not KNOBS[knob]:
            faults += _duration_faults(knob, value)
    if faults:
        raise ProfileError("; ".join(faults))
    return msgspec.convert(
        {knob.removeprefix(PREFIX): value for knob, value in given.items()}, Behaviour
    )


def _duration_faults(knob: str, value: str) -> list[str]:
    try:
        read_duration(value)
    except ValueError as error:
        return [f"{knob}: {error}"]
    return []
