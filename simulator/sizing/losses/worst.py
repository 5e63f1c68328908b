"""The search for the loss because of which a cluster does worst.

The one idea: every loss is estimated, and those with the worst estimates are replayed, until no
other loss is estimated to be worse than what was replayed. An estimate takes a ten-thousandth of
the time of a long replay, so that all losses of a long recording are estimated, too.

Estimates need fixed times and servers that are alike. Where times are drawn, links are long, jobs
change or several servers are lost, they only decide the order of the replays. Where links or
servers fail anyway, or jobs are limited, nothing is estimated: the order is by how many messages
wait or are due within a lease. In all these cases only a budget ends the replays.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import le
from typing import NamedTuple

from gnomon.reference.schedule.clock import MILLISECOND
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
from gnomon.specs.recording.model import Fixed, Recording, longest
from gnomon.specs.trace.trace import Trace

MOST_MESSAGES = 50_000
"""The default budget: how many messages the losses of one cluster and seed may replay in all."""
TINY = 1e-3
"""Stands for a limit of 0 where values are compared by their share of the limit."""
LONGEST_LINK = 5 * MILLISECOND
"""Where links take longer, replays were found to be worse than their estimates (µs)."""
FEWEST = 6
"""As many losses are replayed whatever the budget, if as many may be worse."""


class Ranked(NamedTuple):
    """A loss, and the value of each target after it, as estimated; None: not estimated."""

    loss: Loss
    estimate: tuple[float, ...] | None


class Doubt(NamedTuple):
    """Why no estimate is certain enough, in words; whether losses are ordered by estimates."""

    why: str
    is_estimated: bool


class Found(NamedTuple):
    """The losses that were replayed, at `tried` of the `instants` at which that can matter.

    `left` is the number of losses that were not replayed. After these, each target is estimated to
    be `at_most` this, which is no proven bound. It is None if no estimate is certain enough, and
    `doubt` is the reason then.
    """

    losses: list[tuple[Loss, Figures]]
    instants: int
    tried: int
    left: int
    at_most: tuple[float, ...] | None
    doubt: Doubt | None


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
    ranked = ranked_losses(search)
    doubt = _doubt(search) if ranked else None
    is_bound = doubt is None
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
        len(left),
        tuple(map(max, zip(worst, *estimates, strict=True))) if is_bound else None,
        doubt,
    )


def _is_no_worse(one: Ranked, worst: Sequence[float]) -> bool:
    estimates = one.estimate
    return estimates is not None and all(map(le, estimates, worst))


def _is_missed(search: Search, replayed: Sequence[tuple[Loss, Figures]]) -> bool:
    return bool(replayed) and not meets(replayed[-1][1], search.targets)


def ranked_losses(search: Search) -> list[Ranked]:
    """All losses, the one that is probably the worst first."""
    trace, recording, count = search.trace, search.recording, search.lost
    servers, workers = recording.cluster.servers, recording.cluster.workers
    load = queue_model.load_of(trace, recording)
    messages = messages_of(trace, load, (servers - count) * workers)
    times = times_of(trace, recording)
    if _not_modelled(recording, trace) is not None:
        present, stake = Present(messages, (), 0), at_stake(trace)
        losses = _all_losses(trace, present, times, count)
        ordered = sorted(losses, key=lambda loss: (-stake(loss.at), loss.at))
        return [Ranked(loss, None) for loss in ordered]
    model = LossModel(recording, trace, search.beats, messages)
    estimator = Estimator(model, search.figures, search.targets, workers)
    ranked = [
        Ranked(loss, _estimate(estimator, model, loss))
        for loss in _all_losses(trace, model.present, times, count)
    ]
    limits = [max(target.limit, TINY) for target in search.targets]

    def excess(one: Ranked) -> float:
        assert one.estimate is not None
        return max(value / limit for value, limit in zip(one.estimate, limits, strict=True))

    return sorted(ranked, key=lambda one: (-excess(one), one.loss.at))


def _estimate(estimator: Estimator, model: LossModel, loss: Loss) -> tuple[float, ...]:
    """The value of each target after a loss, in whichever order things happen."""
    all_after = model.all_after(loss.at, loss.servers, loss.leader)
    values = [estimator.values(loss, after) for after in all_after]
    return tuple(map(max, zip(*values, strict=True)))


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


def _doubt(search: Search) -> Doubt | None:
    """Why no estimate is certain enough; None: they are."""
    recording = search.recording
    why = _not_modelled(recording, search.trace)
    return Doubt(why, False) if why is not None else _not_certain(recording, search.lost)


def _not_modelled(recording: Recording, trace: Trace) -> str | None:
    """What happens in a replay that the model of the queue does not know, in words."""
    cluster, commands = recording.cluster, recording.commands
    definitions = [job.definition for job in recording.jobs]
    fields = {field for command in commands for field in _fields_of(command)}
    reasons = {
        "the profile is not durable": cluster.profile != "durable",
        "links take drawn times": not isinstance(cluster.latency, Fixed),
        "a job has max_parallel": "max_parallel" in fields
        or any(one.max_parallel is not None for one in definitions),
        # An occurrence that is coalesced does not count: a loss brings messages that are new.
        "a job has repeats": "repeats" in fields
        or any(one.repeats is not None for one in definitions),
        "a leader reads small pages with this seed (2 modulo 3)": reads_small_pages(recording.seed),
        "the recording has faults, or servers start and stop": not all(
            isinstance(command, JobChange) for command in commands
        ),
        "a service crashes its server, or is not deployed on all": any(
            one.crashes_server or one.deployed_on for one in recording.services
        ),
        "messages run more than once": any(record.later for record in trace.messages.values()),
    }
    return next((why for why, holds in reasons.items() if holds), None)


def _fields_of(command: Command) -> Iterable[str]:
    """The fields of a job that a command sets."""
    return command.fields if isinstance(command, Create | Edit) else ()


def _not_certain(recording: Recording, lost: int) -> Doubt | None:
    """Why replays may be worse than their estimates, as was measured."""
    if not all(isinstance(service.duration, Fixed) for service in recording.services):
        return Doubt("runs take drawn times", True)
    if longest(recording.cluster.latency) > LONGEST_LINK:
        return Doubt(f"links take more than {LONGEST_LINK // MILLISECOND} ms", True)
    if recording.commands:
        return Doubt("commands change or run jobs", True)
    if lost > 1:
        return Doubt("several servers are lost at once", True)
    return None
