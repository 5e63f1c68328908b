"""MISS-1 to MISS-3: which occurrences were not published within their grace, and how they ended.

The one idea: a misfire is an outcome that came late. Of the occurrences that were due in a stage,
with the first outcome that each had there, the misfires are those whose outcome came later than
the grace, and those that were coalesced or skipped. FIRE, PUB-1 and HIST-1 report occurrences that
were not due, or had an outcome before; these rules never do.
"""

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from gnomon.reference import events
from gnomon.specs.rules import tolerances
from gnomon.specs.rules.attribution import (
    OUT_OF_ORDER,
    WITHIN_GRACE,
    Occurrence,
    TwoOutcomes,
    rule_for,
)
from gnomon.specs.rules.base import Cases, rule
from gnomon.specs.rules.kinds import Kind
from gnomon.specs.rules.overdue import unreported_misfires
from gnomon.specs.trace.entities import Stage
from gnomon.specs.trace.plans import outcomes_after, planned_at
from gnomon.specs.trace.trace import Trace


class Misfire(NamedTuple):
    """An occurrence that was due at `instant` (µs) and had its outcome late, or as if it were."""

    stage: Stage
    instant: int
    event: events.OccurrenceEvent

    @property
    def delay(self) -> int:
        """How long after it was to be published it had its outcome (µs)."""
        return self.event.at - planned_at(self.stage, self.instant)

    @property
    def grace(self) -> int:
        """How long after it was to be published it would have been no misfire (µs)."""
        return self.stage.definition.grace if self.stage.definition else 0


def misfires(trace: Trace) -> list[Misfire]:
    """Every misfire, job by job; an occurrence that was overtaken by a change is none."""
    return [misfire for stage in trace.stages for misfire in _misfires_of(trace, stage)]


def _misfires_of(trace: Trace, stage: Stage) -> Iterator[Misfire]:
    definition = stage.definition
    if not stage.active or definition is None:
        return
    grace = definition.grace
    for instant, event in outcomes_after(trace, stage, grace):
        is_late = event.at - planned_at(stage, instant) > grace
        if is_late or not isinstance(event, events.FIRINGS):
            is_overtaken = type(event) is events.Skipped and event.why != "misfire"
            if not is_overtaken and not stage.is_outdated(event):
                yield Misfire(stage, instant, event)


@rule("MISS-1", "jobs", "firings", "misfires")
def what_is_late_is_a_misfire(cases: Cases, trace: Trace) -> None:
    """An occurrence is a misfire if a leader comes to it later than the job's grace after it was
    due.

    So an occurrence that is coalesced or skipped as a misfire was due longer ago than its grace.
    """
    for misfire in trace.cached(misfires):
        if not isinstance(misfire.event, events.FIRINGS):
            cases.examined += 1
            if misfire.delay > misfire.grace:
                continue
            occurrence = Occurrence(misfire.stage, misfire.instant)
            if rule_for(WITHIN_GRACE, trace, occurrence) == cases.id:
                cases.broken(
                    misfire.event.at,
                    Kind.WITHIN_GRACE,
                    job=misfire.stage.job,
                    due=misfire.instant,
                    outcome=events.kind_of(misfire.event),
                    expected=misfire.grace,
                    observed=misfire.delay,
                )


@rule("MISS-2", "jobs", "firings", "misfires")
def misfires_go_by_the_policy(cases: Cases, trace: Trace) -> None:
    """A misfire has the outcome that the job's policy `misfire` requires when a leader comes to
    it.

    Under `once` none is skipped, under `skip` none is coalesced, and under `all` neither. Under
    `skip` none is published, and under `once` no two of one job are published together.
    """
    latest: Misfire | None = None
    for misfire in trace.cached(misfires):
        if misfire.delay <= misfire.grace:  # MISS-1 reports it
            continue
        cases.examined += 1
        _examine_policy(cases, trace, misfire, latest)
        if isinstance(misfire.event, events.FIRINGS):
            latest = misfire


