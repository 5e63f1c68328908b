"""Which rule reports an occurrence, or a wait, that several rules could report.

The one idea: each fault is reported by one rule. Where several could report it, the first row that
applies in `TABLE` decides, and every rule asks this table.
"""

from collections import defaultdict
from collections.abc import Callable
from typing import Generic, NamedTuple, TypeVar

from gnomon.reference import events, oracle
from gnomon.reference.jobs import Definition
from gnomon.specs.rules import tolerances
from gnomon.specs.trace.entities import Stage
from gnomon.specs.trace.pauses import paused
from gnomon.specs.trace.plans import is_near_change
from gnomon.specs.trace.spans import Span, contains
from gnomon.specs.trace.trace import Trace
from gnomon.specs.trace.waits import (
    IdleWait,
    has_claimed_during,
    has_other_run_at,
    idle_waits,
    last_claim_before,
)

S = TypeVar("S")


class Row(NamedTuple, Generic[S]):
    """One row: the rule reports the subject if the condition applies, and no row before does."""

    condition: str
    rule: str
    applies: Callable[[Trace, S], bool]


# --- the conditions


class Occurrence(NamedTuple):
    """An instant (µs) in a stage whose definition is acceptable.

    `was_led`: somebody led, not disturbed, when it was due.
    """

    stage: Stage
    instant: int
    was_led: bool = True


class TwoOutcomes(NamedTuple):
    """Two outcomes of one occurrence, or of two in the wrong order, in the order of the history."""

    before: events.OccurrenceEvent
    event: events.OccurrenceEvent


def _always(_: Trace, __: object) -> bool:
    return True


def _has_type(job_type: str) -> Callable[[Trace, Occurrence], bool]:
    def has_type(_: Trace, due: Occurrence) -> bool:
        definition = due.stage.definition
        return definition is not None and definition.job_type == job_type

    return has_type


def _is_near_change(_: Trace, due: Occurrence) -> bool:
    definition = due.stage.definition
    return definition is not None and is_near_change(definition.timezone, due.instant)


def _was_not_led(_: Trace, late: Occurrence) -> bool:
    return not late.was_led


def _was_paused(trace: Trace, late: Occurrence) -> bool:
    return contains(trace.cached(paused), late.instant)


def _begins_with(cause: type[events.Event]) -> Callable[[Trace, Occurrence], bool]:
    return lambda _, due: type(due.stage.cause) is cause


def _was_held_up(trace: Trace, late: Occurrence) -> bool:
    return any(
        begins < late.instant < ends for begins, ends in trace.cached(runs_seen)[late.stage.job]
    )


def _waited_for_end(trace: Trace, run: Occurrence) -> bool:
    lateness = tolerances.lateness(trace)
    return any(
        begins < ends <= run.instant <= ends + lateness
        for begins, ends in trace.cached(runs_seen)[run.stage.job]
    )


def runs_seen(trace: Trace) -> defaultdict[str, list[Span]]:
    """From when until when each run of a partial history went on, by its job."""
    found: defaultdict[str, list[Span]] = defaultdict(list)
    for firing in trace.firings if trace.observes("runs") else ():
        ends = trace.end if firing.ended is None else firing.ended.at
        found[firing.fired.job].append((firing.fired.at, ends))
    return found


def _is_due_by_old_definition(trace: Trace, run: Occurrence) -> bool:
    """Whether a run began when the definition before the edit was due; if revisions are unseen."""
    if trace.observes("messages") or type(run.stage.cause) is not events.JobEdited:
        return False
    stages = trace.jobs[run.stage.job].stages
    old = stages[stages.index(run.stage) - 1].definition
    since = run.instant - tolerances.lateness(trace)
    return old is not None and any(oracle.due_instants(old, since, run.instant + 1))


def _are_messages(_: Trace, two: TwoOutcomes) -> bool:
    return isinstance(two.before, events.FIRINGS) and isinstance(two.event, events.FIRINGS)


def _worker_met_unreadable(trace: Trace, wait: IdleWait) -> bool:
    claim = last_claim_before(trace, wait.worker, wait.begins)
    record = trace.messages.get(claim.message) if claim is not None else None
    return record is not None and any(type(e) is events.DeadLettered for e in record.later)


