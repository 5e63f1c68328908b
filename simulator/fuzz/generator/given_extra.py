"""Draws the payloads that requests for runs on demand give (FIRE-11, RUN-4).

The one idea: they are drawn last and apart, so that other recordings stay what they were.
"""

from collections.abc import Iterator

from msgspec.structs import replace

from gnomon.simulator.fuzz.generator.choices import Choices
from gnomon.specs.recording.commands import Command, Execute
from gnomon.specs.recording.model import Recording

PAYLOADS = ("for this run", "", " \r\n δ\u2028", "x" * 300)
"""An ordinary one, the empty text, white space, and one that a history shortens."""


def with_given_extra(choices: Choices, recording: Recording) -> Recording:
    """The recording, in which some of the runs on demand are given a payload."""
    return replace(recording, commands=tuple(_drawn(choices, recording.commands)))


def _drawn(choices: Choices, commands: tuple[Command, ...]) -> Iterator[Command]:
    for command in commands:
        if isinstance(command, Execute) and choices.happens(40):
            yield replace(command, extra=choices.one_of(PAYLOADS))
        else:
            yield command
