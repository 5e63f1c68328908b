"""States of jobs that end: by their repeats, at their end, or with no occurrence left."""

from collections.abc import Iterator
from itertools import pairwise

from gnomon.reference import events
from gnomon.simulator.fuzz.reachability.base import state, vacancies
from gnomon.specs.trace.entities import Stage
from gnomon.specs.trace.trace import Trace


def _ended(trace: Trace) -> Iterator[tuple[Stage, Stage]]:
    """Each active stage after which a job had ended, and the stage that follows."""
    for job in trace.jobs.values():
        for before, after in pairwise(job.stages):
            cause = after.cause
            if before.active and isinstance(cause, events.JobDeactivated) and cause.has_ended:
                yield before, after


def _has_end(stage: Stage) -> bool:
    return stage.fields.get("ends") is not None


@state
def cron_job_ended_by_repeats(trace: Trace) -> bool:
    """A cron job was published for the last of its repeats, and ended."""
    return any(
        before.definition is not None
        and before.definition.job_type == "cron_style"
        and before.definition.repeats is not None
        and bool(before.outcomes)
        and after.published_before >= before.definition.repeats
        for before, after in _ended(trace)
    )


@state
def ended_at_its_end(trace: Trace) -> bool:
    """A job with an end ended together with the outcome of its last occurrence."""
    return any(
        _has_end(before) and bool(before.outcomes) and before.outcomes[-1][1].at == after.begins
        for before, after in _ended(trace)
    )


@state
def no_occurrence_left(trace: Trace) -> bool:
    """A leader found that no occurrence of a job was left before its end, and ended it."""
    return any(
        _has_end(before) and not before.outcomes and after.begins > before.begins
        for before, after in _ended(trace)
    )


@state
def end_moved_into_the_past(trace: Trace) -> bool:
    """An edit moved the end of a job into the past, and ended it."""
    return any(
        _has_end(before)
        and type(before.cause) is events.JobEdited
        and after.begins == before.begins
        for before, after in _ended(trace)
    )


@state
def end_passed_while_nobody_led(trace: Trace) -> bool:
    """A job's end passed while nobody led, and an occurrence missed before it was published."""
    gaps = trace.cached(vacancies)
    for before, after in _ended(trace):
        definition = before.definition
        if definition is None or definition.ends is None or not before.outcomes:
            continue
        due, event = before.outcomes[-1]
        missed = isinstance(event, events.Published) and event.at == after.begins
        if missed and any(begins <= due and definition.ends <= ends for begins, ends in gaps):
            return True
    return False


@state
def active_again_after_its_end(trace: Trace) -> bool:
    """A job that had ended was activated after its end had been moved."""
    return any(
        isinstance(stage.cause, events.JobActivated)
        and any(_has_end(before) for before, after in _ended(trace) if after.job == stage.job)
        for stage in trace.stages
    )
