"""Runs as rows of a table: how late each started, how long it waited, and how long it took."""

from collections.abc import Sequence
from typing import NamedTuple

from gnomon.reference.live.api import job_service, listing
from gnomon.reference.live.api.run_times import bound
from gnomon.reference.live.store.storage import Storage
from gnomon.reference.schedule.clock import MILLISECOND, write_rounded
from gnomon.reference.schedule.jitter import offset
from gnomon.reference.store.administration import RUNS_KEPT, JobRun
from gnomon.reference.store.operations import Job
from gnomon.reference.store.unpublished import Unpublished, UnpublishedList, UnpublishedOf


class ShownRun(NamedTuple):
    """A run for people; durations are text, instants are µs (UTC).

    `late` is from when it was planned until it started, `waited` from when it was published.
    `is_misfire`: it was published after the job's grace (MISS-1).
    """

    due: int
    on_demand: bool
    state: str
    started: int | None
    late: str
    waited: str
    took: str
    server: str | None
    attempt: int | None
    error: str | None
    is_misfire: bool


def latest_runs(storage: Storage, job: Job) -> list[JobRun]:
    """The runs of a job that the store has: the latest, and its results; the latest first."""
    latest = job_service.runs(storage, job.id, RUNS_KEPT).runs
    runs = {run.message: run for run in (*listing.results(storage, job.id), *latest)}
    return [runs[message] for message in sorted(runs, reverse=True)]


def without_message(storage: Storage, job: Job) -> tuple[Unpublished, ...]:
    """The latest occurrences of a job that were skipped or coalesced, the latest first."""
    reply = storage.ask(UnpublishedOf(job.id))
    return reply.occurrences if isinstance(reply, UnpublishedList) else ()  # it was just deleted


def shown(job: Job, runs: Sequence[JobRun]) -> list[ShownRun]:
    """The runs of a job for people."""
    return [_shown(job, run) for run in runs]


def _shown(job: Job, run: JobRun) -> ShownRun:
    return ShownRun(
        due=run.due,
        on_demand=run.on_demand,
        state=run.outcome or ("waiting" if run.started is None else "running"),
        started=run.started,
        late=write_span(lateness(job, run)),
        waited=write_span(between(run.published, run.started)),
        took=write_took(run),
        server=run.server,
        attempt=run.attempt,
        error=run.error,
        is_misfire=is_misfire(job, run),
    )


def lateness(job: Job, run: JobRun) -> int | None:
    """How long after it was planned a run started (µs).

    None if it was not planned, or has not started.
    """
    return None if run.on_demand else between(planned(job, run), run.started)


def is_misfire(job: Job, run: JobRun) -> bool:
    """Whether a run was published after the job's grace, as the job is now (MISS-1)."""
    return not run.on_demand and run.published > planned(job, run) + job.definition.grace


def planned(job: Job, run: JobRun) -> int:
    """When a run was to be published (µs, UTC): with jitter that is after it was due (LIMIT-2)."""
    return run.due + offset(job.id, run.due, job.definition.jitter)


def between(first: int | None, last: int | None) -> int | None:
    """From the one instant to the other (µs); None if one is not known."""
    return None if first is None or last is None else last - first


def write_took(run: JobRun) -> str:
    """How long a run took, for people; a dash if that is not known."""
    below = took_below(run)
    if below is not None:
        return f"<{write_span(below)}"
    return write_span(took(run))


def took(run: JobRun) -> int | None:
    """How long a run took (µs).

    None if that is not known: its start and its end may have one instant (`run_times`), and the
    clock may run back.
    """
    span = between(run.started, run.finished)
    return span if span is not None and span > 0 else None


def took_below(run: JobRun) -> int | None:
    """A duration (µs) below which a run took, if that alone is known of it; else None."""
    return bound(run.claimed, run.started, run.finished)


def write_span(duration: int | None) -> str:
    """A duration (µs) for people, to the millisecond if it has one; a dash for none.

    >>> [write_span(duration) for duration in (None, 999, 144_481, 12_345_678)]
    ['–', '999us', '144ms', '12s345ms']
    """
    if duration is None:
        return "–"
    return write_rounded(
        duration // MILLISECOND * MILLISECOND if duration >= MILLISECOND else duration
    )
