"""Stand-ins: services that take time and raise what they are told to, and do nothing else.

The one idea: a stand-in is a real `Service`, invoked by the real `Invocation`; only its work is
replaced by the virtual time that it takes.
"""

import logging
from collections.abc import Callable
from typing import Any

from gnomon.reference.service import Service
from gnomon.simulator.world.random import Chance, Draw
from gnomon.specs.recording.model import ServiceSpec

_quiet = logging.getLogger("gnomon.simulated")
_quiet.addHandler(logging.NullHandler())
_quiet.propagate = False


IMPL_MODULE = "simulator.standins"
"""The module that the `impl_name` of a simulated service names (RUN-3).

It stands in every history, whose bytes must not change when a file of ours moves (HIST-3).
"""


class StandIn(Service):
    """A service that takes `duration` of virtual time."""

    logger = _quiet
    duration: Draw


class Raised(Exception):
    """What a stand-in raises when its recording says so."""


def stand_in(spec: ServiceSpec, chance: Chance) -> type[StandIn]:
    """The stand-in for a service of a recording."""
    members: dict[str, Any] = {
        "__module__": IMPL_MODULE,
        "name": spec.name,
        "duration": staticmethod(chance.durations(spec.duration, f"service {spec.name}")),
        **{method: _raiser(text) for method, text in spec.raises.items()},
    }
    return type("StandIn", (StandIn,), members)


def _raiser(text: str) -> Callable[[Service], None]:
    def method(_: Service) -> None:
        raise Raised(text)

    return method
