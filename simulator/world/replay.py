"""Replay: a recording in, a history out.

The one idea: a recording and its seed decide everything, so replaying is a pure function; who
wants to keep the history, write it or only digest it hands in what records it.
"""

from collections.abc import Callable, Iterator

from gnomon.reference.events import Event, Record
from gnomon.reference.history import Header, History
from gnomon.reference.store.memory import MemoryStore
from gnomon.simulator.world.cluster import Cluster, NewStore
from gnomon.simulator.world.commands import Operator, RefusedCommand
from gnomon.simulator.world.kernel import Kernel
from gnomon.simulator.world.random import Chance
from gnomon.simulator.world.write_log import Log
from gnomon.specs.recording.model import FORGETS, Command, Lognormal, Recording, Spread, longest
from gnomon.specs.version import versions

Progress = Callable[[int], None]
"""Told the virtual instant (µs) that a replay has come to, a hundred times in all."""


def replay(recording: Recording) -> History:
    """The history of `recording`, in memory: about 0.7 KB a run."""
    events: list[Event] = []
    simulate(recording, events.append)
    return History(header_of(recording), events)


def simulate(
    recording: Recording,
    record: Record,
    progress: Progress = lambda _: None,
    new_store: NewStore = MemoryStore,
) -> list[RefusedCommand]:
    """Let `recording` happen, telling `record` of every event; the commands that were refused.

    `new_store` makes the store; where that forgets, it has to be one in memory.
    """
    start, until = recording.start, recording.until
    shape, services, chance = recording.cluster, recording.services, Chance(recording.seed)
    cluster = Cluster(shape, services, chance, start, record, new_store)
    forgets = any(command.do in FORGETS for command in recording.commands)
    operator = Operator(cluster, Log(cluster, recording.cluster.profile) if forgets else None)
    for job in recording.jobs:
        operator.create(job)
    _plan(cluster.kernel, operator, iter(recording.commands))
    for name in recording.cluster.server_names:
        cluster.start(name)
    for hundredth in range(1, 101):
        cluster.kernel.run(start + (until - start) * hundredth // 100)
        progress(cluster.kernel.now)
    return operator.refused


def _plan(kernel: Kernel, operator: Operator, commands: Iterator[Command]) -> None:
    """Plan the next of `commands`; when it has been carried out, the one after it.

    So at one instant a command comes before some of what happens then, and after the rest.
    """

    def carry_out(now: int, command: Command) -> None:
        operator.carry_out(now, command)
        _plan(kernel, operator, commands)

    following = next(commands, None)
    if following is not None:
        kernel.at(following.at, carry_out, following)


def header_of(recording: Recording) -> Header:
    """The first line of the history of `recording`."""
    return Header(
        start=recording.start,
        end=recording.until,
        lease=recording.cluster.lease,
        profile=recording.cluster.profile,
        travel=longest_travel(recording.cluster.latency),
        seed=recording.seed,
        recording=recording.digest,
        versions=versions(),
    )


def longest_travel(latency: Spread) -> int | None:
    """The longest that a link of that latency takes (µs); None if there is no such limit."""
    return None if isinstance(latency, Lognormal) else longest(latency)
