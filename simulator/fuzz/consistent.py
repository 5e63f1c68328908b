"""A changed recording whose names are consistent again: of jobs, of servers and of services."""

from msgspec.structs import replace

from gnomon.specs.recording.commands import (
    Command,
    Create,
    Edit,
    JobCommand,
    ServerCommand,
    StartServer,
)
from gnomon.specs.recording.model import Recording, ServiceSpec


def consistent(recording: Recording) -> Recording:
    """`recording` without commands for what is gone, and with services that exist."""
    services = [service.name for service in recording.services]
    created = {command.job for command in recording.commands if isinstance(command, Create)}
    jobs = {job.id for job in recording.jobs} | created
    servers = recording.cluster.server_names

    def has_target(command: Command) -> bool:
        if not services and isinstance(command, Create | Edit) and "service" in command.set:
            return False
        if isinstance(command, JobCommand):
            return command.job in jobs
        return not isinstance(command, ServerCommand) or command.server in servers

    return replace(
        recording,
        services=tuple(_on_servers(service, servers) for service in recording.services),
        commands=tuple(_served(c, services) for c in recording.commands if has_target(c)),
        jobs=tuple(
            job
            if job.definition.service in services
            else replace(job, definition=replace(job.definition, service=services[0]))
            for job in recording.jobs
        ),
    )


def _served(command: Command, services: list[str]) -> Command:
    """`command` with services that exist."""
    if isinstance(command, StartServer) and command.lacks is not None:
        return replace(command, lacks=tuple(name for name in command.lacks if name in services))
    if not isinstance(command, Create | Edit):
        return command
    if "service" not in command.set or command.set["service"] in services:
        return command
    return replace(command, set=command.set | {"service": services[0]})


def _on_servers(service: ServiceSpec, servers: tuple[str, ...]) -> ServiceSpec:
    """The service, deployed on none but these servers."""
    if not service.deployed_on:
        return service
    return replace(service, deployed_on=tuple(s for s in service.deployed_on if s in servers))
