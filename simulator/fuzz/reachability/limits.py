"""States of jobs whose runs are limited (LIMIT)."""

from collections import Counter
from collections.abc import Iterator

from gnomon.reference import events
from gnomon.simulator.fuzz.reachability.base import every, planned, state
from gnomon.specs.trace.entities import Stage
from gnomon.specs.trace.plans import planned_at
from gnomon.specs.trace.trace import Trace


def _surplus(trace: Trace) -> list[events.Skipped]:
    return [event for event in every(trace, events.Skipped) if event.why == "max_parallel"]


@state
def surplus_skipped(trace: Trace) -> bool:
    """An occurrence was skipped because its job had `max_parallel` unfinished messages."""
    return bool(_surplus(trace))


@state
def misfires_skipped_with_surplus(trace: Trace) -> bool:
    """Misfires were skipped with the occurrence into which they were to be coalesced."""
    together = Counter((event.job, event.at) for event in _surplus(trace))
    return any(count > 1 for count in together.values())


@state
def published_after_surplus(trace: Trace) -> bool:
    """A job with `repeats` was published again after an occurrence beyond its limit."""
    first: dict[str, int] = {}
    for event in _surplus(trace):
        first.setdefault(event.job, event.at)
    return any(
        event.at > first[event.job] and trace.jobs[event.job].stage.fields.get("repeats")
        for event in planned(trace)
        if event.job in first
    )


def _with_jitter(trace: Trace) -> Iterator[tuple[Stage, int, events.OccurrenceEvent]]:
    """The outcomes of jobs with jitter, each with its stage and its instant."""
    for stage in trace.stages:
        if stage.definition is not None and stage.definition.jitter:
            yield from ((stage, instant, event) for instant, event in stage.outcomes)


@state
def published_at_its_offset(trace: Trace) -> bool:
    """Jitter delayed a message beyond the grace of its job, and it was no misfire."""
    return any(
        isinstance(event, events.Published)
        and event.at - instant > _grace(stage)
        and event.at - planned_at(stage, instant) <= _grace(stage)
        for stage, instant, event in _with_jitter(trace)
    )


@state
def misfire_with_jitter(trace: Trace) -> bool:
    """An occurrence of a job with jitter was coalesced or skipped as a misfire."""
    return any(
        isinstance(event, events.Coalesced)
        or (isinstance(event, events.Skipped) and event.why == "misfire")
        for _, _, event in _with_jitter(trace)
    )


@state
def run_overdue(trace: Trace) -> bool:
    """A run was reported as overdue, and ended later."""
    finished = {
        (event.message, event.server, event.worker, event.attempt): event.at
        for event in every(trace, events.Finished)
    }
    return any(
        event.at < finished.get((event.message, event.server, event.worker, event.attempt), 0)
        for event in trace.overdue
    )


@state
def ended_within_its_time(trace: Trace) -> bool:
    """A run of a job with `max_runtime` ended, and was not reported as overdue."""
    overdue = {event.message for event in trace.overdue}
    return any(
        record.finished is not None
        and number not in overdue
        and record.revision_stage is not None
        and record.revision_stage.definition is not None
        and record.revision_stage.definition.max_runtime is not None
        for number, record in trace.messages.items()
    )


def _grace(stage: Stage) -> int:
    """The grace of the definition of a stage (µs)."""
    return 0 if stage.definition is None else stage.definition.grace
