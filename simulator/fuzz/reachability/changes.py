"""States of jobs that are changed, and of faults."""

from collections.abc import Iterator
from itertools import pairwise

from gnomon.reference import events
from gnomon.reference.events import STORE
from gnomon.simulator.fuzz.reachability.base import every, faults_of_leaders, state, vacancies
from gnomon.specs.trace.entities import Membership, Stage
from gnomon.specs.trace.pauses import paused
from gnomon.specs.trace.spans import contains
from gnomon.specs.trace.trace import Trace

# --- jobs


@state
def edited_while_running(trace: Trace) -> bool:
    """A job was edited while one of its runs was going on."""
    return any(
        run.begins < edit.at and (run.ends is None or edit.at < run.ends)
        for edit in every(trace, events.JobEdited)
        for run in trace.runs_by_job.get(edit.job, [])
    )


@state
def ran_after_deletion(trace: Trace) -> bool:
    """A message of a job that had been deleted was run."""
    return any(
        run.begins > deletion.at > run.record.published.at
        for deletion in every(trace, events.JobDeleted)
        for run in trace.runs_by_job.get(deletion.job, [])
    )


@state
def inactive_job_executed(trace: Trace) -> bool:
    """An inactive job was run on demand."""
    return any(
        record.published.on_demand and record.stage is not None and not record.stage.active
        for record in trace.messages.values()
    )


@state
def extra_data_was_given(trace: Trace) -> bool:
    """A run on demand had another payload than the job's extra data."""
    return any(
        event.extra_given
        and record.stage is not None
        and event.payload != record.stage.fields.get("extra")
        for record in trace.messages.values()
        for event in [record.published]
    )


@state
def executed_while_nobody_led(trace: Trace) -> bool:
    """A job was run on demand while nobody led."""
    gaps = trace.cached(vacancies)
    return any(
        begins < event.at < ends
        for event in every(trace, events.Published)
        if event.on_demand
        for begins, ends in gaps
    )


def _used_up(trace: Trace) -> Iterator[Stage]:
    """The stages in which a job was published for the last of its repeats."""
    for job in trace.jobs.values():
        for before, after in pairwise(job.stages):
            last = before.outcomes[-1][1] if before.outcomes else None
            ended = isinstance(after.cause, events.JobDeactivated)
            with_message = isinstance(last, events.Published) and last.at == after.begins
            if ended and with_message and before.fields.get("repeats") is not None:
                yield before


@state
def repeats_used_up(trace: Trace) -> bool:
    """A job was published for the last of its repeats."""
    return any(True for _ in _used_up(trace))


@state
def repeats_used_up_by_two_leaders(trace: Trace) -> bool:
    """The repeats of a job were published by more than one leader."""
    return any(
        len({event.epoch for _, event in stage.outcomes if isinstance(event, events.Published)}) > 1
        for stage in _used_up(trace)
    )


@state
def job_reactivated(trace: Trace) -> bool:
    """An inactive job was made active."""
    return bool(every(trace, events.JobActivated))


@state
def job_created_anew(trace: Trace) -> bool:
    """A job was created under the id of one that had been deleted."""
    return any(
        isinstance(stage.cause, events.JobCreated)
        for job in trace.jobs.values()
        for stage in job.stages[1:]
    )


@state
def definition_rejected(trace: Trace) -> bool:
    """A definition was rejected."""
    return bool(trace.rejected)


@state
def run_failed(trace: Trace) -> bool:
    """A run failed."""
    return any(event.outcome == "failed" for event in every(trace, events.Finished))


@state
def service_missing(trace: Trace) -> bool:
    """A message named a service that its server did not have."""
    for claim in trace.claims:
        record, membership = (
            trace.messages.get(claim.message),
            trace.membership_at(claim.server, claim.at),
        )
        known = None if membership is None else membership.services
        if record is not None and known is not None and record.published.service not in known:
            return True
    return False


# --- faults


@state
def two_faults_at_once(trace: Trace) -> bool:
    """Two servers, or a server and the store, had a fault at once."""
    return any(
        one.target != other.target and one.begins < other.ends and other.begins < one.ends
        for number, one in enumerate(trace.faults)
        for other in trace.faults[:number]
    )


@state
def store_away_for_a_lease(trace: Trace) -> bool:
    """The store was unreachable for longer than a lease."""
    return any(
        span.target == STORE and span.ends - span.begins > trace.lease for span in trace.faults
    )


@state
def leaders_clock_was_set(trace: Trace) -> bool:
    """A leader's clock jumped."""
    return any(span.fault == "step_clock" for _, span in faults_of_leaders(trace))


@state
def store_lost_writes(trace: Trace) -> bool:
    """The store lost writes, and jobs or messages with them."""
    return any(loss.undone for loss in every(trace, events.WritesLost))


@state
def nobody_was_there(trace: Trace) -> bool:
    """No server was present for a while, and then a server started again."""
    ends: int | None = None
    for membership in sorted(trace.memberships, key=_begins):
        if ends is not None and membership.begins > ends:
            return True
        ends = membership.ends if ends is None else max(ends, membership.ends)
    return False


def _begins(membership: Membership) -> int:
    return membership.begins


@state
def back_within_a_lease(trace: Trace) -> bool:
    """A server crashed and started again before its lease could expire."""
    crashes = {(crash.server, crash.at) for crash in every(trace, events.ServerCrashed)}
    return any(
        (server, before.ends) in crashes and after.begins - before.ends < trace.lease
        for server, memberships in trace.memberships_of.items()
        for before, after in pairwise(memberships)
    )


@state
def crashed_with_a_fault(trace: Trace) -> bool:
    """A server crashed while it had another fault."""
    return any(
        span.target == crash.server and span.begins < crash.at <= span.ends
        for crash in every(trace, events.ServerCrashed)
        for span in trace.faults
    )


@state
def due_in_a_pause_and_made_up(trace: Trace) -> bool:
    """An occurrence that was due while the cluster was paused had its outcome afterwards."""
    spans = trace.cached(paused)
    return bool(spans) and any(
        contains(spans, instant) for stage in trace.stages for instant, _ in stage.outcomes
    )


@state
def publish_refused_in_a_pause(trace: Trace) -> bool:
    """The store refused to publish, because the cluster was paused."""
    return any(refused.why == "paused" for refused in trace.refused)


@state
def executed_in_a_pause(trace: Trace) -> bool:
    """A run on demand was published while the cluster was paused."""
    spans = trace.cached(paused)
    return bool(spans) and any(
        published.on_demand and contains(spans, published.at)
        for published in every(trace, events.Published)
    )


@state
def leader_changed_in_a_pause(trace: Trace) -> bool:
    """Another server led at the end of a pause than at its beginning."""
    ends = ((trace.term_at(begins), trace.term_at(ends)) for begins, ends in trace.cached(paused))
    return any(first and last and first.server != last.server for first, last in ends)
