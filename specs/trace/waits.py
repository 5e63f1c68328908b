"""When messages waited to be claimed, and when workers were free.

The one idea: a message waits, and a worker is free, in spans; an *idle wait* is where a message
waited beside a free worker. The first `margin` µs of each span do not count: that long a claim may
have been on its way.

A span in which the worker's server or the store was disturbed belongs to no idle wait. Nor does a
worker of a server that never claims anything.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from itertools import count
from operator import attrgetter
from typing import NamedTuple, cast

from gnomon.reference import events
from gnomon.reference.packed import PackedTable, PickedEvents
from gnomon.reference.store.operations import Worker
from gnomon.specs.trace.deployed import provided, services_differ, without
from gnomon.specs.trace.entities import Membership, MessageRecord, Run
from gnomon.specs.trace.rows import Rows
from gnomon.specs.trace.spans import Span
from gnomon.specs.trace.trace import Trace


class Wait(NamedTuple):
    """A message, by its number, that nobody held in [begins, ends) (µs)."""

    begins: int
    ends: int
    message: int


class IdleWait(NamedTuple):
    """A message waited in [begins, ends) (µs) although `worker` was free."""

    begins: int
    ends: int
    record: MessageRecord
    worker: Worker


class FreeSpan(NamedTuple):
    """A worker was free in [begins, ends) (µs); its server had listed these `services`, or none."""

    begins: int
    ends: int
    worker: Worker
    services: tuple[str, ...] | None


# --- messages


def waits(trace: Trace) -> Rows[Wait]:
    """When each message waited to be claimed, if it did, in the order of publishing."""
    return Rows(Wait, _waits(trace))


def _waits(trace: Trace) -> Iterator[Wait]:
    messages = trace.messages
    irregular = {record.published.message for record in trace.irregular_messages}
    numbered = zip(messages, messages.instants, strict=True)
    for number, (published_at, claimed_at, _, _) in numbered:
        if claimed_at is None or number in irregular:
            yield from _waits_of(messages[number], trace.end)
        elif published_at < claimed_at:
            yield Wait(published_at, claimed_at, number)


def _waits_of(record: MessageRecord, end: int) -> Iterator[Wait]:
    """When a message waited that was not claimed just once."""
    number, since = record.published.message, cast("int | None", record.published.at)
    for event in record.events:
        if type(event) is events.Reclaimed or type(event) is events.PutBack:
            since = event.at
        elif since is not None and isinstance(event, _ENDS_A_WAIT):
            if since < event.at:
                yield Wait(since, event.at, number)
            since = None
    if since is not None:
        yield Wait(since, end, number)


_ENDS_A_WAIT = (events.Claimed, events.Expired, events.DeadLettered, events.Dropped)


def wait_during(
    trace: Trace, spans: Iterable[Span], length: int, services: tuple[str, ...] | None = None
) -> tuple[int, Wait] | None:
    """A wait that lasted for longer than `length` (µs) in one of `spans`, and since when it did.

    Only messages of `services` count; None: all. O(spans · log(waits)).
    """
    begins, lasting = trace.cached(_waits_longer_than, length, services)
    for first, last in spans:
        before = bisect_left(begins, last - length)
        if before and last - first > length and lasting[before - 1].ends > first + length:
            wait = lasting[before - 1]
            return max(wait.begins, first), wait
    return None


def service_of(trace: Trace, message: int) -> str:
    """The service of a message."""
    return trace.messages[message].published.service


def _waits_longer_than(
    trace: Trace, length: int, services: tuple[str, ...] | None
) -> tuple[list[int], list[Wait]]:
    """When each long wait began; for each, the wait up to there that ends last."""
    long = sorted(
        (
            wait
            for wait in trace.cached(waits)
            if wait.ends - wait.begins > length
            and (services is None or service_of(trace, wait.message) in services)
        ),
        key=_BEGINS,
    )
    lasting: list[Wait] = []
    for wait in long:
        lasting.append(wait if not lasting or wait.ends > lasting[-1].ends else lasting[-1])
    return [wait.begins for wait in long], lasting


# --- workers


def claims_by_worker(trace: Trace) -> Mapping[Worker, Sequence[events.Claimed]]:
    """What each worker claimed, in order."""
    claimed = trace.claims
    if isinstance(claimed, PackedTable):
        return _packed_claims_by_worker(claimed)
    claims: dict[Worker, list[events.Claimed]] = {}
    for claim in claimed:
        worker = (claim.server, claim.worker)
        if worker in claims:
            claims[worker].append(claim)
        else:
            claims[worker] = [claim]
    return claims


def _packed_claims_by_worker(
    claimed: PackedTable[events.Claimed],
) -> dict[Worker, PickedEvents[events.Claimed]]:
    rows: dict[Worker, array[int]] = {}
    workers = zip(claimed.column("server"), claimed.column("worker"), strict=True)
    for row, worker in enumerate(workers):
        if worker not in rows:
            rows[worker] = array("i")
        rows[worker].append(row)
    return {worker: PickedEvents(claimed, of_worker) for worker, of_worker in rows.items()}


def last_claim_before(trace: Trace, worker: Worker, at: int) -> events.Claimed | None:
    """The last claim of a worker up to that instant (µs): O(log n)."""
    claims = trace.cached(claims_by_worker).get(worker, [])
    number = bisect_right(claims, at, key=_AT)
    return claims[number - 1] if number else None


def has_claimed_during(trace: Trace, worker: Worker, begins: int, ends: int) -> bool:
    """Whether a worker claimed anything in [begins, ends) (µs): O(log n)."""
    claims = trace.cached(claims_by_worker).get(worker, [])
    number = bisect_left(claims, begins, key=_AT)
    return number < len(claims) and claims[number].at < ends


def _released_at(trace: Trace, claim: events.Claimed) -> int | None:
    """When the worker was done with what it claimed (µs); None if it was not.

    A message that was reclaimed, and then dead-lettered, may still run on the worker.
    """
    ended_at = trace.messages.only_end(claim.message)
    if ended_at is not None:
        return ended_at
    record = trace.messages.get(claim.message)
    if record is None or not record.later:
        return None
    attempt = (claim.server, claim.worker, claim.attempt)
    is_held = False
    for event in record.events:
        if type(event) is events.Claimed:
            is_held = event == claim
        elif type(event) is events.Finished:
            if (event.server, event.worker, event.attempt) == attempt:
                return event.at
        elif type(event) is events.DeadLettered and event.cause == "unreadable" and is_held:
            return event.at
    return None


def free_spans(trace: Trace, margin: int) -> Iterator[FreeSpan]:
    """When each worker was free, and nothing disturbed its server.

    Of the workers of a server that claimed nothing in the whole history only the first is named:
    the others were free at the same times, and a server may have billions of them. If a server
    stopped without a warning, the time between a worker's last run and the stop does not count: the
    worker may have claimed no more.
    """
    claims = trace.cached(claims_by_worker)
    claiming: dict[str, set[int]] = {}
    for server, number in claims:
        claiming.setdefault(server, set()).add(number)
    gaps = trace.fault_windows.gaps
    for member in trace.memberships:
        if member.server in claiming:
            for number in _telling(claiming[member.server], member.workers):
                worker = (member.server, number)
                of_worker = _claims_during(trace, member, claims.get(worker, []))
                times = _times_between(trace, member, of_worker, margin)
                for since, until in times:
                    for begins, ends in gaps(member.server, since + margin, until):
                        yield FreeSpan(begins, ends, worker, member.services)


def _telling(claiming: Set[int], workers: int) -> list[int]:
    """Of the numbers 1 to `workers` those of workers that claimed, and the first of the others."""
    first_other = next(number for number in count(1) if number not in claiming)
    return sorted(number for number in {*claiming, first_other} if 1 <= number <= workers)


def _claims_during(
    trace: Trace, member: Membership, claims: Sequence[events.Claimed]
) -> Iterator[events.Claimed]:
    """The claims of a worker in one membership, its end included.

    Another process of its server may have left, or joined, at an instant at which this one did.
    """
    first = bisect_left(claims, member.begins, key=_AT)
    end = bisect_right(claims, member.ends, first, key=_AT)
    for claim in claims[first:end]:
        if member.begins < claim.at < member.ends or trace.membership_of(claim) is member:
            yield claim


def _times_between(
    trace: Trace, member: Membership, claims: Iterable[events.Claimed], margin: int
) -> Iterator[Span]:
    """The spans longer than `margin` (µs) in which a worker held nothing."""
    since: int | None = member.begins
    until = member.claims_until
    for claim in claims:
        claims_at = claim.at if until is None else min(claim.at, until)
        if since is not None and since + margin < claims_at:
            yield since, claims_at
        since = _released_at(trace, claim)
    if since is not None and until is not None and since + margin < until:
        yield since, until


# --- both


def idle_waits(trace: Trace, margin: int, aftermath: int) -> list[IdleWait]:
    """Every message that waited beside a free worker, with the first such worker: O(n log n).

    The worker's server must have had the service, or nobody may have had it: a server counts as
    live for up to `aftermath` µs after it has left (DLV-7).
    """
    waiting = trace.cached(waits)
    spans = sorted(free_spans(trace, margin)) if waiting else []
    if not trace.cached(services_differ):
        return list(_beside(trace, waiting, spans, margin))
    by_service: dict[str, list[Wait]] = {}
    for wait in waiting:
        by_service.setdefault(service_of(trace, wait.message), []).append(wait)
    found = [
        idle
        for service, of_service in by_service.items()
        for idle in _beside(trace, of_service, _able(trace, spans, service, aftermath), margin)
    ]
    return sorted(found, key=lambda idle: idle.record.published.message)


def _able(trace: Trace, spans: list[FreeSpan], service: str, aftermath: int) -> list[FreeSpan]:
    """When workers were free that could take a message of that service."""
    elsewhere = trace.cached(provided, service, aftermath)
    able: list[FreeSpan] = []
    for span in spans:
        if span.services is None or service in span.services:
            able.append(span)
        else:
            parts = without(elsewhere, span.begins, span.ends)
            able += (span._replace(begins=begins, ends=ends) for begins, ends in parts)
    return sorted(able)


def _beside(
    trace: Trace, waiting: Iterable[Wait], spans: list[FreeSpan], margin: int
) -> Iterator[IdleWait]:
    """The waits beside one of the spans, which are in order."""
    if not spans:
        return
    # For each span, the span up to it that ends last.
    latest: list[FreeSpan] = []
    for span in spans:
        latest.append(span if not latest or span.ends > latest[-1].ends else latest[-1])
    begins = [span.begins for span in spans]
    for wait_begins, waits_until, message in waiting:
        waits_from = wait_begins + margin
        if waits_from >= waits_until:
            continue
        following = bisect_right(begins, waits_from)
        if following and latest[following - 1].ends > waits_from:
            _, free_until, worker, _ = latest[following - 1]
            record = trace.messages[message]
            yield IdleWait(waits_from, min(free_until, waits_until), record, worker)
        elif following < len(spans) and begins[following] < waits_until:
            free_from, free_until, worker, _ = spans[following]
            record = trace.messages[message]
            yield IdleWait(free_from, min(free_until, waits_until), record, worker)


# --- runs


def has_other_run_at(trace: Trace, record: MessageRecord, at: int) -> bool:
    """Whether another message of the same job was being run at that instant (µs): O(log n).

    Of the runs that had begun, the one that ends last is asked.
    """
    job = record.published.job
    before = bisect_right(trace.runs_by_job.get(job, ()), at, key=_BEGINS) - 1
    if before < 0:
        return False
    run = trace.cached(_runs_ending_last, job)[before]
    is_other = run.record.published.message != record.published.message
    return is_other and (run.ends is None or run.ends > at)


def _runs_ending_last(trace: Trace, job: str) -> list[Run]:
    """For each run of a job, the run up to it that ends last."""
    latest: list[Run] = []
    for run in trace.runs_by_job[job]:
        is_last = not latest or (run.ends or trace.end) >= (latest[-1].ends or trace.end)
        latest.append(run if is_last else latest[-1])
    return latest


_AT = attrgetter("at")
_BEGINS = attrgetter("begins")
