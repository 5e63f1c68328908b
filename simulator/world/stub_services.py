"""Stub services: they take virtual time, raise what the recording says, and do nothing else.

The one idea: a stub is a real `Service`, invoked by the real `Invocation`. Only its work is
replaced, by the virtual time that it takes.
"""

import logging
from collections.abc import Callable, Collection, Mapping
from typing import Any

from gnomon.reference.service import Service
from gnomon.simulator.world.random import Draw, RandomStreams
from gnomon.specs.recording.model import ServiceSpec

_silent = logging.getLogger("gnomon.simulated")
_silent.addHandler(logging.NullHandler())
_silent.propagate = False
_silent.disabled = True  # a record would take long to make, and nobody reads it


IMPL_MODULE, IMPL_CLASS = "simulator.standins", "StandIn"
"""The module and class that the `impl_name` of a simulated service names (RUN-3).

Every history contains them, and its bytes must not change when our code is renamed (HIST-3).
"""


class StubService(Service):
    """A service that takes `duration` (µs) of virtual time.

    One that `crashes_server` then ends the process of its server.
    """

    logger = _silent
    duration: Draw
    crashes_server: bool


class Raised(Exception):
    """What a stub raises when its recording says so. Histories contain the name of this class."""


def stub_service(spec: ServiceSpec, streams: RandomStreams) -> type[StubService]:
    """The stub for a service of a recording."""
    members: dict[str, Any] = {
        "__module__": IMPL_MODULE,
        "name": spec.name,
        "crashes_server": spec.crashes_server,
        "duration": staticmethod(streams.durations(spec.duration, f"service {spec.name}")),
        **{method: _raiser(text) for method, text in spec.raises.items()},
    }
    return type(IMPL_CLASS, (StubService,), members)


class Deployment:
    """Which server has which of the services of a recording."""

    def __init__(
        self, services: tuple[ServiceSpec, ...], servers: tuple[str, ...], streams: RandomStreams
    ) -> None:
        self._stubs: Mapping[str, type[StubService]] = {
            service.name: stub_service(service, streams) for service in services if service.deployed
        }
        self._lacks: dict[str, Collection[str]] = {
            server: [
                service.name
                for service in services
                if service.deployed_on and server not in service.deployed_on
            ]
            for server in servers
        }

    def services_of(
        self, server: str, lacks: Collection[str] | None
    ) -> Mapping[str, type[StubService]]:
        """The services of a server that starts, by name; None: it lacks what it lacked before."""
        if lacks is not None:
            self._lacks[server] = lacks
        missing = self._lacks[server]
        return {name: stub for name, stub in self._stubs.items() if name not in missing}


def _raiser(text: str) -> Callable[[Service], None]:
    def method(_: Service) -> None:
        raise Raised(text)

    return method
