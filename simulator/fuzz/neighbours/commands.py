"""Changes of the commands: which there are, and what they say."""

from collections.abc import Sequence
from typing import get_args

from msgspec.structs import replace

from gnomon.reference.jobs import LONGEST_DURATION
from gnomon.reference.schedule.clock import SECOND
from gnomon.simulator.fuzz import generator
from gnomon.simulator.fuzz.generator.choices import Choices
from gnomon.simulator.fuzz.neighbours.instants import SPANS, landmark, moved, span
from gnomon.specs.recording.commands import (
    MOST_DRIFT,
    Command,
    Create,
    CutServer,
    Direction,
    DisturbServer,
    DriftClock,
    JobCommand,
    LastingFault,
    LoseWrites,
    ServerCommand,
    StartServer,
    StepClock,
    StepStoreClock,
)
from gnomon.specs.recording.model import Recording

MOST_SPLICED = 4
"""The most commands that are taken from another recording at once."""
RATES = (0, 5, 30, 50, 100)
"""Percentages of messages."""
MOST_WRITES = 10**6
"""The most writes that a store loses at once: the bound of the format."""


def drop_command(choices: Choices, recording: Recording) -> Recording:
    """One command does not come."""
    if not recording.commands:
        return recording
    number = choices.whole(0, len(recording.commands) - 1)
    commands = recording.commands
    return replace(recording, commands=(*commands[:number], *commands[number + 1 :]))


def repeat_command(choices: Choices, recording: Recording) -> Recording:
    """One command comes once more, at another time."""
    if not recording.commands:
        return recording
    command = choices.one_of(recording.commands)
    again = moved(command, command.at + span(choices))
    return replace(recording, commands=(*recording.commands, again))


def give_command_to_another(choices: Choices, recording: Recording) -> Recording:
    """One command goes to another server, or to another job."""
    targeted = [
        number
        for number, command in enumerate(recording.commands)
        if isinstance(command, JobCommand | ServerCommand)
    ]
    if not targeted:
        return recording
    commands, number = list(recording.commands), choices.one_of(targeted)
    commands[number] = _for_another(choices, recording, commands[number])
    return replace(recording, commands=tuple(commands))


def _for_another(choices: Choices, recording: Recording, command: Command) -> Command:
    """The command, for a server or for a job of the recording; one that creates a job as it is."""
    if isinstance(command, ServerCommand):
        return replace(command, server=choices.one_of(recording.cluster.server_names))
    if not isinstance(command, JobCommand) or isinstance(command, Create):
        return command
    created = (other.job for other in recording.commands if isinstance(other, Create))
    jobs = [*(job.id for job in recording.jobs), *created]
    return replace(command, job=choices.one_of(jobs)) if jobs else command


def splice_commands(
    originals: Sequence[Recording], choices: Choices, recording: Recording
) -> Recording:
    """Some commands of another original, or of a drawn recording, come as well.

    They keep their distances, and go to servers and jobs that are there.
    """
    other = (
        generator.drawn_from(choices.whole(0, 10**9), recording.cluster.profile)
        if choices.happens(40)
        else choices.one_of(originals)
    )
    if not other.commands:
        return recording
    first = choices.whole(0, len(other.commands) - 1)
    part = other.commands[first : first + choices.whole(1, MOST_SPLICED)]
    at = landmark(choices, recording) + span(choices)
    if choices.happens(50):
        at = recording.start + choices.whole(0, recording.until - recording.start - 1)
    spliced = (
        _spliced(choices, recording, moved(command, at + command.at - part[0].at))
        for command in part
    )
    return replace(recording, commands=(*recording.commands, *spliced))


def _spliced(choices: Choices, recording: Recording, command: Command) -> Command:
    """The command, for what is there."""
    command = _for_another(choices, recording, command)
    return replace(command, lacks=None) if isinstance(command, StartServer) else command


# --- numbers


def renumber_command(choices: Choices, recording: Recording) -> Recording:
    """One command has another number: a duration, a step, a count, a rate or a direction."""
    numbered = [
        number
        for number, command in enumerate(recording.commands)
        if isinstance(command, LastingFault | StepClock | StepStoreClock | LoseWrites)
    ]
    if not numbered:
        return recording
    commands, number = list(recording.commands), choices.one_of(numbered)
    commands[number] = _renumbered(choices, commands[number], recording.cluster.lease)
    return replace(recording, commands=tuple(commands))


def _renumbered(choices: Choices, command: Command, lease: int) -> Command:
    if isinstance(command, LastingFault):
        if choices.happens(60):
            return replace(command, duration=resized(choices, command.duration, lease))
        return _in_another_way(choices, command, lease)
    match command:
        case LoseWrites(writes=writes):
            more = choices.one_of((writes + 1, writes - 1, writes + 2, writes - 2, 2 * writes))
            return replace(command, writes=min(max(more, 1), MOST_WRITES))
        case StepClock(by=by) | StepStoreClock(by=by):
            size = resized(choices, abs(by), lease)
            is_forward = (by > 0) != choices.happens(25)
            return replace(command, by=size if is_forward else -size)
    return command


def _in_another_way(choices: Choices, fault: Command, lease: int) -> Command:
    """The fault with other rates or directions, if it has any."""
    match fault:
        case CutServer():
            return replace(fault, lose=choices.one_of(("both", *get_args(Direction))))
        case DisturbServer(delay=delay):
            lose, repeat = choices.one_of(RATES), choices.one_of(RATES)
            delay = choices.one_of((delay, 0, SECOND, lease // 3))
            changed = replace(fault, lose=lose, repeat=repeat, delay=delay)
            return fault if changed.contradiction() else changed
        case DriftClock(gains=gains):
            gains = choices.one_of((-gains, 2 * gains, gains // 2))
            return replace(fault, gains=min(max(gains, -MOST_DRIFT), MOST_DRIFT))
    return fault


def resized(choices: Choices, size: int, lease: int) -> int:
    """Another duration: near it, a multiple, one of `SPANS`, or a part of a lease (µs)."""
    near, other = size + span(choices), choices.one_of(SPANS)
    sizes = (near, size // 2, 2 * size, other, lease // 3, lease, 2 * lease)
    return min(max(choices.one_of(sizes), 1), LONGEST_DURATION)
