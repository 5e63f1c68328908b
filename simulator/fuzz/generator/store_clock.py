"""The steps of the store's clock in a drawn recording.

The one idea: they are drawn last, so that a seed means what it has always meant but for them.
"""

from collections.abc import Iterator

from gnomon.reference.schedule.clock import DAY, MILLISECOND, SECOND
from gnomon.simulator.fuzz.generator.scenario import Scenario
from gnomon.specs.recording.commands import StepStoreClock

SHARE = 20
"""The percentage of recordings that have such steps."""


def draw_steps_of_store_clock(scenario: Scenario) -> Iterator[StepStoreClock]:
    """Steps forward, mostly corrected later, and steps back; in most recordings none."""
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
