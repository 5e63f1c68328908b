"""FIRE-1 to FIRE-11: a job is published when it is due, and at no other time.

The one idea: an instant that had an outcome in a stage of its job is one at which the stage's
definition is due, or it is not. FIRE-1 to FIRE-5 report the instants that are not due; FIRE-8,
FIRE-9 and FIRE-10 those that are due, but before the stage began; PUB-1 and HIST-1 those that had
an outcome before. ``attribution`` has the table.
"""

from gnomon.reference import events
from gnomon.specs.rules.attribution import (
    BEFORE_STAGE,
    LATE,
    NOT_DUE,
    Occurrence,
    due_rules,
    rule_for,
)
from gnomon.specs.rules.base import Cases, rule
from gnomon.specs.rules.ending import (
    deadline_of,
    examine_end,
    examine_passed_end,
    examine_single_occurrence,
    has_retired,
    still_due,
)
from gnomon.specs.rules.kinds import Kind
from gnomon.specs.rules.overdue import overdue
from gnomon.specs.trace.entities import Stage
from gnomon.specs.trace.plans import (
    current_outcomes,
    early,
    is_due_at,
    is_unknown_when_due,
    not_due,
    on_demand,
)
from gnomon.specs.trace.trace import Trace

# --- what FIRE-1 to FIRE-5 have in common


def _examine_dueness(cases: Cases, trace: Trace) -> None:
    """Examine, in each stage in which a job is active, the instants that this rule judges.

    Every occurrence that had an outcome: its instant must be one at which the definition is due.
    Every due instant ahead of the cursor: it must not be left without an outcome although there was
    time for it.
    """
    for stage in trace.stages:
        if not stage.active or stage.definition is None or is_unknown_when_due(trace, stage):
            continue
        rules = due_rules(stage.definition)
        if cases.id not in rules:
            continue
        outcomes = current_outcomes(trace, stage)
        if len(rules) == 1:
            cases.examined += len(outcomes)
        else:
            cases.examined += sum(
                rule_for(NOT_DUE, trace, Occurrence(stage, instant)) == cases.id
                for instant, _ in outcomes
            )
        for instant, event in not_due(trace, stage):
            if rule_for(NOT_DUE, trace, Occurrence(stage, instant)) == cases.id:
                cases.broken(
                    event.at,
                    Kind.NOT_DUE,
                    job=stage.job,
                    due=instant,
                    outcome=events.kind_of(event),
                )
        for instant, deadline, was_led in trace.cached(overdue).get(stage, ()):
            if rule_for(LATE, trace, Occurrence(stage, instant, was_led)) == cases.id:
                cases.examined += 1
                cases.broken(deadline, Kind.NO_OUTCOME_IN_TIME, job=stage.job, due=instant)


# --- the rules


@rule("FIRE-1", "jobs", "servers", "firings")
def a_one_time_job_is_due_once(cases: Cases, trace: Trace) -> None:
    """A one-time job is due exactly once, at its `start_date`.

    It does not end before that occurrence has had its outcome.
    """
    _examine_dueness(cases, trace)
    for job in trace.jobs.values() if trace.observes("endings") else ():
        for stage in job.stages:
            examine_single_occurrence(cases, trace, stage)


@rule("FIRE-2", "jobs", "servers", "firings")
def an_interval_job_keeps_to_its_grid(cases: Cases, trace: Trace) -> None:
    """An interval-based job is due at `start_date` + k·interval for k = 0, 1, 2 and so on, and at
    no other instant.
    """
    _examine_dueness(cases, trace)


@rule("FIRE-3", "jobs", "firings")
def repeats_are_counted_over_the_whole_life(cases: Cases, trace: Trace) -> None:
    """A job with `repeats` publishes at most that many occurrences over its whole life, across
    restarts, failovers and edits.

    When the last occurrence has been published, or none is left before `ends`, the job is
    deactivated or deleted at that instant.
    """
    sees_endings = trace.observes("endings")
    for job in trace.jobs.values():
        for number, stage in enumerate(job.stages):
            if sees_endings:
                examine_end(cases, trace, job, number)
            repeats = stage.definition.repeats if stage.definition else None
            if repeats is None:
                continue
            published, last_at = stage.published_before, None
            for _, event in stage.outcomes:
                if isinstance(event, events.FIRINGS):
                    published, last_at = published + 1, event.at
                    cases.examined += 1
                    if published > repeats:
                        cases.broken(
                            event.at,
                            Kind.TOO_MANY_REPEATS,
                            job=job.id,
                            message=event.message,
                            expected=repeats,
                            observed=published,
                        )
            is_over = published == repeats and stage.active
            if last_at is not None and is_over and sees_endings:
                cases.examined += 1
                if stage.ends != last_at or not has_retired(job, number):
                    cases.broken(last_at, Kind.ACTIVE_AFTER_LAST, job=job.id)


