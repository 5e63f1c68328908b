"""OVER-1, OVER-2 and WORK-1 to WORK-4: what a message may wait for, and what it may not.

The one idea: note every *idle wait*, a span in which a message waited beside a free worker for
longer than a journey between worker and store. Each idle wait is told of by exactly one rule:

    a server that never claims anything         DLV-4, and its workers are not counted here
    a run of the same job was going on          OVER-2: the job's runs are held down to fewer
    otherwise                                   WORK-2
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from operator import attrgetter
from typing import NamedTuple

from reference import events
from specs.lives import Life, Presence, RunSpan, Worker
from specs.rules.base import Cases, Finding, rule
from specs.trace import Trace


class Wait(NamedTuple):
    """A message nobody held in [begins, ends) (µs)."""

    begins: int
    ends: int
    life: Life


class IdleWait(NamedTuple):
    """A message waited in [begins, ends) although `worker` was free (µs), a journey taken off."""

    begins: int
    ends: int
    life: Life
    worker: Worker


class FreeSpan(NamedTuple):
    """A worker was free in [begins, ends) (µs), a journey taken off."""

    begins: int
    ends: int
    worker: Worker


def positions(trace: Trace) -> dict[int, int]:
    """The place of each message in the order of publishing, from 0."""
    return dict(zip(trace.lives, range(len(trace.lives)), strict=True))


def waits(trace: Trace) -> list[Wait]:
    """When each message was waiting to be claimed, if at all, in the order of publishing."""
    waits: list[Wait] = []
    for life in trace.lives.values():
        begins, claimed = life.published.at, life.claimed
        if life.more or claimed is None:
            waits += _waits_of(life, trace.end)
        elif begins < claimed.at:
            waits.append(Wait(begins, claimed.at, life))
    return waits


def _waits_of(life: Life, end: int) -> Iterator[Wait]:
    """When a message waited that was never claimed, or of which more is told than one run."""
    since: int | None = life.published.at
    for event in life.order:
        kind = type(event)
        if kind is events.Reclaimed:
            since = event.at
        elif since is not None and kind in _TAKES_IN_HAND:
            if since < event.at:
                yield Wait(since, event.at, life)
            since = None
    if since is not None:
        yield Wait(since, end, life)


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
    """When the run ended that a claim began (µs); None if it did not."""
    life = trace.lives.get(claim.message)
    if life is None:
        return None
    if not life.more:
        return life.finished.at if life.finished else None
    who = (claim.server, claim.worker, claim.attempt)
    for event in life.order:
        if type(event) is events.Finished and (event.server, event.worker, event.attempt) == who:
            return event.at
    return None


def _free_spans(trace: Trace) -> Iterator[FreeSpan]:
    """When each worker was free.

    Of a server that left, and did not tell that it was about to, the time between a worker's last
    run and the leaving is not counted: it may have claimed no more.
    """
    by_worker = trace.once(turns)
    claiming = {server for server, _ in by_worker}
    for presence in trace.presences:
        if presence.server in claiming:
            for number in range(1, presence.workers + 1):
                worker = (presence.server, number)
                yield from _spans_of(trace, presence, worker, by_worker.get(worker, []))


def _spans_of(
    trace: Trace, presence: Presence, worker: Worker, claims: list[events.Claimed]
) -> Iterator[FreeSpan]:
    since: int | None = presence.begins
    for number in range(bisect_left(claims, presence.begins, key=_AT), len(claims)):
        claim = claims[number]
        if claim.at > presence.ends:
            break
        if since is not None and since + trace.travel < claim.at:
            yield FreeSpan(since + trace.travel, claim.at, worker)
        since = finished_at(trace, claim)
    until = presence.claims_until
    if since is not None and until is not None and since + trace.travel < until:
        yield FreeSpan(since + trace.travel, until, worker)


_AT = attrgetter("at")


def idle_waits(trace: Trace) -> list[IdleWait]:
    """Every message that waited beside a free worker, with the first such worker: O(n log n)."""
    return list(_idle_waits(trace))


def _idle_waits(trace: Trace) -> Iterator[IdleWait]:
    waiting = trace.once(waits)
    spans = sorted(_free_spans(trace)) if waiting else []
    if not spans:
        return
    # The free span that ends last among those beginning at or before each of them.
    latest: list[FreeSpan] = []
    for span in spans:
        latest.append(span if not latest or span.ends > latest[-1].ends else latest[-1])
    begins = [span.begins for span in spans]
    for wait_begins, waits_until, life in waiting:
        waits_from = wait_begins + trace.travel
        if waits_from >= waits_until:
            continue
        following = bisect_right(begins, waits_from)
        if following and latest[following - 1].ends > waits_from:
            _, free_until, worker = latest[following - 1]
            yield IdleWait(waits_from, min(free_until, waits_until), life, worker)
        elif following < len(spans) and begins[following] < waits_until:
            free_from, free_until, worker = spans[following]
            yield IdleWait(free_from, min(free_until, waits_until), life, worker)


def idle_waits_beside_own_runs(trace: Trace) -> dict[IdleWait, RunSpan]:
    """The idle waits that began while another run of the same job was going on, with that run."""
    own: dict[IdleWait, RunSpan] = {}
    latest_of: dict[str, list[RunSpan]] = {}
    for wait in trace.once(idle_waits):
        job = wait.life.published.job
        if job not in latest_of:
            latest_of[job] = list(_ending_last(trace.runs_by_job.get(job, []), trace.end))
        before = bisect_right(trace.runs_by_job.get(job, []), wait.begins, key=_BEGINS) - 1
        if before >= 0:
            span = latest_of[job][before]
            if (span.ends is None or span.ends > wait.begins) and span.life is not wait.life:
                own[wait] = span
    return own


def _ending_last(spans: list[RunSpan], end: int) -> Iterator[RunSpan]:
    """For each of `spans` the one that ends last among it and those before it."""
    latest: RunSpan | None = None
    for span in spans:
        if latest is None or (span.ends or end) >= (latest.ends or end):
            latest = span
        yield latest


_BEGINS = attrgetter("begins")


@rule("OVER-1")
def a_run_never_waits_for_another(trace: Trace) -> Finding:
    """Once it has a worker it starts, whatever else of its job or service is running."""
    cases = Cases()
    travel, patience_ends = trace.travel, trace.end - trace.lease
    for life in trace.lives.values():
        claimed, started = life.claimed, life.started
        if claimed is None:
            continue
        if started is not None:
            cases.examined += 1
            if started.at - claimed.at > travel:
                cases.broken(
                    started.at,
                    f"message {started.message}: had worker {claimed.server}/{claimed.worker} for "
                    f"{started.at - claimed.at} µs before it started",
                )
        elif claimed.at < patience_ends and not life.more and trace.lost_at(claimed) is None:
            cases.examined += 1
            cases.broken(
                claimed.at,
                f"message {claimed.message}: has had worker {claimed.server}/{claimed.worker} for "
                f"{trace.end - claimed.at} µs and was never started",
            )
    return cases.finding()


@rule("OVER-2")
def a_job_may_run_on_every_worker(trace: Trace) -> Finding:
    """Runs of a job overlap up to the number of workers; none waits for another's worker."""
    cases = Cases()
    busy_until: dict[str, int] = {}
    for span in trace.runs:
        job, ends = span.life.published.job, span.ends
        before = busy_until.get(job, 0)
        if before > span.begins:
            cases.examined += 1
        if ends is None or ends > before:
            busy_until[job] = trace.end if ends is None else ends
    for wait, own in trace.once(idle_waits_beside_own_runs).items():
        cases.examined += 1
        cases.broken(
            wait.begins,
            f"message {wait.life.published.message} waits beside the free worker "
            f"{wait.worker[0]}/{wait.worker[1]} while job {own.life.published.job} is running",
        )
    return cases.finding()


