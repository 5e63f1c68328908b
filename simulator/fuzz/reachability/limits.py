"""States of jobs whose runs are limited (LIMIT)."""

from collections import Counter

from gnomon.reference import events
from gnomon.simulator.fuzz.reachability.base import every, planned, state
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
