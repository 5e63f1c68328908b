"""What messages wait for: when one waited beside a free worker, and who is to be told of it.

The one idea: note every *idle wait*, a span in which a message waited beside a free worker for
longer than a journey between worker and store. Each idle wait is told of by exactly one rule:

    a server that never claims anything           DLV-4, and its workers are not counted here
    the worker last came upon what it cannot read DLV-6: it did not go on
    its server led, and it claimed nothing then   LEAD-5: the leading has taken it
    a run of the same job was going on            OVER-2: the job's runs are held down to fewer
    otherwise                                     WORK-2

What falls in a time in which the worker's server or the store was disturbed is told of by none.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from operator import attrgetter
from typing import NamedTuple

from gnomon.reference import events
from gnomon.specs.trace.entities import Membership, MessageRecord, Run, Worker
from gnomon.specs.trace.trace import Trace


class Wait(NamedTuple):
    """A message nobody held in [begins, ends) (µs)."""

    begins: int
    ends: int
    record: MessageRecord


class IdleWait(NamedTuple):
    """A message waited in [begins, ends) although `worker` was free (µs), a journey taken off."""

    begins: int
    ends: int
    record: MessageRecord
    worker: Worker


class FreeSpan(NamedTuple):
    """A worker was free in [begins, ends) (µs), a journey taken off."""

    begins: int
    ends: int
    worker: Worker


def positions(trace: Trace) -> dict[int, int]:
    """The place of each message in the order of publishing, from 0."""
    return dict(zip(trace.messages, range(len(trace.messages)), strict=True))


def waits(trace: Trace) -> list[Wait]:
    """When each message was waiting to be claimed, if at all, in the order of publishing."""
    waits: list[Wait] = []
    for record in trace.messages.values():
        begins, claimed = record.published.at, record.claimed
        if record.later or claimed is None:
            waits += _waits_of(record, trace.end)
        elif begins < claimed.at:
            waits.append(Wait(begins, claimed.at, record))
    return waits


def _waits_of(record: MessageRecord, end: int) -> Iterator[Wait]:
    """When a message waited that was never claimed, or of which more is told than one run."""
    since: int | None = record.published.at
    for event in record.events:
        kind = type(event)
        if kind is events.Reclaimed:
            since = event.at
        elif since is not None and kind in _TAKES_IN_HAND:
            if since < event.at:
                yield Wait(since, event.at, record)
            since = None
    if since is not None:
        yield Wait(since, end, record)


_TAKES_IN_HAND = (events.Claimed, events.Expired, events.DeadLettered)


def turns(trace: Trace) -> dict[Worker, list[events.Claimed]]:
    """What each worker claimed, in order."""
    turns: dict[Worker, list[events.Claimed]] = {}
    for claim in trace.claims:
        worker = (claim.server, claim.worker)
        if worker in turns:
            turns[worker].append(claim)
        else:
            turns[worker] = [claim]
    return turns


def finished_at(trace: Trace, claim: events.Claimed) -> int | None:
    """When the worker was done with what it claimed (µs); None if it was not."""
    record = trace.messages.get(claim.message)
    if record is None:
        return None
    if not record.later:
        return record.finished.at if record.finished else None
    who = (claim.server, claim.worker, claim.attempt)
    is_in_hand = False
    for event in record.events:
        kind = type(event)
        if kind is events.Claimed:
            is_in_hand = event is claim
        elif kind is events.Finished and (event.server, event.worker, event.attempt) == who:
            at: int = event.at
            return at
        elif kind is events.DeadLettered and is_in_hand:
            put_aside_at: int = event.at
            return put_aside_at
    return None


def _free_spans(trace: Trace) -> Iterator[FreeSpan]:
    """When each worker was free, and neither its server nor the store disturbed.

    Of a server that stopped, and did not tell that it was about to, the time between a worker's
    last run and the leaving is not counted: it may have claimed no more.
    """
    by_worker = trace.cached(turns)
    claiming = {server for server, _ in by_worker}
    for membership in trace.memberships:
        if membership.server in claiming:
            for number in range(1, membership.workers + 1):
                worker = (membership.server, number)
                yield from _spans_of(trace, membership, worker, by_worker.get(worker, []))


def _spans_of(
    trace: Trace, membership: Membership, worker: Worker, claims: list[events.Claimed]
) -> Iterator[FreeSpan]:
    """When a worker was free while its server was there once."""
    clear = trace.fault_windows.gaps
    for since, until in _times_between(trace, membership, claims):
        for begins, ends in clear(worker[0], since + trace.travel, until):
            yield FreeSpan(begins, ends, worker)


def _times_between(
    trace: Trace, membership: Membership, claims: list[events.Claimed]
) -> Iterator[tuple[int, int]]:
    """From when a worker had nothing in hand, and until when, a journey and longer."""
    since: int | None = membership.begins
    for number in range(bisect_left(claims, membership.begins, key=_AT), len(claims)):
        claim = claims[number]
        if claim.at > membership.ends:
            break
        if since is not None and since + trace.travel < claim.at:
            yield since, claim.at
        since = finished_at(trace, claim)
    until = membership.claims_until
    if since is not None and until is not None and since + trace.travel < until:
        yield since, until


_AT = attrgetter("at")


def idle_waits(trace: Trace) -> list[IdleWait]:
    """Every message that waited beside a free worker, with the first such worker: O(n log n)."""
    return list(_idle_waits(trace))


def _idle_waits(trace: Trace) -> Iterator[IdleWait]:
    waiting = trace.cached(waits)
    spans = sorted(_free_spans(trace)) if waiting else []
    if not spans:
        return
    # The free span that ends last among those beginning at or before each of them.
    latest: list[FreeSpan] = []
    for span in spans:
        latest.append(span if not latest or span.ends > latest[-1].ends else latest[-1])
    begins = [span.begins for span in spans]
    for wait_begins, waits_until, record in waiting:
        waits_from = wait_begins + trace.travel
        if waits_from >= waits_until:
            continue
        following = bisect_right(begins, waits_from)
        if following and latest[following - 1].ends > waits_from:
            _, free_until, worker = latest[following - 1]
            yield IdleWait(waits_from, min(free_until, waits_until), record, worker)
        elif following < len(spans) and begins[following] < waits_until:
            free_from, free_until, worker = spans[following]
            yield IdleWait(free_from, min(free_until, waits_until), record, worker)


def idle_waits_by_rule(trace: Trace) -> dict[str, list[IdleWait]]:
    """The idle waits, by the rule that tells of each."""
    told: dict[str, list[IdleWait]] = {"DLV-6": [], "LEAD-5": [], "OVER-2": [], "WORK-2": []}
    latest_of: dict[str, list[Run]] = {}
    for wait in trace.cached(idle_waits):
        if _came_from_unreadable(trace, wait):
            told["DLV-6"].append(wait)
        elif _stood_aside(trace, wait):
            told["LEAD-5"].append(wait)
        elif _is_beside_own_run(trace, wait, latest_of):
            told["OVER-2"].append(wait)
        else:
            told["WORK-2"].append(wait)
    return told


def _came_from_unreadable(trace: Trace, wait: IdleWait) -> bool:
    """Whether the last message that the worker claimed was put aside."""
    claims = trace.cached(turns).get(wait.worker, [])
    before = bisect_right(claims, wait.begins, key=_AT) - 1
    record = trace.messages.get(claims[before].message) if before >= 0 else None
    return record is not None and any(type(event) is events.DeadLettered for event in record.later)


def _stood_aside(trace: Trace, wait: IdleWait) -> bool:
    """Whether the worker's server led, and the worker claimed nothing as long as it did."""
    term = trace.term_at(wait.begins)
    if term is None or term.server != wait.worker[0]:
        return False
    claims = trace.cached(turns).get(wait.worker, [])
    first = bisect_left(claims, term.begins, key=_AT)
    return first == len(claims) or claims[first].at >= term.ends


def _is_beside_own_run(trace: Trace, wait: IdleWait, latest_of: dict[str, list[Run]]) -> bool:
    """Whether another run of the same job was going on when the wait began.

    `latest_of` keeps, job by job, for each run the one that ends last among it and those before.
    """
    job = wait.record.published.job
    runs = trace.runs_by_job.get(job, [])
    if job not in latest_of:
        latest_of[job] = list(_ending_last(runs, trace.end))
    before = bisect_right(runs, wait.begins, key=_BEGINS) - 1
    if before < 0:
        return False
    span = latest_of[job][before]
    return (span.ends is None or span.ends > wait.begins) and span.record is not wait.record


def _ending_last(spans: list[Run], end: int) -> Iterator[Run]:
    """For each of `spans` the one that ends last among it and those before it."""
    latest: Run | None = None
    for span in spans:
        if latest is None or (span.ends or end) >= (latest.ends or end):
            latest = span
        yield latest


_BEGINS = attrgetter("begins")