@rule("WORK-1")
def a_waiting_message_is_never_lost(trace: Trace) -> Finding:
    """What waits while all workers are busy is claimed in its turn, not passed over for good."""
    cases = Cases()
    order = trace.once(positions)
    latest_claimed = max(
        (order[claim.message] for claim in trace.claims if claim.message in order), default=-1
    )
    for begins, _, life in trace.once(waits):
        if begins > life.published.at or any(type(e) in _GONE for e in life.more):
            continue
        cases.examined += 1
        if life.claimed is None and order[life.published.message] < latest_claimed:
            cases.broken(
                begins,
                f"message {life.published.message}: never claimed, though later ones were",
            )
    return cases.finding()


_GONE = (events.Expired, events.DeadLettered)


@rule("WORK-2")
def no_message_waits_beside_an_idle_worker(trace: Trace) -> Finding:
    """Beyond one claim's travel time."""
    cases = Cases()
    cases.examined = len(trace.lives) if trace.presences else 0
    own = trace.once(idle_waits_beside_own_runs)
    for wait in trace.once(idle_waits):
        if wait not in own:
            cases.broken(
                wait.begins,
                f"message {wait.life.published.message} waits for {wait.ends - wait.begins} µs "
                f"beside the free worker {wait.worker[0]}/{wait.worker[1]}",
            )
    return cases.finding()


