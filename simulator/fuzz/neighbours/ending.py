"""The end of a neighbour: as its original's, cut short, or quiet for as long as liveness needs.

The one idea: what is found shrinks to a recording that ends at once, and much shows only later. So
some neighbours go on until everything has settled, and only those are judged by their liveness.
"""

from msgspec.structs import replace

from gnomon.reference.schedule.clock import LAST_INSTANT, MILLISECOND, SECOND
from gnomon.simulator.fuzz.generator.choices import Choices
from gnomon.simulator.fuzz.liveness import disturbed_until, patience
from gnomon.simulator.fuzz.neighbours.instants import moved
from gnomon.specs.recording.commands import Command, CutServer, LastingFault
from gnomon.specs.recording.model import Recording


def within_its_span(recording: Recording) -> Recording:
    """The recording, in which no fault outlasts it; what happens in it stays the same."""
    commands = (_lasting_until(recording.until, command) for command in recording.commands)
    return replace(recording, commands=tuple(commands))


def with_an_end(choices: Choices, recording: Recording, until: int) -> Recording:
    """The recording with its commands in order, all of them from the start to before an end.

    `until` is the end of its original (µs, UTC).
    """
    within = (_from(recording.start, command) for command in recording.commands)
    commands = sorted(within, key=lambda command: command.at)
    last = max((command.at for command in commands), default=recording.start)
    whole = max(until, last + 1, *map(_end_of, commands))
    ordered = replace(recording, commands=tuple(commands), until=whole)
    options = (whole, whole, _quiet_end(ordered), _short_end(choices, last, recording))
    end = min(choices.one_of(options), LAST_INSTANT)
    return replace(
        ordered,
        until=end,
        commands=tuple(_ending(command, until, end) for command in commands),
    )


def _from(start: int, command: Command) -> Command:
    """The command, at the `start` at the earliest, and before the last instant."""
    at = min(max(command.at, start), LAST_INSTANT - 1)
    return command if command.at == at else moved(command, at)


def _end_of(command: Command) -> int:
    return command.at + command.duration if isinstance(command, LastingFault) else command.at


def _quiet_end(recording: Recording) -> int:
    """Late enough for all to settle, and for the patience of liveness after that."""
    return max(recording.until, disturbed_until(recording) + 2 * patience(recording))


def _short_end(choices: Choices, last: int, recording: Recording) -> int:
    """Soon after the last command."""
    lease = recording.cluster.lease
    return last + 1 + choices.whole(0, choices.one_of((SECOND, MILLISECOND, lease, 3 * lease)))


def _lasting_until(end: int, command: Command) -> Command:
    """The command, which comes before the `end`, and whose fault ends there at the latest."""
    if isinstance(command, LastingFault) and _end_of(command) > end:
        return replace(command, duration=end - command.at)
    return command


def _ending(command: Command, until: int, end: int) -> Command:
    """The command, whose fault ends with the recording at the latest.

    A server that is cut off up to `until`, the end of the original, is cut off for good.
    """
    if isinstance(command, CutServer) and _end_of(command) >= until:
        return replace(command, duration=end - command.at)
    return _lasting_until(end, command)