def _examine_policy(cases: Cases, trace: Trace, misfire: Misfire, before: Misfire | None) -> None:
    """Whether a misfire ended as its policy requires; `before` is the last published one."""
    stage, due, event = misfire.stage, misfire.instant, misfire.event
    assert stage.definition is not None
    policy, outcome = stage.definition.misfire, events.kind_of(event)
    if not isinstance(event, events.FIRINGS):
        if outcome != {"once": "coalesced", "skip": "skipped"}.get(policy):
            cases.broken(
                event.at,
                Kind.AGAINST_POLICY,
                job=stage.job,
                due=due,
                outcome=outcome,
                expected=policy,
            )
    elif not _was_missed(trace, misfire):
        return
    elif policy == "skip":
        cases.broken(
            event.at,
            Kind.NOT_SKIPPED,
            job=stage.job,
            message=event.message,
            due=due,
            duration=misfire.delay,
        )
    elif policy == "once" and before is not None and _were_one_decision(trace, before, misfire):
        cases.broken(
            event.at,
            Kind.NOT_COALESCED,
            job=stage.job,
            message=event.message,
            due=due,
            other_due=before.instant,
        )


def _was_missed(trace: Trace, misfire: Misfire) -> bool:
    """Whether a leader that decided to publish an occurrence knew that it was a misfire.

    A leader decides by its own clock, and publishes within a certain time or not at all.
    """
    return misfire.delay > misfire.grace + tolerances.publishing(trace)


def _were_one_decision(trace: Trace, one: Misfire, other: Misfire) -> bool:
    """Whether two misfires of one job were published together, both known to be misfires."""
    first, second = one.event, other.event
    if type(first) is type(second) is events.Fired:
        is_soon = second.at - first.at <= tolerances.lateness(trace)
        return one.stage is other.stage and is_soon and _was_missed(trace, one)
    return (
        type(first) is type(second) is events.Published
        and one.stage is other.stage
        and (first.at, first.epoch, first.server) == (second.at, second.epoch, second.server)
        and _was_missed(trace, one)
    )


@rule("MISS-3", "jobs", "servers", "firings", "misfires")
def every_misfire_is_in_the_history(cases: Cases, trace: Trace) -> None:
    """For each misfire the history has exactly one event, which gives the instant at which it was
    due: published, later than the grace after it; coalesced, with the instant into which it was
    folded; or skipped.

    A coalesced occurrence is in a later message, which counts it, and no misfire has its outcome
    after an occurrence that was due later.
    """
    for stage in trace.stages:
        if stage.has_misfires:
            _examine_order(cases, trace, stage)
            _examine_folding(cases, stage)
    for stage, late in unreported_misfires(trace):
        cases.examined += 1
        cases.broken(late.deadline, Kind.MISFIRE_UNREPORTED, job=stage.job, due=late.instant)


def _examine_order(cases: Cases, trace: Trace, stage: Stage) -> None:
    """Whether no misfire had its outcome after an occurrence that was due later."""
    latest: tuple[int, events.OccurrenceEvent] | None = None
    for instant, event in stage.outcomes:
        if latest is None or instant >= latest[0]:
            latest = instant, event
        elif rule_for(OUT_OF_ORDER, trace, TwoOutcomes(latest[1], event)) == cases.id:
            cases.broken(
                event.at,
                Kind.OUTCOME_OUT_OF_ORDER,
                job=stage.job,
                due=instant,
                outcome=events.kind_of(event),
                other_due=latest[0],
            )


def _examine_folding(cases: Cases, stage: Stage) -> None:
    """Whether each coalesced occurrence is in a later message, and each message counts its own."""
    folded = Counter(e.into for _, e in stage.outcomes if type(e) is events.Coalesced)
    published = {i: e for i, e in stage.outcomes if type(e) is events.Published}
    for instant, event in published.items():
        if event.coalesced != folded[instant]:
            cases.broken(
                event.at,
                Kind.COALESCED_MISCOUNTED,
                job=stage.job,
                message=event.message,
                due=instant,
                expected=folded[instant],
                observed=event.coalesced,
            )
    for instant, outcome in stage.outcomes:
        if type(outcome) is events.Fired:
            continue
        if type(outcome) is not events.Published or outcome.coalesced:
            cases.examined += 1
        if type(outcome) is events.Coalesced and (
            outcome.into not in published or outcome.into < instant
        ):
            cases.broken(
                outcome.at,
                Kind.COALESCED_INTO_NONE,
                job=stage.job,
                due=instant,
                other_due=outcome.into,
            )
