"""The quiet end of a drawn recording: a healthy core has time to do all that is due.

The servers outside the core are healthy as well, crashed for good, or cut off for good.
"""

from collections.abc import Callable, Iterator

from gnomon.simulator.fuzz.generator.scenario import Scenario
from gnomon.specs.recording.commands import (
    Command,
    CrashServer,
    Create,
    CutServer,
    Deactivate,
    StartServer,
    StopServer,
)
from gnomon.specs.recording.model import JobSpec


def restarts(scenario: Scenario, commands: list[Command]) -> Iterator[Command]:
    """Starts of the core's servers that `commands` crash or stop.

    The lasting faults end within the safety phase.
    """
    end = scenario.phase.end
    downs = {c.server: c for c in commands if isinstance(c, CrashServer | StopServer)}
    for server in scenario.core:
        if server not in downs:
            continue
        yield StartServer(at=end, server=server)
        if isinstance(downs[server], StopServer):  # at `end` it may still be stopping
            stopped = end + scenario.longest_run + scenario.cluster.lease
            yield StartServer(at=stopped, server=server)


def deactivations(
    scenario: Scenario, jobs: list[JobSpec], commands: list[Command]
) -> Iterator[Command]:
    """Deactivate all jobs, so that the core can work off what is waiting."""
    lease = scenario.cluster.lease
    at = scenario.phase.end + scenario.choices.one_of((2 * lease, 0, lease // 2))
    created = (command.job for command in commands if isinstance(command, Create))
    for job in dict.fromkeys([*(job.id for job in jobs), *created]):
        yield Deactivate(at=at, job=job)


def fates_of_outsiders(scenario: Scenario, until: int) -> Iterator[Command]:
    """What becomes of the servers outside the core, until the end of the recording."""
    for server in scenario.cluster.server_names:
        if server not in scenario.core:
            fate = scenario.choices.one_of(FATES)
            if fate is not None:
                yield fate(scenario.phase.end, server, until)


Fate = Callable[[int, str, int], Command]
"""A command for a server at an instant, with effect until another (µs, UTC)."""


def _crash(at: int, server: str, _: int) -> Command:
    return CrashServer(at=at, server=server)


def _cut(at: int, server: str, until: int) -> Command:
    return CutServer(at=at, server=server, duration=until - at)


def _cut_requests(at: int, server: str, until: int) -> Command:
    return CutServer(at=at, server=server, duration=until - at, lose="requests")


def _cut_replies(at: int, server: str, until: int) -> Command:
    return CutServer(at=at, server=server, duration=until - at, lose="replies")


FATES: tuple[Fate | None, ...] = (None, _crash, _cut, _cut_requests, _cut_replies)
