"""OVER-1, OVER-2 and WORK-1 to WORK-4: what a message may wait for, and what it may not.

The one idea: a message must not wait while an eligible worker is idle. ``trace.waits`` finds where
one did, ``attribution`` decides which rule reports it, and here stands what each rule demands.
"""

from collections import Counter
from collections.abc import Iterator

from gnomon.reference import events
from gnomon.specs.rules import tolerances
from gnomon.specs.rules.attribution import (
    LATE,
    NOT_DUE,
    Occurrence,
    idle_waits_by_rule,
    rule_for,
    runs_seen,
)
from gnomon.specs.rules.base import Cases, rule
from gnomon.specs.rules.kinds import Kind
from gnomon.specs.rules.overdue import overdue
from gnomon.specs.rules.violations import attempt_of
from gnomon.specs.trace.deployed import LatestTaken
from gnomon.specs.trace.entities import MessageRecord
from gnomon.specs.trace.message_records import Instants
from gnomon.specs.trace.order import first_claims, first_starts, keeps_order, places_of
from gnomon.specs.trace.plans import not_due
from gnomon.specs.trace.trace import Trace
from gnomon.specs.trace.waits import waits


@rule("OVER-1", "jobs", "servers", "firings", "runs")
def a_run_never_waits_for_another(cases: Cases, trace: Trace) -> None:
    """As soon as a message has a worker it is run, whatever other runs of its job or of its
    service are going on.
    """
    if not trace.observes("messages"):
        _examine_firings(cases, trace)
        return
    allowed, longest_open = tolerances.one_way(trace), tolerances.expiry(trace)
    for place, (_, claimed_at, started_at, _) in enumerate(trace.messages.instants):
        if claimed_at is None:
            continue
        if started_at is not None and started_at - claimed_at <= allowed:
            cases.examined += 1
            continue
        record = trace.messages.at_place(place)
        claimed, started = record.claimed, record.started
        assert claimed is not None
        if started is not None:
            cases.examined += 1
            # If its server was disturbed it may be late, by as long as that lasted.
            if not trace.is_disturbed(started.server, started.at - allowed, started.at):
                cases.broken(
                    started.at,
                    Kind.STARTED_LATE,
                    job=record.published.job,
                    message=started.message,
                    server=claimed.server,
                    worker=claimed.worker,
                    since=claimed.at,
                    duration=started.at - claimed.at,
                )
        elif _is_open(trace, record, claimed, trace.end - longest_open):
            cases.examined += 1
            if not trace.is_disturbed(claimed.server, trace.end - longest_open, trace.end):
                cases.broken(
                    claimed.at,
                    Kind.NEVER_STARTED,
                    job=record.published.job,
                    **attempt_of(claimed),
                    since=claimed.at,
                    duration=trace.end - claimed.at,
                )


def _examine_firings(cases: Cases, trace: Trace) -> None:
    """Examine the runs of a partial history that should have begun during another of their job."""
    runs = trace.cached(runs_seen)
    for stage in trace.stages:
        grace = stage.definition.grace if stage.definition else 0
        for instant, event in stage.outcomes:
            if any(begins < instant < ends for begins, ends in runs[stage.job]):
                cases.examined += 1
                if type(event) is events.Skipped and event.at - instant <= grace:
                    cases.broken(event.at, Kind.LEFT_OUT, job=stage.job, due=instant)
        for instant, event in not_due(trace, stage):
            if rule_for(NOT_DUE, trace, Occurrence(stage, instant)) == "OVER-1":
                cases.examined += 1
                cases.broken(event.at, Kind.HELD_UP_UNTIL_END, job=stage.job, due=instant)
        for instant, deadline, was_led in trace.cached(overdue).get(stage, ()):
            if rule_for(LATE, trace, Occurrence(stage, instant, was_led)) == "OVER-1":
                cases.examined += 1
                cases.broken(deadline, Kind.HELD_UP, job=stage.job, due=instant)


def _is_open(trace: Trace, record: MessageRecord, claimed: events.Claimed, since: int) -> bool:
    """Whether a message was claimed before `since`, and nothing has happened to it after that."""
    return claimed.at < since and not record.later and trace.lost_at(claimed) is None


