"""FIRE-1 to FIRE-11: a job is published when it is due, and at no other time.

The one idea: an instant that was given an outcome in a stage of its job either lies on the plan of
that stage's definition or does not. What does not is told of by FIRE-1 to FIRE-5; what does, but
lies before the instant from which the stage counts, by FIRE-8, FIRE-9 or FIRE-10; what was given
an outcome before, by PUB-1 or HIST-1. So no occurrence is told of twice.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from gnomon.reference import events, oracle
from gnomon.reference.schedule.clock import HOUR, write_instant
from gnomon.specs.rules.base import Cases, Finding, rule
from gnomon.specs.rules.times import led
from gnomon.specs.trace.entities import JobRecord, Stage
from gnomon.specs.trace.trace import Trace

Among = Callable[[int], bool]


def is_stale(stage: Stage, event: Any) -> bool:
    """Whether a message carries an earlier revision than its job has: FIRE-8 tells of it."""
    return type(event) is events.Published and event.revision < stage.revision


def _is_on_plan(stage: Stage, instant: int) -> bool:
    """Whether a stage's definition is due at `instant`, whenever the stage counts from."""
    definition = stage.definition
    return definition is not None and instant in oracle.due_instants(
        definition, instant, instant + 1
    )


def _stages(trace: Trace, job_type: str) -> Iterator[Stage]:
    for stage in trace.stages:
        definition = stage.definition
        if stage.active and definition is not None and definition.job_type == job_type:
            yield stage


class Overdue(NamedTuple):
    """An occurrence due at `instant` had no outcome by `deadline`, though a leader had the time.

    If nobody could lead when it was due (`was_led`), LEAD-4 tells of it. In µs.
    """

    instant: int
    deadline: int
    was_led: bool


def overdue(trace: Trace) -> dict[Stage, list[Overdue]]:
    """What nothing came of in each stage, if anything."""
    found = {stage: list(_overdue_in(trace, stage)) for stage in trace.stages if stage.active}
    return {stage: instants for stage, instants in found.items() if instants}


def _overdue_in(trace: Trace, stage: Stage) -> Iterator[Overdue]:
    """What lies ahead of the cursor of a stage and has had its time.

    A leader that catches up goes through a long list bit by bit: its time begins anew with each
    outcome.
    """
    ahead, spans = _ahead(trace, stage), trace.cached(led)
    if not ahead or not spans or _has_had_its_repeats(stage):
        return
    assert stage.definition is not None
    patience = stage.definition.grace + trace.lease + 4 * trace.travel
    ends = trace.end if stage.ends is None else stage.ends
    at_work_until = stage.outcomes[-1][1].at if stage.outcomes else stage.begins
    number = bisect_right(spans, ahead[0], key=lambda span: span[1])
    for instant in ahead:
        begins = max(instant, stage.begins)
        since = max(begins, at_work_until)
        while number < len(spans) and max(spans[number][0], since) + patience >= spans[number][1]:
            number += 1
        if number == len(spans):
            return
        deadline = max(spans[number][0], since) + patience
        if deadline >= ends:
            return
        yield Overdue(instant, deadline, spans[number][0] <= begins)


def _ahead(trace: Trace, stage: Stage) -> list[int]:
    """The due instants of a stage ahead of its cursor; a hole before it is for HIST-1 to tell."""
    due = trace.due(stage)
    if trace.follows_plan(stage):
        return due[len(stage.outcomes) :]
    settled = {instant for instant, _ in stage.outcomes}
    cursor = max(settled.intersection(due), default=-1)
    return due[bisect_right(due, cursor) :]


def _examine_dueness(cases: Cases, trace: Trace, stage: Stage, among: Among | None = None) -> None:
    """Hold what had an outcome against what was due, among the instants that `among` accepts."""
    if trace.follows_plan(stage):
        settled = len(stage.outcomes)
        cases.examined += settled if among is None else sum(map(among, trace.due(stage)[:settled]))
    else:
        expected = set(trace.due(stage))
        for instant, event in stage.outcomes:
            if not is_stale(stage, event) and (among is None or among(instant)):
                cases.examined += 1
                if instant not in expected and not _is_on_plan(stage, instant):
                    cases.broken(
                        event.at,
                        f"job {stage.job}: {event.__struct_config__.tag} for "
                        f"{write_instant(instant)}, when it was not due",
                    )
    for instant, deadline, was_led in trace.cached(overdue).get(stage, ()):
        if was_led and (among is None or among(instant)):
            cases.examined += 1
            cases.broken(
                deadline,
                f"job {stage.job}: due at {write_instant(instant)}, and nothing came of it",
            )


