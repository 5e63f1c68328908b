"""Neighbours: recordings that differ a little from given ones, such as those that broke a rule.

The one idea: a fault that took a rare meeting of events has relatives, which take the same meeting
an instant earlier, with another number, or in another cluster. Drawn recordings meet them once in
tens of thousands of seeds; a few changes to a recording that broke before meet them soon.

    instants   when a command comes
    commands   which commands there are, and what they say
    settings   the cluster, its services and its jobs
    ending     how long the recording lasts

As in the generator, a `Chooser` makes every choice, and the lowest number is the simplest choice.
Every neighbour of a valid recording is valid: its reader accepts it.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from msgspec.structs import replace

from gnomon.reference.store.messages import Profile
from gnomon.simulator.delays import delays_beyond_lease, longest_delay
from gnomon.simulator.fuzz.consistent import consistent
from gnomon.simulator.fuzz.generator.choices import Choices, Chooser, Seeded
from gnomon.simulator.fuzz.neighbours.commands import (
    drop_command,
    give_command_to_another,
    renumber_command,
    repeat_command,
    splice_commands,
)
from gnomon.simulator.fuzz.neighbours.ending import with_an_end, within_its_span
from gnomon.simulator.fuzz.neighbours.instants import align_command, move_command, move_tail
from gnomon.simulator.fuzz.neighbours.settings import (
    change_cluster,
    change_job,
    change_seed,
    change_service,
    copy_job,
)
from gnomon.specs.recording.model import Recording, longest, shortest_lease

Change = Callable[[Choices, Recording], Recording]
"""A change of a recording; it may name what does not exist, and need not be in order of time."""
Originals = Sequence[Recording]

NUMBERS = (1, 2, 3, 4, 6, 9)
"""How many changes a neighbour has."""


class ChangeWeight(NamedTuple):
    """A kind of changes, and how often it is chosen beside the others."""

    weight: int
    change: Change


def drawn_near(seed: int, originals: Originals, profile: Profile | None = None) -> Recording:
    """The neighbour of one of the `originals` that a seed stands for.

    It has that delivery `profile`; if that is None, mostly the one of its original.
    """
    neighbour = draw_near(Seeded(seed, "near"), originals, profile)
    return replace(neighbour, title=f"Drawn from seed {seed} near {neighbour.title}")


def draw_near(chooser: Chooser, originals: Originals, profile: Profile | None = None) -> Recording:
    """A neighbour of one of the `originals`, of which there is at least one."""
    choices = Choices(chooser)
    originals = tuple(map(within_its_span, originals))
    original = choices.one_of(originals)
    changes = [change for weight, change in changes_near(originals) for change in [change] * weight]
    neighbour = original
    for _ in range(choices.one_of(NUMBERS)):
        neighbour = choices.one_of(changes)(choices, neighbour)
    neighbour = consistent(_in_profile(neighbour, profile))
    return with_an_end(choices, _with_possible_lease(neighbour, original), original.until)


def changes_near(originals: Originals) -> tuple[ChangeWeight, ...]:
    """The kinds of changes; the last ones take parts of the originals.

    The order is part of what a seed means.
    """
    return (
        ChangeWeight(4, move_command),
        ChangeWeight(4, align_command),
        ChangeWeight(2, move_tail),
        ChangeWeight(1, drop_command),
        ChangeWeight(2, repeat_command),
        ChangeWeight(1, give_command_to_another),
        ChangeWeight(2, renumber_command),
        ChangeWeight(2, change_cluster),
        ChangeWeight(1, change_seed),
        ChangeWeight(1, change_service),
        ChangeWeight(2, change_job),
        ChangeWeight(1, partial(copy_job, originals)),
        ChangeWeight(4, partial(splice_commands, originals)),
    )


def _in_profile(recording: Recording, profile: Profile | None) -> Recording:
    if profile is None:
        return recording
    return replace(recording, cluster=replace(recording.cluster, profile=profile))


def _with_possible_lease(neighbour: Recording, original: Recording) -> Recording:
    """The neighbour, with a lease that servers can hold over its links, and over disturbed ones.

    An original in which a link delays messages for longer than a lease is left so: to be late may
    be what it is about.
    """
    cluster = neighbour.cluster
    delay = 0 if delays_beyond_lease(original) else longest_delay(neighbour)
    lease = max(cluster.lease, shortest_lease(longest(cluster.latency)), delay)
    return replace(neighbour, cluster=replace(cluster, lease=lease))