@rule("OVER-2", "servers", "messages", "leader")
def a_job_may_run_on_every_worker(cases: Cases, trace: Trace) -> None:
    """A job may have as many runs at once as the cluster has workers, and no limit but its own
    `max_parallel` (LIMIT-1) reduces that.
    """
    busy_until: dict[str, int] = {}
    runs = trace.runs
    for begins, ends, job in zip(runs.begins, runs.ends(trace.end), runs.jobs(), strict=True):
        before = busy_until.get(job, 0)
        if before > begins:
            cases.examined += 1
        if ends > before:
            busy_until[job] = ends
    for wait in trace.cached(idle_waits_by_rule)[cases.id]:
        cases.examined += 1
        server, worker = wait.worker
        cases.broken(
            wait.begins,
            Kind.JOB_HELD_DOWN,
            job=wait.record.published.job,
            message=wait.record.published.message,
            server=server,
            worker=worker,
            until=wait.ends,
        )


@rule("WORK-1", "servers", "messages")
def a_waiting_message_is_never_lost(cases: Cases, trace: Trace) -> None:
    """Durable: while all workers are busy, messages wait as long as it takes, and none is lost.

    A message that had to wait is claimed if any message that was published later is claimed, by a
    server that has its service.
    """
    if trace.header.profile != "durable":
        return
    latest_claimed = LatestTaken(trace, (-1,))
    first = trace.cached(first_claims)
    placed = zip(first, places_of(trace, first), strict=True)
    latest_claimed.take_all((claim, (place,)) for claim, place in placed if place is not None)
    incomplete = {record.published.message: record for record in trace.incomplete_messages}
    for begins, _, message in trace.cached(waits):
        record = incomplete.get(message)
        if record is None:
            cases.examined += 1
        elif begins == record.published.at and not _is_judged_elsewhere(record):
            cases.examined += 1
            (latest,) = latest_claimed.before(message)
            if record.claimed is None and trace.messages.position(message) < latest:
                job = record.published.job
                cases.broken(begins, Kind.NEVER_CLAIMED, job=job, message=message)


def _is_judged_elsewhere(record: MessageRecord) -> bool:
    """Whether a message expired, was dead-lettered or dropped: DLV and HIST-1 judge it."""
    return any(isinstance(event, _ENDS_UNCLAIMED) for event in record.later)


_ENDS_UNCLAIMED = (events.Expired, events.DeadLettered, events.Dropped)


@rule("WORK-2", "servers", "messages", "leader")
def no_message_waits_beside_an_idle_worker(cases: Cases, trace: Trace) -> None:
    """No message waits for longer than one travel time while a live, connected server that may take
    it has an idle worker.
    """
    cases.examined = len(trace.messages) if trace.memberships else 0
    for wait in trace.cached(idle_waits_by_rule)[cases.id]:
        server, worker = wait.worker
        cases.broken(
            wait.begins,
            Kind.WORKER_IDLE,
            job=wait.record.published.job,
            message=wait.record.published.message,
            server=server,
            worker=worker,
            until=wait.ends,
            duration=wait.ends - wait.begins,
        )


@rule("WORK-3", "servers", "messages")
def runs_start_in_the_order_of_publishing(cases: Cases, trace: Trace) -> None:
    """Runs start in the order in which their messages were published, but for those that a server
    leaves to others.

    On one server this is exact. Between servers a run may start up to one travel time later.
    """
    starts = first_starts(trace)
    cases.examined = len(starts)
    if keeps_order(trace, starts):
        return
    position, allowed = trace.messages.position, tolerances.one_way(trace)
    first = (-1, 0)
    anywhere = LatestTaken(trace, first)
    on_server = {server: LatestTaken(trace, first) for server in {start.server for start in starts}}
    for start in starts:
        place = position(start.message)
        here, latest = on_server[start.server].before(start.message), anywhere.before(start.message)
        overtaken_here = place < here[0] and start.at > here[1]
        overtaken = place < latest[0] and start.at > latest[1] + allowed
        if (overtaken_here or overtaken) and not _was_held_up(trace, start):
            cases.broken(
                start.at,
                Kind.STARTED_OUT_OF_ORDER,
                job=trace.messages[start.message].published.job,
                **attempt_of(start),
            )
        anywhere.take(start, (place, start.at))
        on_server[start.server].take(start, (place, start.at))


def _was_held_up(trace: Trace, start: events.Started) -> bool:
    """Whether its server was disturbed between the first claim of a message and its start."""
    claimed = trace.messages[start.message].claimed
    return claimed is not None and trace.is_disturbed(start.server, claimed.at, start.at)


