"""Occurrences that had no outcome in time, although a leader could have published them.

The one idea: an occurrence is late once somebody led for long enough after it was due. Which rule
reports it, ``attribution`` decides.
"""

from collections.abc import Iterator
from itertools import zip_longest
from typing import NamedTuple

from gnomon.reference.schedule.clock import LAST_INSTANT
from gnomon.specs.rules.ending import had_time, has_had_its_repeats
from gnomon.specs.trace.entities import BEFORE_ALL, Stage
from gnomon.specs.trace.plans import ahead_of_cursor, due, planned_at
from gnomon.specs.trace.trace import Trace


class Overdue(NamedTuple):
    """An occurrence due at `instant` had no outcome by `deadline`, though a leader had the time.

    `was_led`: somebody led, not disturbed, when it was due. In µs.
    """

    instant: int
    deadline: int
    was_led: bool


class Unfired(NamedTuple):
    """An overdue occurrence of a partial history.

    `may_be_misfire`: by the job's policy it may have been coalesced or skipped.
    """

    stage: Stage
    late: Overdue
    may_be_misfire: bool


def overdue(trace: Trace) -> dict[Stage, list[Overdue]]:
    """The overdue occurrences of each stage that has any, but for what may be misfires."""
    found: dict[Stage, list[Overdue]] = {}
    if trace.is_partial:
        for stage, late, may_be_misfire in trace.cached(_unfired):
            if not may_be_misfire:
                found.setdefault(stage, []).append(late)
        return found
    found = {stage: list(_overdue_in(trace, stage)) for stage in trace.stages if stage.active}
    return {stage: late for stage, late in found.items() if late}


def unreported_misfires(trace: Trace) -> list[tuple[Stage, Overdue]]:
    """What may be misfires in a partial history, and have no outcome at all in their stage."""
    found: list[tuple[Stage, Overdue]] = []
    settled: dict[Stage, set[int]] = {}
    for stage, late, may_be_misfire in trace.cached(_unfired) if trace.is_partial else ():
        if stage not in settled:
            settled[stage] = {instant for instant, _ in stage.outcomes}
        if may_be_misfire and late.instant not in settled[stage]:
            found.append((stage, late))
    return found


def _overdue_in(trace: Trace, stage: Stage) -> Iterator[Overdue]:
    """The due instants ahead of a stage's cursor for which a leader had time enough.

    The time begins when the instant was due, or when the stage began or the job last had an outcome
    if that was later: a leader that catches up works through a long list bit by bit.
    """
    definition, ahead = stage.definition, ahead_of_cursor(trace, stage)
    if definition is None or not ahead or has_had_its_repeats(stage):
        return
    at_work_until = stage.outcomes[-1][1].at if stage.outcomes else stage.begins
    for instant in ahead:
        counts_from = max(planned_at(stage, instant), stage.begins)
        late = had_time(trace, stage, definition.grace, max(counts_from, at_work_until))
        if late is None:
            return
        led_since, deadline = late
        yield Overdue(instant, deadline, led_since <= counts_from)


def _unfired(trace: Trace) -> list[Unfired]:
    """The due instants of a partial history that had no outcome in time, stage by stage."""
    return [late for stage in trace.stages if stage.active for late in _unfired_in(trace, stage)]


def _unfired_in(trace: Trace, stage: Stage) -> Iterator[Unfired]:
    """The due instants of a stage of a partial history that had no outcome in time.

    A misfire may have been coalesced into the next due instant, if that one was missed too, or if
    one late wake found both. A history that does not observe misfires does not show that.
    """
    definition = stage.definition
    if definition is None:
        return
    having_outcome = {instant: event.at for instant, event in reversed(stage.outcomes)}
    last = max(having_outcome, default=BEFORE_ALL) if has_had_its_repeats(stage) else LAST_INSTANT
    instants = due(trace, stage)
    for instant, following in zip_longest(instants, instants[1:]):
        counts_from = max(instant, stage.begins)
        late = had_time(trace, stage, definition.grace, counts_from)
        if late is None or instant > last:
            return
        led_since, deadline = late
        was_missed = led_since > counts_from
        found_at = max(led_since, instant + trace.lag)
        may_be_coalesced = following is not None and following <= found_at
        may_be_misfire = {"once": may_be_coalesced, "skip": was_missed, "all": False}
        if having_outcome.get(instant, deadline + 1) > deadline:
            overdue_one = Overdue(instant, deadline, not was_missed)
            yield Unfired(stage, overdue_one, may_be_misfire[definition.misfire])