@rule("FIRE-4", "jobs", "servers", "firings")
def a_cron_job_is_due_when_its_fields_match(cases: Cases, trace: Trace) -> None:
    """A cron-style job is due at the beginning of every minute, from `start_date` on, that its
    fields match.
    """
    _examine_dueness(cases, trace)


@rule("FIRE-5", "jobs", "servers", "firings")
def a_cron_job_survives_changes_of_offset(cases: Cases, trace: Trace) -> None:
    """A cron-style job may carry an IANA time zone, and when the zone's UTC offset changes, the
    job's definition decides whether it follows real time or the wall clock.
    """
    _examine_dueness(cases, trace)


@rule("FIRE-6", "firings", "due")
def nothing_is_published_before_it_is_due(cases: Cases, trace: Trace) -> None:
    """No message is published before the instant it stands for, by the store's clock."""
    cases.examined = sum(firing.fired.due is not None for firing in trace.firings)
    if trace.observes("messages"):
        cases.examined += len(trace.messages)
    for event in early(trace):
        cases.broken(
            event.at, Kind.PUBLISHED_EARLY, job=event.job, message=event.message, due=event.due
        )


@rule("FIRE-7", "jobs", "firings")
def what_is_inactive_or_deleted_publishes_nothing(cases: Cases, trace: Trace) -> None:
    """From the instant at which a job is deactivated or deleted, none of its occurrences is
    published, not even one that was due before.
    """
    for job in trace.jobs.values():
        for stage in job.stages:
            if not stage.active:
                cases.examined += 1
                for _, event in stage.outcomes:
                    if isinstance(event, events.FIRINGS):
                        cases.broken(
                            event.at, Kind.PUBLISHED_INACTIVE, job=job.id, message=event.message
                        )
        cases.examined += job.is_deleted
        for event in job.after_deletion:
            if isinstance(event, events.FIRINGS):
                cases.broken(event.at, Kind.PUBLISHED_DELETED, job=job.id, message=event.message)


def _examine_beginning(cases: Cases, trace: Trace, stage: Stage, kind: Kind) -> None:
    """Examine the outcomes in a stage: none is of an instant that was due before it began."""
    for instant, event in stage.outcomes:
        if stage.is_outdated(event):
            continue
        cases.examined += 1
        if (
            instant < stage.begins
            and not _is_late_start(stage, instant)
            and is_due_at(trace, stage, instant)
            and rule_for(BEFORE_STAGE, trace, Occurrence(stage, instant)) == cases.id
        ):
            cases.broken(event.at, kind, job=stage.job, due=instant)


def _is_late_start(stage: Stage, instant: int) -> bool:
    """Whether a one-time job may still have its occurrence as a misfire (FIRE-8, FIRE-10)."""
    definition = stage.definition
    return (
        definition is not None
        and definition.job_type == "one_time"
        and instant > stage.latest_before
        and type(stage.cause) is not events.JobActivated
    )


@rule("FIRE-8", "jobs", "firings")
def an_edit_leaves_nothing_of_the_old_behind(cases: Cases, trace: Trace) -> None:
    """After an edit only occurrences of the new definition are published, from the instant of the
    edit on, under the new name and revision.

    So there is no outcome of an instant before the edit, and no message with a lower revision. If
    revisions are not observed, there is no run when only the old definition was due.
    """
    for stage in trace.stages:
        if type(stage.cause) is events.JobEdited and stage.active and stage.definition is not None:
            _examine_beginning(cases, trace, stage, Kind.BEFORE_EDIT)
            if not trace.observes("messages"):
                _examine_old_definition(cases, trace, stage)
    for record in trace.messages.of_other_revisions() if trace.observes("messages") else ():
        event, current = record.published, record.stage
        if current is None or event.revision >= current.revision or not current.active:
            continue
        if record.revision_stage is not None:
            cases.examined += 1
            cases.broken(
                event.at,
                Kind.EARLIER_REVISION,
                job=event.job,
                message=event.message,
                due=event.due,
                name=event.name,
                expected=current.revision,
                observed=event.revision,
            )


