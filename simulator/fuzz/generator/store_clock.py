"""The steps of the store's clock in a drawn recording.

The one idea: they are drawn last, so that a seed means what it has always meant but for them.
"""

from collections.abc import Iterator

from gnomon.reference.schedule.clock import DAY, MILLISECOND, SECOND
from gnomon.simulator.fuzz.generator.scenario import Scenario
from gnomon.specs.recording.commands import (
    Command,
    CrashServer,
    DataLoss,
    StartServer,
    StepStoreClock,
)

SHARE = 20
"""The percentage of recordings that have such steps."""


def draw_steps_of_store_clock(scenario: Scenario, commands: list[Command]) -> list[Command]:
    """Steps forward, mostly corrected later, and steps back; in most recordings none.

    There are none before `commands` that lose data. An open defect breaks FIRE-10 then in one of
    20,000 seeds: a store that is emptied while its time stands still forgets that time, too.
    """
    steps = [*_steps(scenario)]
    first = min((step.at for step in steps), default=0)
    loses = any(isinstance(command, DataLoss) and command.at >= first for command in commands)
    return [] if loses else steps


def _steps(scenario: Scenario) -> Iterator[Command]:
    choices = scenario.choices
    if not choices.happens(SHARE):
        return
    lease = scenario.cluster.lease
    most = choices.one_of((lease, 3 * lease, SECOND, 3 * lease + 60 * SECOND))
    for _ in range(choices.whole(1, 2)):
        at, by = scenario.instant(), choices.within(MILLISECOND, most, MILLISECOND)
        if choices.happens(25):
            yield StepStoreClock(at=at, by=-by)
            continue
        if choices.happens(20):  # by a day, corrected before anything was published ahead
            yield StepStoreClock(at=at, by=DAY)
            yield StepStoreClock(at=at, by=-DAY - by)
            continue
        yield StepStoreClock(at=at, by=by)
        if choices.happens(75):
            lasts = choices.within(0, choices.one_of((2 * lease, SECOND)), MILLISECOND)
            error = choices.within(0, SECOND, MILLISECOND) if choices.happens(30) else 0
            corrected_at = min(at + lasts, scenario.phase.end)
            yield StepStoreClock(at=corrected_at, by=-by - error)
            if choices.happens(50):
                yield from _crash(scenario, corrected_at)


def _crash(scenario: Scenario, corrected_at: int) -> Iterator[Command]:
    """A server crashes with a heartbeat by the wrong clock, and stays away for some leases."""
    choices, phase, lease = scenario.choices, scenario.phase, scenario.cluster.lease
    at = corrected_at + choices.within(0, lease // 2, MILLISECOND) - lease // 4
    start = at + choices.within(lease, 6 * lease, SECOND)
    if phase.start <= at and start <= phase.end:
        server = choices.one_of(scenario.cluster.server_names)
        yield CrashServer(at=at, server=server)
        yield StartServer(at=start, server=server)
