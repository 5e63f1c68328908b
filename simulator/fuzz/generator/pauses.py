"""Pauses of the cluster in a drawn recording (PAUSE-1).

The one idea: they are drawn last and apart, so that other recordings stay what they were. The last
command resumes the cluster after the safety phase, because lost writes may undo an earlier one.
"""

from collections.abc import Iterator

from msgspec.structs import replace

from gnomon.reference.schedule.clock import MILLISECOND, SECOND
from gnomon.simulator.fuzz.generator.choices import Choices
from gnomon.simulator.fuzz.generator.scenario import SafetyPhase
from gnomon.specs.recording.commands import Command, PauseCluster, ResumeCluster
from gnomon.specs.recording.model import Recording, longest

PER_CENT = 8
"""The share of recordings in which the cluster is paused."""


def with_pauses(choices: Choices, phase: SafetyPhase, recording: Recording) -> Recording:
    """The `recording`, in some cases with pauses of the cluster."""
    if not choices.happens(PER_CENT):
        return recording
    commands = [*recording.commands, *_pauses(choices, phase, recording)]
    ordered = sorted(commands, key=lambda command: command.at)
    return replace(recording, commands=tuple(ordered))


def _pauses(choices: Choices, phase: SafetyPhase, recording: Recording) -> Iterator[Command]:
    lease, trip = recording.cluster.lease, longest(recording.cluster.latency)
    for _ in range(choices.whole(1, 3)):
        second = phase.start + choices.whole(0, phase.length // SECOND - 1) * SECOND
        # at an instant at which jobs are due, or while a request to publish is in transit
        at = second + choices.within(0, choices.one_of((2 * trip, SECOND)), 100)
        most = choices.one_of((10 * SECOND, SECOND, 2 * lease, phase.length))
        ends = at + choices.within(0, most, MILLISECOND)
        yield PauseCluster(at=at)
        if ends < phase.end:
            yield ResumeCluster(at=ends)
    yield ResumeCluster(at=phase.end + SECOND)
