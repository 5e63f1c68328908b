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
from gnomon.specs.recording.values import Plain


def consistent(recording: Recording) -> Recording:
    """`recording` without commands for what is gone, and with services that exist.

    A service without a name, which is refused when the job is created, stays: it is meant.
    """
    services = [service.name for service in recording.services]
    commands = [_served(command, services) for command in recording.commands]
    kept = [command for command in commands if services or not _service_of(command)]
    created = {command.job for command in kept if isinstance(command, Create)}
    jobs = {job.id for job in recording.jobs} | created
    servers = recording.cluster.server_names

    def has_target(command: Command) -> bool:
        if isinstance(command, JobCommand):
            return command.job in jobs
        return not isinstance(command, ServerCommand) or command.server in servers

    return replace(
        recording,
        services=tuple(_on_servers(service, servers) for service in recording.services),
        commands=tuple(filter(has_target, kept)),
        jobs=tuple(
            job
            if job.definition.service in services
            else replace(job, definition=replace(job.definition, service=services[0]))
            for job in recording.jobs
        ),
    )


def _service_of(command: Command) -> Plain | None:
    """The service that a command gives a job, if it names one."""
    return command.set.get("service") if isinstance(command, Create | Edit) else None


def _served(command: Command, services: list[str]) -> Command:
    """`command` with services that exist, if any do."""
    if isinstance(command, StartServer) and command.lacks is not None:
        return replace(command, lacks=tuple(name for name in command.lacks if name in services))
    named = _service_of(command)
    if not (isinstance(command, Create | Edit) and named and services) or named in services:
        return command
    return replace(command, set=command.set | {"service": services[0]})


def _on_servers(service: ServiceSpec, servers: tuple[str, ...]) -> ServiceSpec:
    """The service, deployed on none but these servers."""
    if not service.deployed_on:
        return service
    return replace(service, deployed_on=tuple(s for s in service.deployed_on if s in servers))