def _leader_stood_aside(trace: Trace, wait: IdleWait) -> bool:
    term = trace.term_at(wait.begins)
    if term is None or term.server != wait.worker[0]:
        return False
    return not has_claimed_during(trace, wait.worker, term.begins, term.ends)


def _own_job_ran(trace: Trace, wait: IdleWait) -> bool:
    return has_other_run_at(trace, wait.record, wait.begins)


# --- the table

BY_TYPE: tuple[Row[Occurrence], ...] = (
    Row("the job is one-time", "FIRE-1", _has_type("one_time")),
    Row("the job is interval-based", "FIRE-2", _has_type("interval_based")),
    Row("the zone's offset changes within 25 hours", "FIRE-5", _is_near_change),
    Row("otherwise", "FIRE-4", _always),
)

NOT_DUE: tuple[Row[Occurrence], ...] = (
    Row("another run of the job, which was seen, had just ended", "OVER-1", _waited_for_end),
    Row("only the definition before the edit was due", "FIRE-8", _is_due_by_old_definition),
    *BY_TYPE,
)
LATE: tuple[Row[Occurrence], ...] = (
    Row("the cluster was paused when it was due", "PAUSE-1", _was_paused),
    Row("nobody led when it was due", "LEAD-4", _was_not_led),
    Row("another run of the job, which was seen, was going on", "OVER-1", _was_held_up),
    *BY_TYPE,
)
WITHIN_GRACE: tuple[Row[Occurrence], ...] = (
    Row("another run of the job, which was seen, was going on", "OVER-1", _was_held_up),
    Row("otherwise", "MISS-1", _always),
)
BEFORE_STAGE: tuple[Row[Occurrence], ...] = (
    Row("the stage begins with an edit", "FIRE-8", _begins_with(events.JobEdited)),
    Row("the stage begins with an activation", "FIRE-9", _begins_with(events.JobActivated)),
    Row("the stage begins with the creation", "FIRE-10", _begins_with(events.JobCreated)),
)
SECOND_OUTCOME: tuple[Row[TwoOutcomes], ...] = (
    Row("both are messages", "PUB-1", _are_messages),
    Row("otherwise", "HIST-1", _always),
)
OUT_OF_ORDER: tuple[Row[TwoOutcomes], ...] = (
    Row("both are messages", "PUB-3", _are_messages),
    Row("otherwise", "MISS-3", _always),
)
IDLE_WAIT: tuple[Row[IdleWait], ...] = (
    Row("the worker's last message was dead-lettered", "DLV-6", _worker_met_unreadable),
    Row("its server led, and it claimed nothing as long as it did", "LEAD-5", _leader_stood_aside),
    Row("another run of the same job was going on", "OVER-2", _own_job_ran),
    Row("otherwise", "WORK-2", _always),
)
TABLE = {
    "an outcome at an instant that was not due": NOT_DUE,
    "an outcome at an instant that was due, but before the stage began": BEFORE_STAGE,
    "an occurrence without an outcome in time": LATE,
    "a misfire within its grace": WITHIN_GRACE,
    "a second outcome of one occurrence": SECOND_OUTCOME,
    "an outcome after that of a later occurrence": OUT_OF_ORDER,
    "a message that waited beside a free worker": IDLE_WAIT,
}
"""What several rules could report, and the rows that decide, in order."""


def rule_for(rows: tuple[Row[S], ...], trace: Trace, subject: S) -> str | None:
    """The rule that reports `subject`: that of the first row that applies; None if none does."""
    return next((row.rule for row in rows if row.applies(trace, subject)), None)


def due_rules(definition: Definition) -> tuple[str, ...]:
    """The rules that judge when a definition is due: one, or two for a cron job in a zone."""
    if definition.job_type == "one_time":
        return ("FIRE-1",)
    if definition.job_type == "interval_based":
        return ("FIRE-2",)
    return ("FIRE-4",) if definition.timezone == "UTC" else ("FIRE-4", "FIRE-5")


def idle_waits_by_rule(trace: Trace) -> dict[str, list[IdleWait]]:
    """Every idle wait, by the rule that reports it."""
    found: dict[str, list[IdleWait]] = {row.rule: [] for row in IDLE_WAIT}
    for wait in trace.cached(idle_waits, tolerances.one_way(trace), tolerances.takeover(trace)):
        rule = rule_for(IDLE_WAIT, trace, wait)
        assert rule is not None, "the last row always applies"
        found[rule].append(wait)
    return found
