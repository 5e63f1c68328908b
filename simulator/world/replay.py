"""Replay: a recording in, a history out.

The one idea: a recording and its seed determine everything, so replaying is a pure function. The
caller passes in what records the events: to keep the history, to write it, or only to digest it.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from gnomon.reference.events import Event, Record
from gnomon.reference.history import Header, History
from gnomon.reference.store.memory import MemoryStore
from gnomon.simulator.world.cluster import Cluster, NewStore
from gnomon.simulator.world.commands import CommandExecutor, RefusedCommand
from gnomon.simulator.world.kernel import Kernel
from gnomon.simulator.world.random import RandomStreams
from gnomon.simulator.world.store_clock import StoreClock
from gnomon.simulator.world.write_log import WriteLog
from gnomon.specs.recording.commands import Command, DataLoss, StepStoreClock
from gnomon.specs.recording.model import Lognormal, Recording, Spread, longest
from gnomon.specs.version import versions

Progress = Callable[[int], None]
"""Called a hundred times in a replay with the virtual instant (µs) that it has reached."""

DEEPEST_CALLS = 1_000_000
"""The largest number of calls inside each other; a page of jobs takes four."""


class Simulated(NamedTuple):
    """What a replay leaves beside its events: the refused commands, and the span of its history.

    The span is in the store's time (µs, UTC).
    """

    refused: list[RefusedCommand]
    span: tuple[int, int]


def replay(recording: Recording) -> History:
    """The history of `recording`, in memory: about 0.7 KB a run."""
    events: list[Event] = []
    simulated = simulate(recording, events.append)
    return History(header_of(recording, simulated.span), events)


def simulate(
    recording: Recording,
    record: Record,
    progress: Progress | None = None,
    new_store: NewStore = MemoryStore,
) -> Simulated:
    """Replay `recording`, giving every event to `record`.

    `new_store` makes the store. If the recording loses writes, the store must be one in memory.
    """
    start, spec, streams = recording.start, recording.cluster, RandomStreams(recording.seed)
    cluster = Cluster(spec, recording.services, streams, start, record, new_store)
    with _deep_calls():
        return _run(recording, cluster, progress)


def _run(recording: Recording, cluster: Cluster, progress: Progress | None) -> Simulated:
    start, until, spec = recording.start, recording.until, recording.cluster
    loses_data = any(isinstance(command, DataLoss) for command in recording.commands)
    steps_clock = any(isinstance(command, StepStoreClock) for command in recording.commands)
    log = WriteLog(cluster, spec.profile, spec.max_attempts) if loses_data else None
    clock = StoreClock(cluster) if steps_clock else None
    executor = CommandExecutor(cluster, log, clock)
    for job in recording.jobs:
        executor.create(job)
    _plan(cluster.kernel, executor, iter(recording.commands))
    for name in spec.server_names:
        cluster.start(name)
    if progress is None:
        cluster.kernel.run(until)
    else:
        for hundredth in range(1, 101):
            cluster.kernel.run(start + (until - start) * hundredth // 100)
            progress(cluster.kernel.now)
    span = (start, until) if clock is None else clock.span(until, spec.lease)
    return Simulated(executor.refused, span)


@contextmanager
def _deep_calls() -> Iterator[None]:
    """Allow calls as deep as a leader without latency needs, which reads one page inside another.

    Calls from Python to Python take no space of the machine's stack.
    """
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, DEEPEST_CALLS))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


def _plan(kernel: Kernel, executor: CommandExecutor, commands: Iterator[Command]) -> None:
    """Plan the next of `commands`; once it has been carried out, the one after it.

    So a command may come before some of the other calls of its instant, and after the rest.
    """

    def carry_out(now: int, command: Command) -> None:
        executor.carry_out(now, command)
        _plan(kernel, executor, commands)

    following = next(commands, None)
    if following is not None:
        kernel.at(following.at, carry_out, following)


def header_of(recording: Recording, span: tuple[int, int]) -> Header:
    """The first line of the history of `recording`; `span` is in the store's time (µs, UTC)."""
    start, end = span
    is_durable = recording.cluster.profile == "durable"
    return Header(
        start=start,
        end=end,
        lease=recording.cluster.lease,
        profile=recording.cluster.profile,
        max_attempts=recording.cluster.max_attempts if is_durable else None,
        travel=longest_travel(recording.cluster.latency),
        seed=recording.seed,
        recording=recording.digest,
        versions=versions(),
    )


def span_of_part(recording: Recording, happened: Sequence[Event]) -> tuple[int, int]:
    """The span of a replay that an exception cut short after what `happened` (µs, UTC)."""
    earliest = min([recording.start, *(event.at for event in happened)])
    return earliest, happened[-1].at + 1 if happened else earliest


def longest_travel(latency: Spread) -> int | None:
    """The longest time that a link of that latency takes (µs); None if there is no limit."""
    return None if isinstance(latency, Lognormal) else longest(latency)
