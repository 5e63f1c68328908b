"""The figures of a history: occurrences, runs, waiting times and the utilisation of the servers.

The one idea: each figure is computed from the history alone. So a simulation, a live cluster and
somebody else's scheduler have the same figures.
"""

from collections import Counter
from collections.abc import Sequence

import msgspec

from gnomon.reference import events
from gnomon.reference.schedule.clock import FIRST_INSTANT
from gnomon.specs.trace.entities import MessageRecord
from gnomon.specs.trace.plans import due, messages
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
    or from the definition if that came after the instant, as that of a one-time job whose
    start_date had passed when it was created (FIRE-10).
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
    defined: dict[int, int] = {}  # message -> when the definition came that published it
    for stage in trace.stages:
        for _, event in stage.outcomes:
            if isinstance(event, events.Published):
                defined[event.message] = stage.begins
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
        wait_us=_percentiles(
            sorted(
                started.at - max(record.published.due, defined.get(id, FIRST_INSTANT))
                for id, record in trace.messages.items()
                if (started := _first_start(record)) is not None
            )
        ),
        utilisation=_utilisation(trace),
        peak_waiting=_peak_waiting(trace),
    )


def _first_start(record: MessageRecord) -> events.Started | None:
    """The first start of a message; of one that was reclaimed before, it is a later event."""
    if record.started is not None or not record.later:
        return record.started
    return next((event for event in record.later if type(event) is events.Started), None)


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
    count = len(ordered)
    p50, p95, p99 = (ordered[(count * percent + 99) // 100 - 1] for percent in (50, 95, 99))
    return Percentiles(p50, p95, p99, ordered[-1])


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


def _peak_waiting(trace: Trace) -> int:
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