@rule("WORK-3")
def runs_start_in_the_order_of_publishing(trace: Trace) -> Finding:
    """On one server exactly; between servers a journey may come in between."""
    cases = Cases()
    order = trace.once(positions)
    starts = [start for start in trace.starts if start.attempt == 1 and start.message in order]
    ranks = [order[start.message] for start in starts]
    cases.examined = len(starts)
    if ranks != sorted(ranks):
        latest, latest_on = (-1, 0), dict.fromkeys((start.server for start in starts), (-1, 0))
        for start, rank in zip(starts, ranks, strict=True):
            here = latest_on[start.server]
            overtaken_here = rank < here[0] and start.at > here[1]
            if overtaken_here or (rank < latest[0] and start.at > latest[1] + trace.travel):
                cases.broken(
                    start.at, f"message {start.message}: starts after a message published later"
                )
            latest = max(latest, (rank, start.at))
            latest_on[start.server] = max(here, (rank, start.at))
    return cases.finding()


@rule("WORK-4")
def the_backlog_drains(trace: Trace) -> Finding:
    """When nothing more is published, what waits is gone in the time its runs can take.

    Ten times that is allowed for: how long a run takes is only known from those that have ended.
    """
    cases = Cases()
    lives = list(trace.lives.values())
    workers = sum(p.workers for p in trace.presences if p.ends == trace.end)
    if not lives or not workers:
        return cases.finding()
    longest = _longest_runs(lives)
    last_at = lives[-1].published.at
    open_then = [life for life in lives if life.finished is None or life.finished.at > last_at]
    if any(life.published.service not in longest for life in open_then):
        return cases.finding()
    work = sum(longest[life.published.service] + 2 * trace.travel for life in open_then)
    if trace.end - last_at > 10 * (work // workers + max(longest.values(), default=0)):
        cases.examined += 1
        waiting = sum(1 for wait in trace.once(waits) if wait.ends == trace.end)
        if waiting:
            cases.broken(
                trace.end,
                f"messages still waiting: {waiting}, {trace.end - last_at} µs after the last was "
                f"published; what was open then is work for {work // workers} µs",
            )
    return cases.finding()


def _longest_runs(lives: list[Life]) -> dict[str, int]:
    """How long the longest run of each service took that has ended (µs)."""
    longest: dict[str, int] = {}
    for life in lives:
        started, finished = life.started, life.finished
        if started is not None and finished is not None:
            took, service = finished.at - started.at, life.published.service
            if took > longest.get(service, -1):
                longest[service] = took
    return longest
