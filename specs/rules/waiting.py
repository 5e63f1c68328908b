"""OVER-1, OVER-2 and WORK-1 to WORK-4: what a message may wait for, and what it may not.

The one idea: a wait is wrong that nobody needs. ``idleness`` says which those are; here it is said
what each rule makes of them, and how a run is held against the claim before it.
"""

from gnomon.reference import events
from gnomon.specs.rules.base import Cases, Finding, rule
from gnomon.specs.rules.idleness import idle_waits_by_rule, positions, waits
from gnomon.specs.trace.entities import MessageRecord
from gnomon.specs.trace.trace import Trace


@rule("OVER-1")
def a_run_never_waits_for_another(trace: Trace) -> Finding:
    """Once it has a worker it starts, whatever else of its job or service is running."""
    cases = Cases()
    travel, lease_ago = trace.travel, trace.end - trace.lease
    for record in trace.messages.values():
        claimed, started = record.claimed, record.started
        if claimed is None:
            continue
        if started is not None:
            cases.examined += 1
            is_late = started.at - claimed.at > travel
            # If its server was disturbed it may be late, by as much as that lasted.
            if is_late and not trace.is_disturbed(started.server, started.at - travel, started.at):
                cases.broken(
                    started.at,
                    f"message {started.message}: had worker {claimed.server}/{claimed.worker} for "
                    f"{started.at - claimed.at} µs before it started",
                )
        elif claimed.at < lease_ago and not record.later and trace.lost_at(claimed) is None:
            cases.examined += 1
            if not trace.is_disturbed(claimed.server, lease_ago, trace.end):
                cases.broken(
                    claimed.at,
                    f"message {claimed.message}: has had worker {claimed.server}/{claimed.worker} "
                    f"for {trace.end - claimed.at} µs and was never started",
                )
    return cases.finding()


@rule("OVER-2")
def a_job_may_run_on_every_worker(trace: Trace) -> Finding:
    """Runs of a job overlap up to the number of workers; none waits for another's worker."""
    cases = Cases()
    busy_until: dict[str, int] = {}
    for span in trace.runs:
        job, ends = span.record.published.job, span.ends
        before = busy_until.get(job, 0)
        if before > span.begins:
            cases.examined += 1
        if ends is None or ends > before:
            busy_until[job] = trace.end if ends is None else ends
    for wait in trace.cached(idle_waits_by_rule)["OVER-2"]:
        cases.examined += 1
        cases.broken(
            wait.begins,
            f"message {wait.record.published.message} waits beside the free worker "
            f"{wait.worker[0]}/{wait.worker[1]} while job {wait.record.published.job} is running",
        )
    return cases.finding()


@rule("WORK-1")
def a_waiting_message_is_never_lost(trace: Trace) -> Finding:
    """What waits while all workers are busy is claimed in its turn, not passed over for good."""
    cases = Cases()
    if trace.header.profile != "durable":
        return cases.finding()
    order = trace.cached(positions)
    latest_claimed = max(
        (order[claim.message] for claim in trace.claims if claim.message in order), default=-1
    )
    for begins, _, record in trace.cached(waits):
        if begins > record.published.at or any(type(e) in _GONE for e in record.later):
            continue
        cases.examined += 1
        if record.claimed is None and order[record.published.message] < latest_claimed:
            cases.broken(
                begins,
                f"message {record.published.message}: never claimed, though later ones were",
            )
    return cases.finding()


_GONE = (events.Expired, events.DeadLettered)


@rule("WORK-2")
def no_message_waits_beside_an_idle_worker(trace: Trace) -> Finding:
    """Beyond one claim's travel time."""
    cases = Cases()
    cases.examined = len(trace.messages) if trace.memberships else 0
    for wait in trace.cached(idle_waits_by_rule)["WORK-2"]:
        cases.broken(
            wait.begins,
            f"message {wait.record.published.message} waits for {wait.ends - wait.begins} µs "
            f"beside the free worker {wait.worker[0]}/{wait.worker[1]}",
        )
    return cases.finding()


@rule("WORK-3")
def runs_start_in_the_order_of_publishing(trace: Trace) -> Finding:
    """On one server exactly; between servers a journey may come in between."""
    cases = Cases()
    order = trace.cached(positions)
    starts = [start for start in trace.starts if start.attempt == 1 and start.message in order]
    ranks = [order[start.message] for start in starts]
    cases.examined = len(starts)
    if ranks != sorted(ranks):
        latest, latest_on = (-1, 0), dict.fromkeys((start.server for start in starts), (-1, 0))
        for start, rank in zip(starts, ranks, strict=True):
            here = latest_on[start.server]
            overtaken_here = rank < here[0] and start.at > here[1]
            overtaken = rank < latest[0] and start.at > latest[1] + trace.travel
            if (overtaken_here or overtaken) and not _was_held_up(trace, start):
                cases.broken(
                    start.at, f"message {start.message}: starts after a message published later"
                )
            latest = max(latest, (rank, start.at))
            latest_on[start.server] = max(here, (rank, start.at))
    return cases.finding()


def _was_held_up(trace: Trace, start: events.Started) -> bool:
    """Whether a fault was felt at its server between the first claim and the start of a run."""
    claimed = trace.messages[start.message].claimed
    return claimed is not None and trace.is_disturbed(start.server, claimed.at, start.at)


@rule("WORK-4")
def the_backlog_drains(trace: Trace) -> Finding:
    """When nothing more is published, what waits is gone in the time its runs can take.

    Ten times that is allowed for: how long a run takes is only known from those that have ended.
    """
    cases = Cases()
    records = list(trace.messages.values())
    workers = sum(p.workers for p in trace.memberships if p.ends == trace.end)
    if not records or not workers:
        return cases.finding()
    longest = _longest_runs(records)
    last_at = _last_load(trace, records)
    open_then = [
        record for record in records if record.finished is None or record.finished.at > last_at
    ]
    if any(record.published.service not in longest for record in open_then):
        return cases.finding()
    work = sum(longest[record.published.service] + 2 * trace.travel for record in open_then)
    if trace.end - last_at > 10 * (work // workers + max(longest.values(), default=0)):
        cases.examined += 1
        waiting = sum(1 for wait in trace.cached(waits) if wait.ends == trace.end)
        if waiting:
            cases.broken(
                trace.end,
                f"messages still waiting: {waiting}, {trace.end - last_at} µs after the last load; "
                f"what was open then is work for {work // workers} µs",
            )
    return cases.finding()


def _last_load(trace: Trace, records: list[MessageRecord]) -> int:
    """When the last message was published, or taken back, or a fault felt by who is there (µs)."""
    taken_back = [e.at for record in records for e in record.later if type(e) is events.Reclaimed]
    felt = trace.fault_windows.last_end
    felt_until = [felt(p.server, trace.end) for p in trace.memberships if p.ends == trace.end]
    return max(records[-1].published.at, *taken_back, *felt_until)


def _longest_runs(records: list[MessageRecord]) -> dict[str, int]:
    """How long the longest ended run of each service took (µs), if any took time at all.

    A run of no time does not tell how long the next one takes.
    """
    longest: dict[str, int] = {}
    for record in records:
        started, finished = record.started, record.finished
        if started is not None and finished is not None:
            took, service = finished.at - started.at, record.published.service
            if took > longest.get(service, 0):
                longest[service] = took
    return longest
