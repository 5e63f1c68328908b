"""Liveness: what is stuck at the end of a run, and why.

The one idea: time is no measure of a cluster that has much to do, progress is. What is still open
at the end is stuck if nothing has come of it for longer than anything takes in a healthy cluster,
the `patience`, and if there was a healthy server all that while.
"""

from collections.abc import Iterator

from gnomon.reference import events
from gnomon.reference.schedule.clock import SECOND, write_instant
from gnomon.specs.recording.model import ClockDrift, ClockStep, Recording, longest
from gnomon.specs.trace.entities import Membership, MessageRecord
from gnomon.specs.trace.trace import Trace


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
        match command.fault:
            case ClockStep(by=by):
                error += abs(by)
            case ClockDrift(lasts=lasts, gains=gains):
                error += abs(gains) * lasts // SECOND
    return error


def stuck(trace: Trace, patience: int) -> list[str]:
    """What of a history is stuck at its end, each with its reason.

    Nothing if no server has been healthy for the last `patience` (µs): then nothing was owed.
    """
    since = trace.end - patience
    healthy = [
        membership for membership in trace.memberships if _is_healthy(trace, membership, since)
    ]
    if not healthy or since < trace.start:
        return []
    return [*_jobs_behind(trace, since), *_messages_behind(trace, since)]


def _is_healthy(trace: Trace, membership: Membership, since: int) -> bool:
    """Whether a server was there, and nothing was wrong with it, from `since` to the end."""
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


def _jobs_behind(trace: Trace, since: int) -> Iterator[str]:
    """Active jobs whose next occurrence was due long ago, and that have not moved since."""
    for job in trace.jobs.values():
        stage = job.stage
        if job.is_deleted or not stage.active:
            continue
        if stage.outcomes and stage.outcomes[-1][1].at >= since:
            continue
        due = next((due for due in trace.due(stage) if due > job.latest_outcome), None)
        if due is not None and due <= since and stage.begins <= since:
            was_due = f"job {job.id} was due at {write_instant(due)}, and nothing came of it"
            yield f"{was_due}; {_leader(trace, since)}"


def _messages_behind(trace: Trace, since: int) -> Iterator[str]:
    """Messages that nobody has taken in hand, or that nobody has finished, for long."""
    is_claiming = any(claim.at >= since for claim in reversed(trace.claims[-1:]))
    for record in trace.messages.values():
        if record.finished is not None and not record.later:
            continue
        last = _last(record)
        if last.at >= since or type(last) in _ENDS:
            continue
        what = f"message {record.published.message} of job {record.published.job}"
        if isinstance(last, events.Claimed | events.Started):
            yield f"{what} {_held(trace, last)}"
        elif not is_claiming:
            yield f"{what} has waited since {write_instant(last.at)}"


_ENDS = (events.Finished, events.Expired, events.Lost, events.DeadLettered)


def _last(record: MessageRecord) -> events.Event:
    """What came last of a message, but for what a run did that had been given up for lost."""
    last: events.Event = record.published
    given_up = 0
    for event in record.events:
        if type(event) is events.Reclaimed:
            given_up = max(given_up, event.attempt)
        elif type(event) is events.Invoked or getattr(event, "attempt", given_up + 1) <= given_up:
            continue
        last = event
    return last


def _held(trace: Trace, last: events.Claimed | events.Started) -> str:
    """Who holds a message, since when, and what is wrong with them."""
    holder = f"has been held by {last.server}/{last.worker} since {write_instant(last.at)}"
    lost = trace.lost_at(last)
    if lost is not None:
        return f"{holder}, which was lost at {write_instant(lost)}"
    wrong = [f for f in trace.faults if f.target == last.server and f.ends > last.at]
    if wrong:
        return f"{holder}, which had {wrong[0].fault} from {write_instant(wrong[0].begins)} on"
    return f"{holder}, which is there and well"
