"""The measures of a trial, taken from a history: of the live cluster, or of a simulated one.

The one idea: nothing here knows which of the two it measures.
"""

from collections.abc import Iterator, Sequence

import msgspec

from gnomon.reference.history import History
from gnomon.specs.importers.history import turnarounds
from gnomon.specs.trace.summary import summarise
from gnomon.specs.trace.trace import Trace


class Measures(msgspec.Struct, frozen=True, kw_only=True):
    """The measures of a trial.

    `runs` have ended. Waits (µs) last from the instant due to the start of the run, and are given
    as percentiles by nearest rank. `backlog` is the most messages that waited at once.
    `utilisation` is the part of all workers' time, in the span of the load, that runs took: 0 to 1.
    """

    runs: int
    wait_p50: int
    wait_p90: int
    wait_p99: int
    backlog: int
    utilisation: float


def measure(history: History, begins: int, span: int) -> Measures:
    """The measures of a history whose load lasted `span` µs from `begins` (µs, UTC) on.

    Raises ValueError if nothing has run.
    """
    trace = Trace(history)
    summary = summarise(trace)
    waited = sorted(waits(trace).values())
    return Measures(
        runs=summary.runs.finished + summary.runs.failed,
        wait_p50=percentile(waited, 50),
        wait_p90=percentile(waited, 90),
        wait_p99=percentile(waited, 99),
        backlog=summary.peak_waiting,
        utilisation=_utilisation(trace, begins, begins + span),
    )


Occurrence = tuple[str, int]
"""The id of a job, and the instant at which it was due (µs, UTC)."""


def waits(trace: Trace) -> dict[Occurrence, int]:
    """The wait of each occurrence whose run has started (µs)."""
    return {
        (record.published.job, record.published.due): record.started.at - record.published.due
        for record in trace.messages.values()
        if record.started is not None
    }


def percentile(ordered: Sequence[int], percent: int) -> int:
    """A percentile by nearest rank. Raises ValueError if there are no values."""
    if not ordered:
        raise ValueError("nothing has run, so there are no waits")
    return ordered[(len(ordered) * percent + 99) // 100 - 1]


def _utilisation(trace: Trace, begins: int, ends: int) -> float:
    """The part of all workers' time in [begins, ends) (µs, UTC) that runs took."""
    available = sum(
        member.workers * _overlap(member.begins, member.ends, begins, ends)
        for member in trace.memberships
    )
    busy = sum(
        _overlap(run.begins, trace.end if run.ends is None else run.ends, begins, ends)
        for run in trace.runs
    )
    return busy / available


def _overlap(begins: int, ends: int, first: int, last: int) -> int:
    return max(min(ends, last) - max(begins, first), 0)


# --- the overheads of a cluster


class Overheads(msgspec.Struct, frozen=True, kw_only=True):
    """The times that are neither waiting for a worker nor work, each as (p50, p99) in µs.

    `publish` lasts from the instant due to the publishing. `start` lasts from the publishing to the
    start, if a worker was idle. `turnaround` lasts from the end of a run to the start of the next
    one on the same worker, whose message waited by then.
    """

    publish: tuple[int, int]
    start: tuple[int, int]
    turnaround: tuple[int, int]


def overheads(trace: Trace) -> Overheads:
    """The overheads in a history. One that never occurred is (0, 0)."""
    records = [record for record in trace.messages.values() if record.claimed and record.started]
    return Overheads(
        publish=_spread(r.published.at - r.published.due for r in records),
        start=_spread(
            r.started.at - r.published.at
            for r in records
            if r.started and r.claimed and r.claimed.at == r.published.at
        ),
        turnaround=_spread(each.began - each.ended for each in turnarounds(trace)),
    )


def _spread(times: Iterator[int]) -> tuple[int, int]:
    ordered = sorted(times)
    return (percentile(ordered, 50), percentile(ordered, 99)) if ordered else (0, 0)