def _has_had_its_repeats(stage: Stage) -> bool:
    repeats = stage.definition.repeats if stage.definition else None
    if repeats is None:
        return False
    return stage.published_before + stage.published >= repeats


@rule("FIRE-1")
def a_one_time_job_is_due_once(trace: Trace) -> Finding:
    """At its start_date, and never again."""
    cases = Cases()
    for stage in _stages(trace, "one_time"):
        _examine_dueness(cases, trace, stage)
    return cases.finding()


@rule("FIRE-2")
def an_interval_job_keeps_to_its_grid(trace: Trace) -> Finding:
    """start_date + k·interval, whatever was late."""
    cases = Cases()
    for stage in _stages(trace, "interval_based"):
        _examine_dueness(cases, trace, stage)
    return cases.finding()


@rule("FIRE-3")
def repeats_are_counted_over_the_whole_life(trace: Trace) -> Finding:
    """At most `repeats` are published; after the last the job is inactive."""
    cases = Cases()
    for job in trace.jobs.values():
        for number, stage in enumerate(job.stages):
            repeats = stage.definition.repeats if stage.definition else None
            if repeats is None:
                continue
            published, last_at = stage.published_before, None
            for _, event in stage.outcomes:
                if type(event) is events.Published:
                    published, last_at = published + 1, event.at
                    cases.examined += 1
                    if published > repeats:
                        cases.broken(
                            last_at,
                            f"job {job.id}: {published} were published, and repeats is {repeats}",
                        )
            if last_at is not None and published == repeats and stage.active:
                cases.examined += 1
                if stage.ends != last_at or not _has_retired(job, number):
                    cases.broken(
                        last_at, f"job {job.id}: has had its last occurrence and is still active"
                    )
    return cases.finding()


def _has_retired(job: JobRecord, number: int) -> bool:
    """Whether a job was made inactive, or deleted, at the end of the stage of that number."""
    if number + 1 == len(job.stages):
        return job.is_deleted
    following = job.stages[number + 1]
    return not following.active or type(following.cause) is events.JobCreated


@rule("FIRE-4")
def a_cron_job_is_due_when_its_fields_match(trace: Trace) -> Finding:
    """At every matching minute, away from changes of offset."""
    cases = Cases()
    for stage in _stages(trace, "cron_style"):
        if _zone(stage) == "UTC":
            _examine_dueness(cases, trace, stage)
        else:
            _examine_dueness(cases, trace, stage, _away_from_changes(_zone(stage)))
    return cases.finding()


@rule("FIRE-5")
def a_cron_job_survives_changes_of_offset(trace: Trace) -> Finding:
    """Within a day of a change of offset: real time or wall clock, as its fields say."""
    cases = Cases()
    for stage in _stages(trace, "cron_style"):
        if _zone(stage) != "UTC":
            _examine_dueness(cases, trace, stage, _near_changes(_zone(stage)))
    return cases.finding()


def _zone(stage: Stage) -> str:
    assert stage.definition is not None
    return stage.definition.timezone


