"""One replay of one cluster, reduced to its figures.

The one idea: a task is a value and so is its result, and the result follows from the task alone.
So tasks can be measured in any process, on any machine, in any order.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from gnomon.reference.events import Event
from gnomon.reference.history import History
from gnomon.simulator.sizing.figures import Figures, figures_of, meets
from gnomon.simulator.sizing.losses.beats import replay_with_beats
from gnomon.simulator.sizing.losses.worst import MOST_MESSAGES, Doubt, Search, worst_losses
from gnomon.simulator.sizing.targets import Target
from gnomon.simulator.world.replay import header_of, simulate
from gnomon.specs.recording.model import Recording
from gnomon.specs.trace.trace import Trace


class Shape(NamedTuple):
    """The size of a cluster; `workers` is the number on each server."""

    servers: int
    workers: int

    @property
    def in_all(self) -> int:
        """The number of workers of all servers."""
        return self.servers * self.workers

    def __str__(self) -> str:
        return f"{self.servers} × {self.workers}"


class Task(msgspec.Struct, frozen=True):
    """A cluster to replay `recording` in, with a seed; `survive` servers are lost.

    The losses replay about `most_messages` messages in all. If the seed is the `only` one, a loss
    with which a target is missed ends the search for the worst one: the cluster fails.
    """

    recording: Recording
    shape: Shape
    seed: int
    targets: tuple[Target, ...]
    survive: int = 0
    only: bool = False
    most_messages: int = MOST_MESSAGES

    @property
    def to_replay(self) -> Recording:
        """The recording in the cluster of this shape, with this seed."""
        cluster = self.recording.cluster
        servers, workers = self.shape
        cluster = replace(cluster, servers=servers, workers=workers)
        return replace(self.recording, cluster=cluster, seed=self.seed)


class Measured(msgspec.Struct, frozen=True):
    """The figures without a loss, and with each loss that was replayed, in words.

    Servers were lost at `tried` of the `instants` at which that can matter. With the losses that
    were not replayed each target is estimated to be `at_most` this, by the model of the queue,
    which is no proven bound; None: no estimate is certain enough, because of `doubt`. `left` is the
    number of losses that were not replayed.
    """

    figures: Figures
    with_losses: tuple[tuple[str, Figures], ...] = ()
    instants: int = 0
    tried: int = 0
    left: int = 0
    at_most: tuple[float, ...] | None = None
    doubt: Doubt | None = None

    def worst(self, number: int) -> float:
        """The worst value of a target, with and without losses."""
        return max(figures.targeted[number] for figures in self.all)

    def worst_loss(self, number: int) -> str | None:
        """The loss with the worst value of a target; None if it is no worse than without."""
        worst = self.worst(number)
        if self.figures.targeted[number] == worst:
            return None
        return next(what for what, found in self.with_losses if found.targeted[number] == worst)

    @property
    def all(self) -> Iterator[Figures]:
        """All its figures, without a loss first."""
        yield self.figures
        for _, figures in self.with_losses:
            yield figures


Evaluate = Callable[[Sequence[Task]], Iterator[Measured]]
"""Measures tasks; the results come in the order of the tasks."""


def measure(task: Task) -> Measured:
    """Replay the cluster of `task`, without losses and with the losses that may be the worst."""
    recording, targets = task.to_replay, task.targets
    if not task.survive:
        return Measured(figures_of(trace_of(recording), targets))
    trace, beats = replay_with_beats(recording)
    figures = figures_of(trace, targets)
    if not meets(figures, targets):
        return Measured(figures)
    search = Search(recording, trace, beats, figures, targets, task.survive, task.only)

    def replay(lossy: Recording) -> Figures:
        return figures_of(trace_of(lossy), targets)

    found = worst_losses(search, replay, task.most_messages)
    with_losses = tuple((loss.words, after) for loss, after in found.losses)
    return Measured(
        figures,
        with_losses,
        found.instants,
        found.tried,
        found.left,
        found.at_most,
        found.doubt,
    )


def trace_of(recording: Recording) -> Trace:
    """The history of a replay, in order."""
    happened: list[Event] = []
    simulated = simulate(recording, happened.append)
    return Trace(History(header_of(recording, simulated.span), happened))
