"""Liveness: the jobs and messages that are stuck at the end of a run, and why.

The one idea: a busy cluster is measured by progress, not by time. A job or message is stuck if it
has made no progress for the `patience`, which is longer than anything takes in a healthy cluster,
although a server was healthy all that time.
"""

from collections.abc import Iterator
from typing import NamedTuple, assert_never

from gnomon.reference import events
from gnomon.reference.events import RunEvent
from gnomon.reference.schedule.clock import SECOND, write_instant
from gnomon.specs.recording.commands import (
    Command,
    CrashServer,
    CutServer,
    DisturbServer,
    DriftClock,
    Fault,
    LastingFault,
    PauseCluster,
    ResumeCluster,
    StepClock,
    StepStoreClock,
    StopServer,
)
from gnomon.specs.recording.model import Lognormal, Recording, longest
from gnomon.specs.trace.entities import Membership, MessageRecord
from gnomon.specs.trace.plans import due as due_instants
from gnomon.specs.trace.plans import planned_at
from gnomon.specs.trace.trace import Trace

_Progress = (
    events.Published
    | events.Claimed
    | events.Started
    | events.Finished
    | events.Reclaimed
    | events.Lost
    | events.Expired
    | events.DeadLettered
    | events.Dropped
    | events.PutBack
)
"""The events by which a message makes progress; `Invoked` only describes a run."""


def patience(recording: Recording) -> int:
    """Longer than anything takes in that cluster while it is healthy (µs).

    A lease that nobody renews runs out, somebody campaigns, loads and publishes; a server that is
    gone is noticed, and what it held is run once more; a clock may be as wrong as it was made.
    """
    lease, latency = recording.cluster.lease, longest(recording.cluster.latency)
    runs = max((longest(service.duration) for service in recording.services), default=0)
    return 3 * lease + 2 * runs + 12 * latency + 2 * _clock_error(recording) + 2 * SECOND


def _clock_error(recording: Recording) -> int:
    """By how much a clock of the recording can be wrong at most (µs)."""
    error = 0
    for command in recording.commands:
        match command:
            case StepClock(by=by):
                error += abs(by)
            case DriftClock(duration=lasts, gains=gains):
                error += abs(gains) * lasts // SECOND
    return error


def why_unjudged(recording: Recording) -> str | None:
    """Why the liveness of a recording is not judged, as a clause; None if it is.

    It is judged if nothing disturbs the cluster for the patience before the end, and it is not
    paused then. Where a duration has no limit, no patience is long enough.
    """
    if isinstance(recording.cluster.latency, Lognormal):
        return "the latency has no limit"
    for service in recording.services:
        if isinstance(service.duration, Lognormal):
            return f"the duration of {service.name} has no limit"
    if _may_stay_paused(recording):
        return "the cluster may stay paused up to its end"
    if disturbed_until(recording) + patience(recording) > recording.until:
        return "its end is not quiet for long enough"
    return None


def disturbed_until(recording: Recording) -> int:
    """From when on nothing disturbs the cluster any more (µs, UTC); the end, if it stays paused.

    After a step of the store's clock, or a loss of data that may undo a correction of it, a lease
    passes until the store's time goes on.
    """
    if _may_stay_paused(recording):
        return recording.until
    pauses = _pauses(recording)
    calm = pauses[-1].at if pauses else _calm_from(recording)
    is_clock_stepped = any(isinstance(command, StepStoreClock) for command in recording.commands)
    return calm + recording.cluster.lease if is_clock_stepped else calm


def _may_stay_paused(recording: Recording) -> bool:
    """Whether the cluster is paused, and nothing is certain to resume it.

    An outage refuses the command that resumes the cluster, and a loss of data undoes it.
    """
    pauses = _pauses(recording)
    if not pauses:
        return False
    return isinstance(pauses[-1], PauseCluster) or pauses[-1].at < _calm_from(recording)


def _pauses(recording: Recording) -> list[PauseCluster | ResumeCluster]:
    """The commands that pause and resume the cluster; none if none pauses it."""
    pauses = [c for c in recording.commands if isinstance(c, PauseCluster | ResumeCluster)]
    return pauses if any(isinstance(command, PauseCluster) for command in pauses) else []


def _calm_from(recording: Recording) -> int:
    """When the last disturbance has ended (µs, UTC); the start, if there is none."""
    ends = [end for command in recording.commands for end in _disturbs_until(command)]
    return max(ends, default=recording.start)


