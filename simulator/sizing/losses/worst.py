"""The search for the loss because of which a cluster does worst.

The one idea: every loss is estimated, and those with the worst estimates are replayed, until no
other loss is estimated to be worse than what was replayed. An estimate takes a ten-thousandth of
the time of a long replay, so that all losses of a long recording are estimated, too.

Estimates need fixed times and servers that are alike. Where times are drawn, they only decide the
order of the replays. Where links or servers fail anyway, or jobs are limited, nothing is estimated:
the order is by how many messages wait or are due within a lease. In both cases a budget limits the
replays.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import le
from typing import NamedTuple

from gnomon.simulator.sizing import queue_model
from gnomon.simulator.sizing.figures import Figures, meets
from gnomon.simulator.sizing.losses.beats import Beats
from gnomon.simulator.sizing.losses.estimate import Estimator
from gnomon.simulator.sizing.losses.instants import (
    Loss,
    Time,
    at_stake,
    losses_at,
    times_of,
    with_loss,
)
from gnomon.simulator.sizing.losses.queue import LossModel, Present, messages_of
from gnomon.simulator.sizing.targets import Target
from gnomon.simulator.world.cluster import reads_small_pages
from gnomon.specs.recording.commands import Command, Create, Edit, JobChange
from gnomon.specs.recording.model import Fixed, Recording
from gnomon.specs.trace.trace import Trace

MOST_MESSAGES = 50_000
"""The default budget: how many messages the losses of one cluster and seed may replay in all."""
TINY = 1e-3
"""Stands for a limit of 0 where values are compared by their share of the limit."""
FEWEST = 6
"""As many losses are replayed whatever the budget, if as many may be worse."""


class Ranked(NamedTuple):
    """A loss, and the value of each target after it, as estimated; None: not estimated."""

    loss: Loss
    estimate: tuple[float, ...] | None


class Found(NamedTuple):
    """The losses that were replayed, at `tried` of the `instants` at which that can matter.

    After those that were not, each target is estimated to be `at_most` this, which is no proven
    bound; None: no estimate is certain enough.
    """

    losses: list[tuple[Loss, Figures]]
    instants: int
    tried: int
    at_most: tuple[float, ...] | None


class Search(NamedTuple):
    """What is searched: losses of `lost` servers, after a replay without a loss.

    If one loss `settles` it, the search ends where a target is missed.
    """

    recording: Recording
    trace: Trace
    beats: Beats
    figures: Figures
    targets: Sequence[Target]
    lost: int
    settles: bool


def worst_losses(
    search: Search, replay: Callable[[Recording], Figures], most_messages: int
) -> Found:
    """Replay the losses that may be the worst; they replay about `most_messages` messages."""
    ranked = _ranked(search)
    is_estimated = all(one.estimate is not None for one in ranked)
    is_bound = is_estimated and _takes_fixed_times(search.recording)
    most = max(most_messages // max(len(search.trace.messages), 1), FEWEST)
    worst = search.figures.targeted
    replayed: list[tuple[Loss, Figures]] = []
    left: list[Ranked] = []
    for one in ranked:
        is_over = len(replayed) == most or (search.settles and _is_missed(search, replayed))
        if is_over or (is_bound and replayed and _is_no_worse(one, worst)):
            left.append(one)
            continue
        figures = replay(with_loss(search.recording, one.loss.at, one.loss.servers))
        replayed.append((one.loss, figures))
        worst = tuple(map(max, worst, figures.targeted))
    estimates = [one.estimate for one in left if one.estimate is not None]
    return Found(
        replayed,
        len({one.loss.at for one in ranked}),
        len({loss.at for loss, _ in replayed}),
        tuple(map(max, zip(worst, *estimates, strict=True))) if is_bound else None,
    )


def _is_no_worse(one: Ranked, worst: Sequence[float]) -> bool:
    estimates = one.estimate
    return estimates is not None and all(map(le, estimates, worst))


def _is_missed(search: Search, replayed: Sequence[tuple[Loss, Figures]]) -> bool:
    return bool(replayed) and not meets(replayed[-1][1], search.targets)


def _ranked(search: Search) -> list[Ranked]:
    """All losses, the one that is probably the worst first."""
    trace, recording, count = search.trace, search.recording, search.lost
    servers, workers = recording.cluster.servers, recording.cluster.workers
    load = queue_model.load_of(trace, recording)
    messages = messages_of(trace, load, (servers - count) * workers)
    times = times_of(trace, recording)
    if not _is_modelled(recording, trace):
        present, stake = Present(messages, (), 0), at_stake(trace)
        losses = _all_losses(trace, present, times, count)
        ordered = sorted(losses, key=lambda loss: (-stake(loss.at), loss.at))
        return [Ranked(loss, None) for loss in ordered]
    model = LossModel(recording, trace, search.beats, messages)
    estimator = Estimator(model, search.figures, search.targets, workers)
    ranked = [
        Ranked(loss, estimator.values(loss, model.after(loss.at, loss.servers, loss.leader)))
        for loss in _all_losses(trace, model.present, times, count)
    ]
    limits = [max(target.limit, TINY) for target in search.targets]

    def excess(one: Ranked) -> float:
        assert one.estimate is not None
        return max(value / limit for value, limit in zip(one.estimate, limits, strict=True))

    return sorted(ranked, key=lambda one: (-excess(one), one.loss.at))


def _all_losses(
    trace: Trace, present: Present, times: Iterable[Time], count: int
) -> Iterator[Loss]:
    """The losses at some instants, which ascend; each once."""
    seen: tuple[int, set[tuple[str, ...]]] = (0, set())
    for time in times:
        if time.at != seen[0]:
            seen = (time.at, set())
        for loss in losses_at(trace, present, time, count):
            if loss.servers not in seen[1]:
                seen[1].add(loss.servers)
                yield loss


def _is_modelled(recording: Recording, trace: Trace) -> bool:
    """Whether the model of the queue knows all that happens in a replay."""
    cluster, commands = recording.cluster, recording.commands
    is_limited = any(job.definition.max_parallel is not None for job in recording.jobs)
    return (
        cluster.profile == "durable"
        and isinstance(cluster.latency, Fixed)
        and not is_limited
        and not reads_small_pages(recording.seed)
        and all(_is_of_a_job(command) for command in commands)
        and not any(one.crashes_server or one.deployed_on for one in recording.services)
        and not any(record.later for record in trace.messages.values())
    )


def _is_of_a_job(command: Command) -> bool:
    """Whether a command changes a job, or runs it, without a limit of its messages."""
    if not isinstance(command, JobChange):
        return False
    return not isinstance(command, Create | Edit) or "max_parallel" not in command.fields


def _takes_fixed_times(recording: Recording) -> bool:
    return all(isinstance(service.duration, Fixed) for service in recording.services)
