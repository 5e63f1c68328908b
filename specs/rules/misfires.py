"""MISS-1 to MISS-3: what was not published within its grace, and what became of it.

The one idea: a misfire is an outcome that came late. Of what was due in a stage and had its outcome
there for the first time, the misfires are what came later than the grace, and whatever is told of
as coalesced or skipped. What was not due, or had an outcome before, is told of by FIRE, PUB-1 and
HIST-1, and never here.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from gnomon.reference import events
from gnomon.reference.schedule.clock import write_instant
from gnomon.specs.rules.base import Cases, Finding, rule
from gnomon.specs.rules.firing import is_stale
from gnomon.specs.trace.entities import Stage
from gnomon.specs.trace.trace import Trace


class Misfire(NamedTuple):
    """An occurrence that had its outcome late, or is said to have: it was due at `instant` (µs)."""

    stage: Stage
    instant: int
    event: Any

    @property
    def delay(self) -> int:
        """How long after it was due it had its outcome (µs)."""
        delay: int = self.event.at - self.instant
        return delay

    @property
    def grace(self) -> int:
        """How long after it was due it would have been no misfire (µs)."""
        return self.stage.definition.grace if self.stage.definition else 0

    def __str__(self) -> str:
        return f"job {self.stage.job}: {write_instant(self.instant)}"


def misfires(trace: Trace) -> list[Misfire]:
    """Every misfire, job by job; one that was overtaken by a change is none."""
    return [misfire for stage in trace.stages for misfire in _misfires_of(trace, stage)]


def _misfires_of(trace: Trace, stage: Stage) -> Iterator[Misfire]:
    definition = stage.definition
    if not stage.active or definition is None:
        return
    grace = definition.grace
    outcomes: Iterable[tuple[int, Any]] = stage.outcomes
    if not trace.follows_plan(stage):
        outcomes = _first_outcomes(trace, stage)
    for instant, event in outcomes:
        if event.at - instant > grace or type(event) is not events.Published:
            is_overtaken = type(event) is events.Skipped and event.why != "misfire"
            if not is_overtaken and not is_stale(stage, event):
                yield Misfire(stage, instant, event)


def _first_outcomes(trace: Trace, stage: Stage) -> Iterator[tuple[int, Any]]:
    """What was due in a stage, with the first outcome it had there."""
    ahead = set(trace.due(stage))
    for instant, event in stage.outcomes:
        if instant in ahead:
            ahead.remove(instant)
            yield instant, event


@rule("MISS-1")
def what_is_late_is_a_misfire(trace: Trace) -> Finding:
    """What is coalesced or skipped was later than its grace."""
    cases = Cases()
    for misfire in trace.cached(misfires):
        if type(misfire.event) is not events.Published:
            cases.examined += 1
            if misfire.delay <= misfire.grace:
                cases.broken(
                    misfire.event.at,
                    f"{misfire} was {_outcome(misfire)} {misfire.delay} µs after it was due; "
                    f"its grace is {misfire.grace} µs",
                )
    return cases.finding()


def _outcome(misfire: Misfire) -> str:
    tag: str = misfire.event.__struct_config__.tag
    return tag


@rule("MISS-2")
def misfires_go_by_the_policy(trace: Trace) -> Finding:
    """`once`: the latest is published; `all`: each is; `skip`: none is."""
    cases = Cases()
    latest: Misfire | None = None
    for misfire in trace.cached(misfires):
        if misfire.delay > misfire.grace:  # if not, MISS-1 tells of it
            cases.examined += 1
            definition = misfire.stage.definition
            assert definition is not None
            problem = _against_policy(trace, definition.misfire, misfire, latest)
            if problem:
                cases.broken(misfire.event.at, f"{misfire} {problem}")
            if type(misfire.event) is events.Published:
                latest = misfire
    return cases.finding()


def _against_policy(
    trace: Trace, policy: str, misfire: Misfire, before: Misfire | None
) -> str | None:
    """How a misfire goes against its policy, or None; `before` is the last that was published."""
    outcome = _outcome(misfire)
    if outcome != "published":
        allowed = {"once": "coalesced", "skip": "skipped"}.get(policy)
        return None if outcome == allowed else f"was {outcome}, and its policy is {policy}"
    if not _was_missed(trace, misfire):
        return None
    if policy == "skip":
        return f"was published {misfire.delay} µs after it was due, and its policy is skip"
    if policy == "once" and before is not None and _were_one_decision(trace, before, misfire):
        return f"was published beside {write_instant(before.instant)}, and its policy is once"
    return None


def _was_missed(trace: Trace, misfire: Misfire) -> bool:
    """Whether a leader that decided to publish something must have known that it was a misfire.

    A leader decides by its own clock, and what it asks reaches the store within a third of a lease.
    """
    return misfire.delay > misfire.grace + trace.lease // 3 + trace.travel


def _were_one_decision(trace: Trace, one: Misfire, other: Misfire) -> bool:
    """Whether two misfires of one job were published together."""
    first, second = one.event, other.event
    return (
        one.stage is other.stage
        and (first.at, first.epoch, first.server) == (second.at, second.epoch, second.server)
        and _was_missed(trace, one)
    )


@rule("MISS-3")
def every_misfire_is_in_the_history(trace: Trace) -> Finding:
    """In the order in which they were due, and what was folded in is told of by what it is in."""
    cases = Cases()
    for stage in trace.stages:
        if stage.has_misfires:
            _examine_order(cases, stage)
            _examine_folding(cases, stage)
    return cases.finding()


def _examine_order(cases: Cases, stage: Stage) -> None:
    """Whether no misfire had its outcome after a later occurrence; PUB-3 tells of messages."""
    latest: tuple[int, Any] | None = None
    for instant, event in stage.outcomes:
        if latest is not None and instant < latest[0]:
            if not type(event) is type(latest[1]) is events.Published:
                cases.broken(
                    event.at,
                    f"job {stage.job}: {write_instant(instant)} had its outcome after "
                    f"{write_instant(latest[0])}",
                )
        else:
            latest = instant, event


def _examine_folding(cases: Cases, stage: Stage) -> None:
    """Whether what was folded in is in a later occurrence that was published and says so."""
    folded = Counter(event.into for _, event in stage.outcomes if type(event) is events.Coalesced)
    published = {
        instant: event for instant, event in stage.outcomes if type(event) is events.Published
    }
    for instant, event in published.items():
        if event.coalesced != folded[instant]:
            cases.broken(
                event.at,
                f"job {stage.job}: {event.coalesced} are said to have been folded into "
                f"{write_instant(instant)}, and {folded[instant]} were",
            )
    for instant, outcome in stage.outcomes:
        if type(outcome) is not events.Published or outcome.coalesced:
            cases.examined += 1
        if type(outcome) is events.Coalesced and (
            outcome.into not in published or outcome.into < instant
        ):
            cases.broken(
                outcome.at,
                f"job {stage.job}: {write_instant(instant)} was folded into "
                f"{write_instant(outcome.into)}, which is no later occurrence that was published",
            )
