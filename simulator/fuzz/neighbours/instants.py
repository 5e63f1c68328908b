"""Changes of when a command comes."""

from msgspec.structs import replace

from gnomon.reference.schedule.clock import MILLISECOND, MINUTE, SECOND
from gnomon.simulator.fuzz.generator.choices import Choices
from gnomon.specs.recording.commands import Command, LastingFault
from gnomon.specs.recording.model import Recording, longest

SPANS = (
    MILLISECOND,
    1,
    100,
    10 * MILLISECOND,
    100 * MILLISECOND,
    SECOND,
    3 * SECOND,
    10 * SECOND,
    40 * SECOND,
)
"""The longest spans by which something moves (µs): within one step of a protocol, or of a lease."""


def span(choices: Choices) -> int:
    """A span, short or long, forward or back (µs)."""
    size = choices.whole(0, choices.one_of(SPANS))
    return -size if choices.happens(50) else size


def moved(command: Command, at: int) -> Command:
    """The command at another instant (µs, UTC)."""
    return replace(command, at=at)


def move_command(choices: Choices, recording: Recording) -> Recording:
    """One command comes earlier or later."""
    if not recording.commands:
        return recording
    commands = list(recording.commands)
    number = choices.whole(0, len(commands) - 1)
    commands[number] = moved(commands[number], commands[number].at + span(choices))
    return replace(recording, commands=tuple(commands))


def align_command(choices: Choices, recording: Recording) -> Recording:
    """One command comes where something else happens, or just beside it."""
    if not recording.commands:
        return recording
    commands = list(recording.commands)
    number = choices.whole(0, len(commands) - 1)
    trip = longest(recording.cluster.latency)
    beside = choices.one_of((0, 0, 1, -1, MILLISECOND, -MILLISECOND, trip, 2 * trip))
    commands[number] = moved(commands[number], landmark(choices, recording) + beside)
    return replace(recording, commands=tuple(commands))


def move_tail(choices: Choices, recording: Recording) -> Recording:
    """All commands from one on come earlier or later, by the same span."""
    if not recording.commands:
        return recording
    commands = recording.commands
    number, by = choices.whole(0, len(commands) - 1), span(choices)
    later = (moved(command, command.at + by) for command in commands[number:])
    return replace(recording, commands=(*commands[:number], *later))


def landmark(choices: Choices, recording: Recording) -> int:
    """An instant at which something happens or may happen (µs, UTC).

    A command comes, a fault ends, a lease runs out after one of the two, a job is due, or a run of
    it ends.
    """
    if not recording.commands or (recording.jobs and choices.happens(30)):
        return _due(choices, recording)
    command, lease = choices.one_of(recording.commands), recording.cluster.lease
    lasts = command.duration if isinstance(command, LastingFault) else 0
    return command.at + choices.one_of((0, lasts, lease, lease // 3, lasts + lease))


def _due(choices: Choices, recording: Recording) -> int:
    """An instant at which a job is due, or a run of it ends that starts there; else the start."""
    start, until = recording.start, recording.until
    if not recording.jobs:
        return start
    definition = choices.one_of(recording.jobs).definition
    runs = [longest(s.duration) for s in recording.services if s.name == definition.service]
    run = choices.one_of((0, *runs))
    if definition.job_type == "one_time":
        return definition.start_date + run
    step = definition.interval or MINUTE
    first = start + (definition.start_date - start) % step
    return first + choices.whole(0, max(until - first, 0) // step) * step + run
