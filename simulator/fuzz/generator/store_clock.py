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


BESIDE_LOSSES = 20
"""The percentage of the losses of data that have such a step shortly before them."""

BESIDE_CRASHES = 6
"""The percentage of recordings in which a server crashes while the clock is ahead by leases."""


def draw_steps_of_store_clock(scenario: Scenario, commands: list[Command]) -> Iterator[Command]:
    """Steps forward, mostly corrected later, and steps back; in most recordings none.

    Some come shortly before those of `commands` that lose data, and some beside a crash.
    """
    yield from _steps(scenario)
    if scenario.choices.happens(BESIDE_CRASHES):
        yield from _crash_while_ahead(scenario)
    for loss in commands:
        if isinstance(loss, DataLoss) and scenario.choices.happens(BESIDE_LOSSES):
            yield from _before_a_loss(scenario, loss.at)


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


def _before_a_loss(scenario: Scenario, loss: int) -> Iterator[Command]:
    """A step whose correction, or the time that stands still after it, the store may lose."""
    choices, phase, lease = scenario.choices, scenario.phase, scenario.cluster.lease
    corrected_at = max(loss - choices.within(0, lease, MILLISECOND), phase.start)
    by = choices.within(MILLISECOND, choices.one_of((lease, 3 * lease)), MILLISECOND)
    if choices.happens(75):
        ahead = choices.within(0, choices.one_of((lease, SECOND)), MILLISECOND)
        yield StepStoreClock(at=max(corrected_at - ahead, phase.start), by=by)
    yield StepStoreClock(at=corrected_at, by=-by)


def _crash_while_ahead(scenario: Scenario) -> Iterator[Command]:
    """A server crashes after a heartbeat by a clock that is ahead by leases, and is corrected."""
    choices, phase, lease = scenario.choices, scenario.phase, scenario.cluster.lease
    by, away = choices.within(4 * lease, 9 * lease, SECOND), choices.within(4 * lease, 6 * lease, 1)
    at = phase.start + choices.within(0, max(phase.length - lease - away, 0), MILLISECOND)
    crash = at + choices.within(lease // 3, lease, MILLISECOND)
    corrected_at = crash + choices.within(0, lease // 4, MILLISECOND)
    if crash + away <= phase.end:
        server = choices.one_of(scenario.cluster.server_names)
        yield StepStoreClock(at=at, by=by)
        yield CrashServer(at=crash, server=server)
        yield StepStoreClock(at=corrected_at, by=-by)
        yield StartServer(at=crash + away, server=server)


def _crash(scenario: Scenario, corrected_at: int) -> Iterator[Command]:
    """A server crashes with a heartbeat by the wrong clock, and stays away for some leases."""
    choices, phase, lease = scenario.choices, scenario.phase, scenario.cluster.lease
    at = corrected_at + choices.within(0, lease // 2, MILLISECOND) - lease // 4
    start = at + choices.within(lease, 6 * lease, SECOND)
    if phase.start <= at and start <= phase.end:
        server = choices.one_of(scenario.cluster.server_names)
        yield CrashServer(at=at, server=server)
        yield StartServer(at=start, server=server)
