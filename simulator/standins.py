"""Stand-ins: services that take time and raise what they are told to, and do nothing else.

The one idea: a stand-in is a real `Service`, invoked by the real `Invocation`; only its work is
replaced by the virtual time that it takes.
"""

import logging
from collections.abc import Callable
from typing import Any

from reference.service import Service
from simulator.chance import Chance, Draw
from specs.recording import ServiceSpec

_quiet = logging.getLogger("gnomon.simulated")
_quiet.addHandler(logging.NullHandler())
_quiet.propagate = False


class StandIn(Service):
    """A service that takes `duration` of virtual time."""

    logger = _quiet
    duration: Draw


class Raised(Exception):
    """What a stand-in raises when its recording says so."""


def stand_in(spec: ServiceSpec, chance: Chance) -> type[StandIn]:
    """The stand-in for a service of a recording."""
    members: dict[str, Any] = {
        "name": spec.name,
        "duration": staticmethod(chance.durations(spec.duration, f"service {spec.name}")),
        **{method: _raiser(text) for method, text in spec.raises.items()},
    }
    return type("StandIn", (StandIn,), members)


def _raiser(text: str) -> Callable[[Service], None]:
    def method(_: Service) -> None:
        raise Raised(text)

    return method