def _disturbs_until(command: Command) -> Iterator[int]:
    """The instant until which a command disturbs the cluster (µs, UTC); none if it does not.

    A cut disturbs it when it begins: the other servers can do without the one that is cut off, as
    without one that has crashed. A message whose link is disturbed may be late by the delay.
    """
    match command:
        case CutServer(at=at):
            yield at
        case DisturbServer(at=at, duration=duration, delay=delay):
            yield at + duration + delay
        case _ if isinstance(command, LastingFault):
            yield command.at + command.duration
        case _ if isinstance(command, Fault | CrashServer | StopServer):
            yield command.at


class Stuck(NamedTuple):
    """A job or a message that is stuck: the reason in a sentence, and which one it is."""

    what: str
    job: str
    message: int | None = None


def stuck(trace: Trace, patience: int) -> list[Stuck]:
    """The jobs and messages that are stuck at the end of a history, each with the reason.

    There are none if no server has been healthy for the last `patience` (µs).
    """
    since = trace.end - patience
    healthy = [
        membership for membership in trace.memberships if _is_healthy(trace, membership, since)
    ]
    if not healthy or since < trace.start:
        return []
    return [*_jobs_behind(trace, since), *_messages_behind(trace, since)]


def _is_healthy(trace: Trace, membership: Membership, since: int) -> bool:
    """Whether a server was present and without faults from `since` to the end."""
    return (
        membership.begins <= since
        and membership.ends == membership.claims_until == trace.end
        and not trace.is_disturbed(membership.server, since, trace.end)
    )


def _leader(trace: Trace, since: int) -> str:
    if not trace.terms:
        return "nobody has ever led"
    last = trace.terms[-1]
    if last.ends < since:
        return f"nobody has led since {write_instant(last.ends)}, when {last.server} ceased to"
    return f"{last.server} has led since {write_instant(last.begins)}"


def _jobs_behind(trace: Trace, since: int) -> Iterator[Stuck]:
    """Active jobs whose next occurrence was due before `since` and that made no progress since."""
    for job in trace.jobs.values():
        stage = job.stage
        if job.is_deleted or not stage.active:
            continue
        if stage.outcomes and stage.outcomes[-1][1].at >= since:
            continue
        due = next((due for due in due_instants(trace, stage) if due > job.latest_outcome), None)
        if due is not None and planned_at(stage, due) <= since and stage.begins <= since:
            was_due = f"job {job.id} was due at {write_instant(due)}, and nothing came of it"
            yield Stuck(f"{was_due}; {_leader(trace, since)}", job.id)


def _messages_behind(trace: Trace, since: int) -> Iterator[Stuck]:
    """Messages that have neither been claimed nor finished since `since`."""
    is_claiming = any(claim.at >= since for claim in reversed(trace.claims[-1:]))
    for record in trace.messages.values():
        if record.finished is not None and not record.later:
            continue
        last = _last(record)
        if last.at >= since:
            continue
        job, message = record.published.job, record.published.message
        what = f"message {message} of job {job}"
        match last:
            case events.Claimed() | events.Started():
                yield Stuck(f"{what} {_held(trace, last)}", job, message)
            case events.Published() | events.Reclaimed() | events.PutBack():
                if not is_claiming:
                    yield Stuck(f"{what} has waited since {write_instant(last.at)}", job, message)
            case (
                events.Finished()
                | events.Expired()
                | events.Lost()
                | events.DeadLettered()
                | events.Dropped()
            ):
                pass
            case _:
                assert_never(last)


def _last(record: MessageRecord) -> _Progress:
    """The last event of a message, without those of runs that were reclaimed or lost before."""
    last: _Progress = record.published
    ended = 0  # the last attempt that was taken from its worker
    for event in record.events:
        if isinstance(event, events.Reclaimed | events.Lost):
            ended = max(ended, event.attempt)
        elif isinstance(event, events.Invoked | events.Overdue) or (
            isinstance(event, RunEvent) and event.attempt <= ended
        ):
            continue
        last = event
    return last


def _held(trace: Trace, last: events.Claimed | events.Started) -> str:
    """The worker that holds a message, since when, and the faults of its server."""
    holder = f"has been held by {last.server}/{last.worker} since {write_instant(last.at)}"
    lost = trace.lost_at(last)
    if lost is not None:
        return f"{holder}, which was lost at {write_instant(lost)}"
    wrong = [f for f in trace.faults if f.target == last.server and f.ends > last.at]
    if wrong:
        return f"{holder}, which had {wrong[0].fault} from {write_instant(wrong[0].begins)} on"
    return f"{holder}, which is there and well"
