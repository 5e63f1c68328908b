"""The faults beside the losses of data in a drawn recording.

The one idea: what a loss breaks shows mostly together with another fault: a completion whose reply
was lost, a server that starts again, claims that arrive late. By chance the two seldom meet.
Therefore most losses get a fault beside them, and some are drawn where a run ends.
"""

from collections.abc import Callable, Iterator
from typing import Literal

from gnomon.reference.schedule.clock import MILLISECOND, MINUTE, SECOND
from gnomon.simulator.fuzz.generator.scenario import Scenario
from gnomon.specs.recording.commands import (
    Command,
    CrashServer,
    CutServer,
    DataLoss,
    Direction,
    DisturbServer,
    LoseWrites,
    StartServer,
    StopStore,
)
from gnomon.specs.recording.model import JobSpec, longest


def draw_beside_losses(
    scenario: Scenario, jobs: list[JobSpec], commands: list[Command]
) -> Iterator[Command]:
    """Further commands for a recording in which some of `commands` lose data; else none."""
    choices = scenario.choices
    for loss in [command for command in commands if isinstance(command, DataLoss)]:
        if choices.happens(75):
            yield from choices.one_of(_FAULTS)(scenario, loss.at)
        if isinstance(loss, LoseWrites) and choices.happens(75):
            yield from choices.one_of(_AT_A_RUN)(scenario, choices.one_of(jobs))


def _span(scenario: Scenario, loss: int) -> tuple[int, int]:
    """When a fault begins, mostly before the loss, and its duration, often beyond the loss (µs)."""
    choices, phase, lease = scenario.choices, scenario.phase, scenario.cluster.lease
    away = choices.within(0, choices.one_of((lease // 4, lease, 2 * lease)), MILLISECOND)
    at = loss + away if choices.happens(25) else loss - away
    at = min(max(at, phase.start), phase.end - 1)
    least = away if choices.happens(60) else lease // 10
    duration = choices.within(least, least + lease, 10 * MILLISECOND)
    return at, max(min(duration, phase.end - at), 1)


def _cut(scenario: Scenario, loss: int) -> Iterator[Command]:
    lost: tuple[Literal["both", Direction], ...] = ("both", "requests", "replies")
    at, duration = _span(scenario, loss)
    lose, server = scenario.choices.one_of(lost), _server(scenario)
    yield CutServer(at=at, server=server, duration=duration, lose=lose)


def _crash(scenario: Scenario, loss: int) -> Iterator[Command]:
    at, duration = _span(scenario, loss)
    server = _server(scenario)
    yield CrashServer(at=at, server=server)
    yield StartServer(at=at + duration, server=server)


def _outage(scenario: Scenario, loss: int) -> Iterator[Command]:
    at, duration = _span(scenario, loss)
    yield StopStore(at=at, duration=duration)


_FAULTS: tuple[Callable[[Scenario, int], Iterator[Command]], ...] = (_cut, _crash, _outage)


def _server(scenario: Scenario) -> str:
    return scenario.choices.one_of(scenario.cluster.server_names)


def _run(scenario: Scenario, job: JobSpec) -> tuple[int, int]:
    """When a run of a job may begin, if a worker is idle then, and when it has ended (µs)."""
    choices, phase, definition = scenario.choices, scenario.phase, job.definition
    step = definition.interval or MINUTE
    first = phase.start + (definition.start_date - phase.start) % step
    due = first + choices.whole(0, phase.length // step) * step
    begins = due + 2 * longest(scenario.cluster.latency)
    return begins, begins + scenario.duration_of(definition.service)


def _lost_completion(scenario: Scenario, job: JobSpec) -> Iterator[Command]:
    """A server loses its replies during a run, and the store the last writes just after its end."""
    choices, phase, lease = scenario.choices, scenario.phase, scenario.cluster.lease
    begins, ends = _run(scenario, job)
    at = begins + choices.within(0, ends - begins, MILLISECOND)
    loss = ends + 2 * longest(scenario.cluster.latency)
    loss += choices.within(MILLISECOND, SECOND, MILLISECOND)
    healed = min(loss + choices.within(0, lease, MILLISECOND) + 1, phase.end)
    if loss < phase.end:
        yield CutServer(at=at, server=_server(scenario), duration=healed - at, lose="replies")
        yield LoseWrites(at=loss, writes=choices.whole(1, 10))


def _lost_start(scenario: Scenario, job: JobSpec) -> Iterator[Command]:
    """A server crashes during a run and starts again, and the store loses what came of that.

    Then its requests often arrive twice.
    """
    choices, phase, lease = scenario.choices, scenario.phase, scenario.cluster.lease
    begins, ends = _run(scenario, job)
    crash = begins + choices.within(0, ends - begins, MILLISECOND)
    start = crash + choices.within(MILLISECOND, choices.one_of((SECOND, lease)), MILLISECOND)
    loss = start + choices.within(0, choices.one_of((SECOND, lease)), MILLISECOND)
    if loss < phase.end:
        server = _server(scenario)
        yield CrashServer(at=crash, server=server)
        yield StartServer(at=start, server=server)
        yield LoseWrites(at=loss, writes=choices.whole(1, 6))
        if choices.happens(50):
            duration = min(loss + 2 * lease, phase.end) - loss
            yield DisturbServer(at=loss, server=server, duration=duration, repeat=50)


_AT_A_RUN: tuple[Callable[[Scenario, JobSpec], Iterator[Command]], ...] = (
    _lost_completion,
    _lost_start,
)
