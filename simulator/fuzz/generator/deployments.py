"""Deployments in a drawn recording: servers that lack a service which others have (DLV-7).

The one idea: they are drawn last and apart, so that other recordings stay what they were. A service
that few servers have takes longer to work off, so the quiet end is longer too.
"""

from msgspec.structs import replace

from gnomon.simulator.fuzz.generator.choices import Choices
from gnomon.simulator.fuzz.generator.scenario import SERVICES, Scenario
from gnomon.specs.recording.commands import Command, StartServer
from gnomon.specs.recording.model import Recording, ServiceSpec

PER_CENT = 10
"""The share of recordings in which servers have different services."""


def with_deployments(choices: Choices, scenario: Scenario, recording: Recording) -> Recording:
    """The `recording`, in some cases with services that not all servers have, or not always."""
    servers = scenario.cluster.server_names
    if len(servers) == 1 or not choices.happens(PER_CENT):
        return recording
    services = tuple(_deployed(choices, servers, service) for service in recording.services)
    commands = tuple(_restarted(choices, services, command) for command in recording.commands)
    quiet = recording.until - scenario.phase.end
    until = scenario.phase.end + len(servers) * quiet
    return replace(recording, services=services, commands=commands, until=until)


def _deployed(choices: Choices, servers: tuple[str, ...], service: ServiceSpec) -> ServiceSpec:
    """The service, perhaps on some of the servers only."""
    if service.name not in SERVICES or not choices.happens(60):
        return service
    first, count = choices.whole(0, len(servers) - 1), choices.whole(1, len(servers) - 1)
    some = {servers[(first + number) % len(servers)] for number in range(count)}
    return replace(service, deployed_on=tuple(sorted(some)))


def _restarted(choices: Choices, services: tuple[ServiceSpec, ...], command: Command) -> Command:
    """The command; a start of a server may change what the server lacks."""
    if not isinstance(command, StartServer) or not choices.happens(40):
        return command
    lacks = tuple(service.name for service in services if choices.happens(30))
    return replace(command, lacks=lacks)