def _examine_old_definition(cases: Cases, trace: Trace, stage: Stage) -> None:
    """Examine whether the definition from before an edit still has runs after it."""
    for instant, event in not_due(trace, stage):
        if rule_for(NOT_DUE, trace, Occurrence(stage, instant)) == cases.id:
            cases.broken(event.at, Kind.OLD_DEFINITION, job=stage.job, due=instant)


@rule("FIRE-9", "jobs", "firings")
def inactive_time_is_not_made_up(cases: Cases, trace: Trace) -> None:
    """A job that is activated continues with its grid, or with its cron definition, from that
    instant on: occurrences that were due while it was inactive get no outcome.
    """
    for stage in trace.stages:
        if type(stage.cause) is events.JobActivated and stage.definition is not None:
            _examine_beginning(cases, trace, stage, Kind.IN_INACTIVE_TIME)
            examine_passed_end(cases, stage, stage.definition)


@rule("FIRE-10", "jobs", "firings")
def a_passed_start_is_not_made_up(cases: Cases, trace: Trace) -> None:
    """If the `start_date` of an interval-based or cron-style job has passed when the job is
    created, the job is first due at its first instant from the creation on.
    """
    for stage in trace.stages:
        definition = stage.definition
        if type(stage.cause) is not events.JobCreated or not stage.active or definition is None:
            continue
        if definition.start_date < stage.begins:
            _examine_beginning(cases, trace, stage, Kind.BEFORE_CREATION)
            if stage.cause.published is None:  # the job is not older than the history
                examine_passed_end(cases, stage, definition)


@rule("FIRE-11", "jobs", "servers", "firings")
def a_run_on_demand_is_beside_the_plan(cases: Cases, trace: Trace) -> None:
    """A job may be run on demand, active or inactive, and its message is published at once: it
    stands for the instant at which it is published.

    It coalesces no occurrence and does not count towards `repeats`: a job that has ended has
    published all of them, unless none was left before its `ends`.
    """
    for event in trace.cached(on_demand) if trace.observes("due") else ():
        if event.due is not None:
            cases.examined += 1
            coalesced = event.coalesced if type(event) is events.Published else 0
            if event.due != event.at or coalesced:
                cases.broken(
                    event.at,
                    Kind.ON_DEMAND_FOR_PLAN,
                    job=event.job,
                    message=event.message,
                    due=event.due,
                    observed=coalesced,
                )
    _examine_requests(cases, trace)
    for job in trace.jobs.values() if trace.observes("endings") else ():
        for number, stage in enumerate(job.stages):
            cause, repeats = stage.cause, stage.definition.repeats if stage.definition else None
            if type(cause) is events.JobDeactivated and cause.has_ended and repeats is not None:
                cases.examined += 1
                if stage.published_before < repeats and still_due(trace, job, number) is not None:
                    cases.broken(
                        cause.at,
                        Kind.ENDED_EARLY,
                        job=stage.job,
                        expected=repeats,
                        observed=stage.published_before,
                    )


def _examine_requests(cases: Cases, trace: Trace) -> None:
    """Examine whether each request of a partial history led to a run in time."""
    on_demand = [f.fired for f in trace.firings if f.fired.on_demand]
    for request in trace.requests:
        run = next((e for e in on_demand if e.job == request.job and e.at >= request.at), None)
        deadline = deadline_of(trace, 0, request.at)
        if run is not None:
            on_demand.remove(run)
        if deadline is None or deadline[0] > request.at or deadline[1] >= trace.end:
            continue
        cases.examined += 1
        if run is None or run.at > deadline[1]:
            cases.broken(deadline[1], Kind.REQUEST_IGNORED, job=request.job, since=request.at)
