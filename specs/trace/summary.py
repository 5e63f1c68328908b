"""The figures of a history: occurrences, runs, waiting times and the utilisation of the servers.

The one idea: each figure is computed from the history alone. So a simulation, a live cluster and
somebody else's scheduler have the same figures.
"""

from array import array
from collections import Counter
from collections.abc import Iterator, Sequence

import msgspec

from gnomon.reference import events
from gnomon.reference.packed import without_if_packed
from gnomon.specs.trace.entities import MessageRecord
from gnomon.specs.trace.plans import due, on_demand, planned_at
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
        outcomes.update(stage.outcomes.counts())
        settled = set(stage.outcomes.instants)
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
        on_demand=len(trace.cached(on_demand)),
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
    return dict(zip(trace.messages, trace.cached(wait_begins_by_place), strict=True))


def wait_begins_by_place(trace: Trace) -> "array[int]":
    """What `wait_begins` has, by the place of the message in the order of publishing."""
    messages = trace.messages
    begins = array("q", messages.dues())
    for stage in trace.stages:
        planned = list(stage.outcomes.messages())
        places = messages.places_of(message for _, message in planned)
        for (instant, _), place in zip(planned, places, strict=True):
            if place is not None:
                begins[place] = max(planned_at(stage, instant), stage.begins)
    return begins


def _waits(trace: Trace) -> Iterator[int]:
    """How long each message waited that was started (µs)."""
    begins = trace.cached(wait_begins_by_place)
    for place, (_, _, started_at, _) in enumerate(trace.messages.instants):
        if started_at is not None:
            yield started_at - begins[place]
        elif (started := first_start(trace.messages.at_place(place))) is not None:
            yield started.at - begins[place]


def first_start(record: MessageRecord) -> events.Started | None:
    """When a message was first started, perhaps after it had been reclaimed; None: never."""
    if record.started is not None or not record.later:
        return record.started
    return next((event for event in record.later if isinstance(event, events.Started)), None)


def _runs(trace: Trace) -> RunCounts:
    states = Counter[str](trace.messages.outcomes_of_regular())
    states.update(map(_state, trace.irregular_messages))
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
    runs = trace.runs
    spans = zip(runs.begins, runs.ends(trace.end), runs.servers(), strict=True)
    for begins, ends, server in spans:
        busy[server] += ends - begins
    return {
        server: round(busy[server] / time, 4) for server, time in sorted(available.items()) if time
    }


def peak_waiting(trace: Trace) -> int:
    """The most messages that waited at once, at the end of an instant."""
    waiting = peak = at = 0
    dead: set[int] = set()
    for event in without_if_packed(trace.events, events.Started, events.Finished):
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