def _near_changes(zone: str) -> Among:
    return lambda instant: _is_near_change(zone, instant // HOUR)


def _away_from_changes(zone: str) -> Among:
    return lambda instant: not _is_near_change(zone, instant // HOUR)


@lru_cache(maxsize=65_536)
def _is_near_change(zone: str, hour: int) -> bool:
    return oracle.near_change(zone, hour * HOUR)


@rule("FIRE-6")
def nothing_is_published_before_it_is_due(trace: Trace) -> Finding:
    """By the store's clock."""
    cases = Cases()
    cases.examined = len(trace.messages)
    for record in trace.messages.values():
        event = record.published
        if event.at < event.due:
            cases.broken(
                event.at,
                f"job {event.job}: published before it was due, {write_instant(event.due)}",
            )
    return cases.finding()


@rule("FIRE-7")
def what_is_inactive_or_deleted_publishes_nothing(trace: Trace) -> Finding:
    """From the instant at which that took effect; of an inactive job, runs on demand excepted."""
    cases = Cases()
    for job in trace.jobs.values():
        for stage in job.stages:
            if not stage.active:
                cases.examined += 1
                for _, event in stage.outcomes:
                    if type(event) is events.Published:
                        cases.broken(event.at, f"job {job.id}: published while it was inactive")
        cases.examined += job.is_deleted
        for event in job.after_deletion:
            if type(event) is events.Published:
                cases.broken(event.at, f"job {job.id}: published after it was deleted")
    return cases.finding()


def _examine_beginning(cases: Cases, stage: Stage, why: str) -> None:
    """Hold what was given an outcome in a stage against the instant from which it counts."""
    assert stage.definition is not None
    for instant, event in stage.outcomes:
        if is_stale(stage, event):
            continue
        cases.examined += 1
        is_too_early = instant < stage.begins and not _is_late_start(stage, instant)
        if is_too_early and _is_on_plan(stage, instant):
            cases.broken(event.at, f"job {stage.job}: {write_instant(instant)} {why}")


def _is_late_start(stage: Stage, instant: int) -> bool:
    """Whether a one-time job may still have its occurrence as a misfire (FIRE-8, FIRE-10)."""
    assert stage.definition is not None
    return (
        stage.definition.job_type == "one_time"
        and instant > stage.latest_before
        and type(stage.cause) is not events.JobActivated
    )


@rule("FIRE-8")
def an_edit_leaves_nothing_of_the_old_behind(trace: Trace) -> Finding:
    """After it only the new definition is published, from that instant on, under the new name."""
    cases = Cases()
    for stage in trace.stages:
        if type(stage.cause) is events.JobEdited and stage.active and stage.definition is not None:
            _examine_beginning(
                cases, stage, "lies before the edit from which the definition counts"
            )
    for record in trace.messages.values():
        event, current = record.published, record.stage
        if current is None or event.revision >= current.revision or not current.active:
            continue
        if record.revision_stage is not None:
            cases.examined += 1
            cases.broken(
                event.at,
                f"job {event.job}: {write_instant(event.due)} published as revision "
                f"{event.revision}, {event.name!r}, when the job was at {current.revision}",
            )
    return cases.finding()


@rule("FIRE-9")
def inactive_time_is_not_made_up(trace: Trace) -> Finding:
    """After its activation a job publishes only what is due from then on."""
    cases = Cases()
    for stage in trace.stages:
        if type(stage.cause) is events.JobActivated and stage.definition is not None:
            _examine_beginning(cases, stage, "lies in its inactive time")
    return cases.finding()


@rule("FIRE-10")
def a_passed_start_is_not_made_up(trace: Trace) -> Finding:
    """An interval or cron job begins at its first instant from its creation on."""
    cases = Cases()
    for stage in trace.stages:
        definition = stage.definition
        if type(stage.cause) is not events.JobCreated or not stage.active or definition is None:
            continue
        if definition.start_date < stage.begins:
            _examine_beginning(cases, stage, "lies before its creation")
    return cases.finding()


@rule("FIRE-11")
def a_run_on_demand_is_beside_the_plan(trace: Trace) -> Finding:
    """It is published at once, stands for no occurrence and folds none in."""
    cases = Cases()
    for record in trace.messages.values():
        event = record.published
        if event.on_demand:
            cases.examined += 1
            if event.due != event.at or event.coalesced:
                cases.broken(
                    event.at,
                    f"job {event.job}: a run on demand stands for {write_instant(event.due)} "
                    f"and {event.coalesced} others",
                )
    for stage in trace.stages:
        _examine_end(cases, stage)
    return cases.finding()


def _examine_end(cases: Cases, stage: Stage) -> None:
    """Whether a job has ended with some of its repeats left: then something else was counted."""
    cause, repeats = stage.cause, stage.definition.repeats if stage.definition else None
    if type(cause) is events.JobDeactivated and cause.has_ended and repeats is not None:
        cases.examined += 1
        if stage.published_before < repeats:
            cases.broken(
                cause.at,
                f"job {stage.job}: has ended after {stage.published_before} of {repeats} repeats",
            )