@rule("WORK-4", "servers", "messages")
def the_backlog_drains(cases: Cases, trace: Trace) -> None:
    """When the load falls below the capacity of the workers, the messages that wait become fewer,
    until none is left.

    After the last load, a lease and ten times the time that the open work takes are allowed.
    """
    if not trace.messages or not _workers_at_end(trace):
        return
    longest = _longest_runs(trace)
    last_at = _last_load(trace)
    open_then = _open_at(trace, last_at)
    if any(service not in longest for service in open_then):
        return
    workers = min(
        (_workers_at_end(trace, service) for service in open_then),
        default=_workers_at_end(trace),
    )
    work = sum(
        count * tolerances.time_per_run(trace, longest[service])
        for service, count in open_then.items()
    )
    allowed = tolerances.BACKLOG_FACTOR * (work // workers + max(longest.values(), default=0))
    allowed += tolerances.expiry(trace)
    if trace.end - last_at > allowed:
        cases.examined += 1
        waiting = sum(1 for wait in trace.cached(waits) if wait.ends == trace.end)
        if waiting:
            cases.broken(
                trace.end,
                Kind.BACKLOG,
                since=last_at,
                duration=trace.end - last_at,
                expected=work // workers,
                observed=waiting,
            )


def _open_at(trace: Trace, at: int) -> Counter[str]:
    """How many messages of each service were neither completed nor given up by an instant (µs)."""
    found: Counter[str] = Counter()
    for (_, _, _, finished), service in _instants_and_services(trace):
        if finished is None or finished > at:
            found[service] += 1
    for record in trace.irregular_messages:
        was_counted = record.finished is None or record.finished.at > at
        found[record.published.service] += _was_open_at(record, at) - was_counted
    return +found


_GIVEN_UP = (events.DeadLettered, events.Dropped, events.Expired, events.Lost)


def _was_open_at(record: MessageRecord, at: int) -> bool:
    happened = [event for event in record.events if event.at <= at]
    taken_back = max((e.attempt for e in happened if type(e) is events.Reclaimed), default=0)
    is_open = True
    for event in happened:
        if type(event) is events.Finished and event.attempt > taken_back:
            return False
        if isinstance(event, _GIVEN_UP):
            is_open = False
        elif type(event) is events.PutBack:
            is_open = True
    return is_open


def _workers_at_end(trace: Trace, service: str | None = None) -> int:
    """The workers at the end: of servers with that service, or if there is none, of all."""
    present = [member for member in trace.memberships if member.ends == trace.end]
    able = [m for m in present if m.services is None or service in m.services]
    return sum(member.workers for member in able) or sum(member.workers for member in present)


def _instants_and_services(trace: Trace) -> Iterator[tuple[Instants, str]]:
    """The instants and the service of each message."""
    return zip(trace.messages.instants, trace.messages.services(), strict=True)


def _last_load(trace: Trace) -> int:
    """When a message was last published, reclaimed or put back, or a disturbance ended (µs).

    Only disturbances of servers that are there at the end count.
    """
    reclaimed_at = [
        event.at
        for record in trace.irregular_messages
        for event in record.later
        if type(event) is events.Reclaimed or type(event) is events.PutBack
    ]
    disturbed_until = [
        trace.fault_windows.last_end(member.server, trace.end)
        for member in trace.memberships
        if member.ends == trace.end
    ]
    last_published = trace.messages.at_place(len(trace.messages) - 1).published
    return max(last_published.at, *reclaimed_at, *disturbed_until)


def _longest_runs(trace: Trace) -> dict[str, int]:
    """How long the longest ended run of each service took (µs), if any took time at all.

    A run that took no time does not predict how long the next one takes. Nor does one during which
    the store's clock was wrong, or its time stood still: up to a lease after a step back.
    """
    stepped = (window for window in trace.faults if window.fault in _CLOCK_STEPS)
    steps = [(window.begins, window.ends + tolerances.standstill(trace)) for window in stepped]
    longest: dict[str, int] = {}
    for (_, _, started, finished), service in _instants_and_services(trace):
        if started is not None and finished is not None:
            took = finished - started
            if took > longest.get(service, 0) and not any(
                begins <= finished and started <= ends for begins, ends in steps
            ):
                longest[service] = took
    return longest


_CLOCK_STEPS = ("clock_set_back", "step_store_clock")
