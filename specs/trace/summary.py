"""The figures of a history: occurrences, runs, waiting times and the utilisation of the servers.

The one idea: each figure is computed from the history alone. So a simulation, a live cluster and
somebody else's scheduler have the same figures.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

import msgspec

from gnomon.reference import events
from gnomon.specs.trace.entities import MessageRecord
from gnomon.specs.trace.plans import due, messages, planned_at
from gnomon.specs.trace.trace import Trace


class RunCounts(msgspec.Struct, frozen=True):
    """How many messages, planned or on demand, are in each state; the sum is all (HIST-1)."""

    finished: int
    failed: int
    running: int
    waiting: int
    lost: int


class Percentiles(msgspec.Struct, frozen=True):
    """Percentiles by nearest rank, in µs."""

    p50: int
    p95: int
    p99: int
    max: int


class Summary(msgspec.Struct, frozen=True):
    """The figures of one history.

    occurrences = published + coalesced + skipped + ahead. Occurrences `ahead` were due, but had no
    outcome when the history or their definition ended. `wait_us` is the time from due to started,
    by `wait_begins`.
    `utilisation` is the share of each server's worker time that runs took, from 0 to 1.
    """

    occurrences: int
    published: int
    on_demand: int
    coalesced: int
    skipped: int
    ahead: int
    runs: RunCounts
    wait_us: Percentiles | None
    utilisation: dict[str, float]
    peak_waiting: int


def summarise(trace: Trace) -> Summary:
    """The figures of a history."""
    outcomes: Counter[type[events.Event]] = Counter()
    ahead = 0
    for stage in trace.stages:
        outcomes.update(type(event) for _, event in stage.outcomes)
        settled = {instant for instant, _ in stage.outcomes}
        ends = trace.end if stage.ends is None else stage.ends
        ahead += sum(
            1 for instant in due(trace, stage) if instant < ends and instant not in settled
        )
    published = outcomes[events.Published] + outcomes[events.Fired]
    coalesced = outcomes[events.Coalesced]
    skipped = outcomes[events.Skipped]
    return Summary(
        occurrences=published + coalesced + skipped + ahead,
        published=published,
        on_demand=sum(1 for message in trace.cached(messages) if message.on_demand),
        coalesced=coalesced,
        skipped=skipped,
        ahead=ahead,
        runs=_runs(trace),
        wait_us=_percentiles(sorted(_waits(trace))),
        utilisation=_utilisation(trace),
        peak_waiting=peak_waiting(trace),
    )


def wait_begins(trace: Trace) -> dict[int, int]:
    """By message: the instant from which its wait counts (µs, UTC), as `Summary` has it.

    That is when the occurrence was due, after its jitter (LIMIT-2), or when the definition came if
    that was later, as for a one-time job whose start_date had passed when it was created (FIRE-10).
    """
    begins = {id: record.published.due for id, record in trace.messages.items()}
    for stage in trace.stages:
        for instant, event in stage.outcomes:
            if isinstance(event, events.Published) and event.message in begins:
                begins[event.message] = max(planned_at(stage, instant), stage.begins)
    return begins


def _waits(trace: Trace) -> Iterator[int]:
    """How long each message waited that was started (µs)."""
    begins = trace.cached(wait_begins)
    for id, record in trace.messages.items():
        if (started := first_start(record)) is not None:
            yield started.at - begins[id]


def first_start(record: MessageRecord) -> events.Started | None:
    """When a message was first started, perhaps after it had been reclaimed; None: never."""
    if record.started is not None or not record.later:
        return record.started
    return next((event for event in record.later if isinstance(event, events.Started)), None)


def _runs(trace: Trace) -> RunCounts:
    states = Counter(map(_state, trace.messages.values()))
    return RunCounts(
        finished=states["ok"],
        failed=states["failed"],
        running=states["running"],
        waiting=states["waiting"],
        lost=states["lost"],
    )


def _state(record: MessageRecord) -> str:
    finished = record.finished
    if not record.later:
        if finished is not None:
            return finished.outcome
        return "waiting" if record.claimed is None else "running"
    happened = [event for event in record.events if type(event) is not events.Invoked]
    ends = [event for event in happened if type(event) is events.Finished]
    if ends:
        return ends[-1].outcome
    last = type(happened[-1])
    if last in (events.Lost, events.Expired, events.DeadLettered, events.Dropped):
        return "lost"
    return "waiting" if last in (events.Reclaimed, events.PutBack) else "running"


def _percentiles(ordered: Sequence[int]) -> Percentiles | None:
    if not ordered:
        return None
    ranks = (nearest_rank(len(ordered), thousandths) for thousandths in (50_000, 95_000, 99_000))
    p50, p95, p99 = (ordered[rank] for rank in ranks)
    return Percentiles(p50, p95, p99, ordered[-1])


def nearest_rank(count: int, thousandths: int) -> int:
    """The position of a percentile among `count` ordered values, from 0; in 1/1000 of a percent.

    >>> nearest_rank(100, 99_000), nearest_rank(1, 50_000)
    (98, 0)
    """
    return (count * thousandths + 99_999) // 100_000 - 1


def _utilisation(trace: Trace) -> dict[str, float]:
    available: Counter[str] = Counter()
    for member in trace.memberships:
        available[member.server] += member.workers * (member.ends - member.begins)
    busy: Counter[str] = Counter()
    for span in trace.runs:
        busy[span.started.server] += (trace.end if span.ends is None else span.ends) - span.begins
    return {
        server: round(busy[server] / time, 4) for server, time in sorted(available.items()) if time
    }


def peak_waiting(trace: Trace) -> int:
    """The most messages that waited at once, at the end of an instant."""
    waiting = peak = at = 0
    dead: set[int] = set()
    for event in trace.events:
        if event.at != at:
            peak, at = max(peak, waiting), event.at
        kind = type(event)
        if kind is events.Published or kind is events.Reclaimed or kind is events.PutBack:
            waiting += 1
        elif kind is events.Claimed or kind is events.Expired:
            waiting -= 1
        elif type(event) is events.DeadLettered:
            dead.add(event.message)
            waiting -= event.cause == "attempts"
        elif type(event) is events.Dropped:
            waiting -= event.message not in dead
    return max(peak, waiting)
