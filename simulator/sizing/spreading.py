"""What jitter would save: the jobs of one burst, each published at an offset of its own (LIMIT-2).

The one idea: the model of one queue chooses the jitter, and a replay of the smaller cluster
confirms it. The wait of a job with jitter counts from the end of its offset.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from gnomon.reference.schedule.clock import MINUTE, SECOND
from gnomon.reference.schedule.jitter import offset, smallest_gap
from gnomon.simulator.sizing import queue_model
from gnomon.simulator.sizing.measure import Evaluate, Measured, Shape, Task
from gnomon.simulator.sizing.queue_model import Load
from gnomon.simulator.sizing.sampling import decide
from gnomon.simulator.sizing.search import Plan
from gnomon.specs.recording.model import JobSpec, Recording

JITTERS = (10 * SECOND, 30 * SECOND, MINUTE, 5 * MINUTE, 15 * MINUTE)
"""The jitters that are tried, in µs."""


class Saving(NamedTuple):
    """With `jitter` (µs) for the `jobs`, a smaller cluster meets the targets, as measured."""

    jobs: list[str]
    instant: int
    jitter: int
    shape: Shape
    measured: Measured


def saving(plan: Plan, evaluate: Evaluate) -> Saving | None:
    """The smaller cluster that is enough once the jobs of the worst burst have jitter, or None.

    The worst burst is that because of which the next smaller cluster fails.
    """
    answer, failure, question = plan.answer, plan.nearest_failure, plan.question
    if answer is None or failure is None or not failure.measured[0].figures.causes:
        return None
    due = Counter(request.since for request in plan.load.requests)
    instant = max(failure.measured[0].figures.causes, key=lambda at: (due[at], -at))
    together = {request.job for request in plan.load.requests if request.since == instant}
    servers = answer.shape.servers - question.survive
    best: tuple[int, int, list[str]] | None = None
    for jitter in JITTERS:
        jobs = [
            job.id for job in question.recording.jobs if job.id in together and _may(job, jitter)
        ]
        if len(jobs) < 2:
            continue
        needed = queue_model.guess(
            spread(plan.load, jobs, jitter), question.targets, answer.shape.in_all
        )
        workers = -(-needed // servers)
        if workers < answer.shape.workers and (best is None or workers < best[0]):
            best = workers, jitter, jobs
    if best is None:
        return None
    workers, jitter, jobs = best
    recording = with_jitter(question.recording, jobs, jitter)
    # The guess may be one too low, where the jitter is all that matters.
    for number in range(max(workers, question.workers[0]), answer.shape.workers):
        shape = Shape(answer.shape.servers, number)
        task = Task(recording, shape, recording.seed, question.targets, question.survive, True)
        measured = next(iter(evaluate([task])))
        if decide(question.targets, [measured]) == "meets":
            return Saving(jobs, instant, jitter, shape, measured)
    return None


def _may(job: JobSpec, jitter: int) -> bool:
    """Whether a job has no jitter, and may have this one (µs)."""
    definition = job.definition
    gap = smallest_gap(definition.job_type, msgspec.structs.asdict(definition))
    return definition.jitter == 0 and gap is not None and jitter < gap


def spread(load: Load, jobs: Collection[str], jitter: int) -> Load:
    """The load once these jobs have that jitter (µs)."""
    chosen = frozenset(jobs)
    moved = [
        request._replace(published=request.published + more, since=request.since + more)
        if request.job in chosen and (more := offset(request.job, request.since, jitter))
        else request
        for request in load.requests
    ]
    return load._replace(requests=sorted(moved, key=lambda request: request.published))


def with_jitter(recording: Recording, jobs: Sequence[str], jitter: int) -> Recording:
    """`recording` with that jitter (µs) of these jobs."""
    chosen = frozenset(jobs)
    return replace(
        recording,
        jobs=tuple(
            replace(job, definition=replace(job.definition, jitter=jitter))
            if job.id in chosen
            else job
            for job in recording.jobs
        ),
    )
