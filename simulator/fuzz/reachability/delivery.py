"""States of messages that are reclaimed, and of messages that wait."""

from itertools import pairwise

from gnomon.reference import events
from gnomon.reference.schedule.clock import SECOND
from gnomon.simulator.fuzz.reachability.base import classic, durable, every, state
from gnomon.specs.trace.deployed import ever_had, lacks, providers, services_differ
from gnomon.specs.trace.order import first_claims
from gnomon.specs.trace.trace import Trace
from gnomon.specs.trace.waits import waits

# --- delivering


@durable
def message_taken_back(trace: Trace) -> bool:
    """A message was reclaimed from a server."""
    return bool(every(trace, events.Reclaimed))


@durable
def first_run_finished_after_all(trace: Trace) -> bool:
    """A message was reclaimed, and its first run finished afterwards."""
    for record in trace.messages.values():
        reclaimed: set[int] = set()
        for event in record.later and record.events:
            if isinstance(event, events.Reclaimed):
                reclaimed.add(event.attempt)
            elif isinstance(event, events.Finished) and event.attempt in reclaimed:
                return True
    return False


@durable
def finished_run_taken_back(trace: Trace) -> bool:
    """A message was reclaimed although its run had finished, which the store did not know."""
    for record in trace.messages.values():
        finished: set[int] = set()
        for event in record.later and record.events:
            if isinstance(event, events.Finished):
                finished.add(event.attempt)
            elif isinstance(event, events.Reclaimed) and event.attempt in finished:
                return True
    return False


@durable
def third_attempt(trace: Trace) -> bool:
    """A message was attempted a third time."""
    return any(claim.attempt >= 3 for claim in trace.claims)


@durable
def second_attempt_elsewhere(trace: Trace) -> bool:
    """A message was finished by another server than the one that claimed it first."""
    return any(
        isinstance(event, events.Finished) and event.server != record.claimed.server
        for record in trace.messages.values()
        if record.claimed is not None
        for event in record.later
    )


@durable
def dead_lettered_after_its_attempts(trace: Trace) -> bool:
    """A message was dead-lettered after its last attempt, and the cluster continued."""
    dead = [event.at for event in every(trace, events.DeadLettered) if event.cause == "attempts"]
    return bool(dead) and any(event.at > dead[0] for event in every(trace, events.Finished))


@durable
def put_back_and_run(trace: Trace) -> bool:
    """A dead message was put back and started again."""
    put_back = {event.message: event.at for event in every(trace, events.PutBack)}
    return any(start.at >= put_back.get(start.message, trace.end) for start in trace.starts)


@state
def message_left_to_others(trace: Trace) -> bool:
    """A message waited for servers with its service, while others claimed later messages."""
    if not trace.cached(services_differ):
        return False
    claims, position = trace.cached(first_claims), trace.messages.position
    latest = dict.fromkeys((claim.server for claim in claims), -1)
    for claim in claims:
        place, service = position(claim.message), trace.messages[claim.message].published.service
        overtaken = [s for s, other in latest.items() if other > place and s != claim.server]
        if any(not trace.cached(ever_had, server, service) for server in overtaken):
            return True
        latest[claim.server] = max(latest[claim.server], place)
    return False


@state
def run_failed_when_nobody_had_its_service_any_more(trace: Trace) -> bool:
    """A message was claimed by a server without its service, which others had had before."""
    differ = trace.cached(services_differ)
    return any(
        lacks(trace, claim, record.published.service)
        and bool(trace.cached(providers, record.published.service))
        for record in (trace.messages.values() if differ else ())
        if (claim := record.claimed) is not None
    )


@state
def waiting_message_dropped(trace: Trace) -> bool:
    """A message that waited was dropped."""
    return bool(every(trace, events.Dropped))


@state
def given_to_a_lost_server(trace: Trace) -> bool:
    """A message was assigned to a worker of a server that was absent."""
    return any(
        trace.membership_at(claim.server, claim.at) is None
        for claim in trace.claims
        if claim.server in trace.memberships_of
    )


@durable
def taken_back_from_itself(trace: Trace) -> bool:
    """A message was reclaimed from a server that had just started again."""
    for event in every(trace, events.Reclaimed):
        membership = trace.membership_at(event.server, event.at)
        if membership is not None and event.at - membership.begins <= 2 * trace.travel:
            return True
    return False


@durable
def several_taken_back_at_once(trace: Trace) -> bool:
    """Three messages or more were reclaimed at once."""
    instants = [event.at for event in every(trace, events.Reclaimed)]
    return any(one == third for one, third in zip(instants, instants[2:], strict=False))


@classic
def message_expired(trace: Trace) -> bool:
    """A message expired before anybody claimed it."""
    return bool(every(trace, events.Expired))


@classic
def message_lost(trace: Trace) -> bool:
    """A message was lost with the server that had claimed it."""
    return bool(every(trace, events.Lost))


# --- load


def _workers(trace: Trace) -> int:
    """The number of workers of all servers that were ever present."""
    return sum(memberships[0].workers for memberships in trace.memberships_of.values())


def _most_waiting(trace: Trace) -> int:
    """The most messages that waited at once."""
    changes = sorted(
        change for wait in trace.cached(waits) for change in ((wait.begins, 1), (wait.ends, -1))
    )
    most = waiting = 0
    for _, change in changes:
        waiting += change
        most = max(most, waiting)
    return most


@state
def tenfold_backlog(trace: Trace) -> bool:
    """More than ten times as many messages waited as there were workers."""
    workers = _workers(trace)
    if not workers or len(trace.cached(waits)) <= 10 * workers:
        return False
    return trace.cached(_most_waiting) > 10 * workers


@durable
def backlog_drained(trace: Trace) -> bool:
    """A backlog of twenty messages or more drained to zero."""
    waiting = trace.cached(waits)
    if len(waiting) < 20 or any(wait.ends == trace.end for wait in waiting):
        return False
    return trace.cached(_most_waiting) >= 20


@state
def waited_longer_than_a_lease(trace: Trace) -> bool:
    """A message waited for a worker for longer than a lease."""
    return any(wait.ends - wait.begins > trace.lease for wait in trace.cached(waits))


@state
def overlap_across_servers(trace: Trace) -> bool:
    """Two servers ran the same job at once."""
    for runs in trace.runs_by_job.values():
        for one, other in pairwise(runs):
            still = one.ends is None or one.ends > other.begins
            if still and one.started.server != other.started.server:
                return True
    return False


@state
def run_longer_than_a_lease(trace: Trace) -> bool:
    """A run took longer than a lease."""
    return any(run.ends is not None and run.ends - run.begins > trace.lease for run in trace.runs)


@state
def stop_waited_for_a_run(trace: Trace) -> bool:
    """A stopping server had to finish a run first."""
    return any(
        membership.claims_until is not None and membership.ends - membership.claims_until > SECOND
        for membership in trace.memberships
    )
