"""How a job ends: after its repeats, or with its last occurrence before its end (FIRE-3).

The one idea: a job that is active has an occurrence left, and one that has ended has none. The
oracle knows which is so.
"""

from gnomon.reference import events
from gnomon.reference.jobs import Definition
from gnomon.specs.rules import tolerances
from gnomon.specs.rules.base import Cases
from gnomon.specs.rules.kinds import Kind
from gnomon.specs.trace.entities import JobRecord, Stage
from gnomon.specs.trace.outcomes import InstantOutcome
from gnomon.specs.trace.pauses import able_to_publish_for
from gnomon.specs.trace.plans import (
    first_outcomes,
    is_unknown_when_due,
    next_due,
)
from gnomon.specs.trace.spans import first_span_from
from gnomon.specs.trace.trace import Trace


def had_time(trace: Trace, stage: Stage, grace: int, since: int) -> tuple[int, int] | None:
    """Since when a leader could publish who had time for a job after `since`, and its deadline.

    None if none had, before the stage ended. In µs.
    """
    late = deadline_of(trace, grace, since)
    ends = trace.end if stage.ends is None else stage.ends
    return None if late is None or late[1] >= ends else late


def deadline_of(trace: Trace, grace: int, since: int) -> tuple[int, int] | None:
    """The same, whatever the end of a stage or of the history."""
    patience = tolerances.catch_up(trace, grace)
    if trace.is_partial:
        patience = tolerances.lateness(trace)
    span = first_span_from(trace.cached(able_to_publish_for, patience), since)
    return None if span is None else (span[0], max(span[0], since) + patience)


def has_had_its_repeats(stage: Stage) -> bool:
    """Whether all repeats of a job have been published by the end of a stage."""
    repeats = stage.definition.repeats if stage.definition else None
    return repeats is not None and stage.published_before + stage.published >= repeats


def examine_end(cases: Cases, trace: Trace, job: JobRecord, number: int) -> None:
    """Examine whether a job was active until its last occurrence before `ends`, and no longer."""
    stage = job.stages[number]
    cause, definition = stage.cause, stage.definition
    if definition is None or definition.job_type == "one_time" or is_unknown_when_due(trace, stage):
        return
    if type(cause) is events.JobDeactivated and cause.has_ended and definition.repeats is None:
        cases.examined += 1
        if (due := still_due(trace, job, number)) is not None:
            cases.broken(cause.at, Kind.ENDED_BEFORE_LAST, job=job.id, due=due)
    if definition.ends is None or not stage.active or has_had_its_repeats(stage):
        return
    had = first_outcomes(trace, stage)
    latest, event = max(had, key=_instant_of) if had else (stage.latest_before, None)
    if next_due(definition, max(latest + 1, stage.begins)) is not None:
        return
    cases.examined += 1
    if event is not None:
        if stage.ends != event.at or not has_retired(job, number):
            cases.broken(event.at, Kind.ACTIVE_AFTER_LAST, job=job.id)
    elif late := had_time(trace, stage, definition.grace, stage.begins):
        cases.broken(late[1], Kind.ACTIVE_AFTER_LAST, job=job.id)


def _instant_of(outcome: InstantOutcome) -> int:
    return outcome[0]


def still_due(trace: Trace, job: JobRecord, number: int) -> int | None:
    """When a job would have been due next that ended with the stage before `number`.

    None if it had no occurrence left, or none by a clock of the store that was wrong.
    """
    before = job.stages[number - 1] if number else None
    if trace.was_clock_wrong(job.stages[number].begins):
        return None
    if before is None or before.definition is None or not before.active:
        return None
    if is_unknown_when_due(trace, before):
        return None
    since = max(before.begins, job.stages[number].latest_before + 1)
    return next_due(before.definition, since)


def has_retired(job: JobRecord, number: int) -> bool:
    """Whether a job was made inactive, or deleted, at the end of the stage of that number."""
    if number + 1 == len(job.stages):
        return job.is_deleted
    following = job.stages[number + 1]
    return not following.active or type(following.cause) is events.JobCreated


def examine_single_occurrence(cases: Cases, trace: Trace, stage: Stage) -> None:
    """Examine whether a one-time job that has ended has had its occurrence."""
    cause, definition = stage.cause, stage.definition
    if definition is None or definition.job_type != "one_time":
        return
    if type(cause) is events.JobDeactivated and cause.has_ended:
        cases.examined += 1
        due = definition.start_date
        if stage.latest_before < due and not trace.was_clock_wrong(stage.begins):
            cases.broken(cause.at, Kind.ENDED_BEFORE_LAST, job=stage.job, due=due)


def examine_passed_end(cases: Cases, stage: Stage, definition: Definition) -> None:
    """Examine whether the end of a job had passed when it became active."""
    if definition.ends is not None:
        cases.examined += 1
        if definition.ends <= stage.begins:
            cause = stage.cause
            cases.broken(cause.at, Kind.ACTIVE_AFTER_END, job=stage.job, due=definition.ends)
