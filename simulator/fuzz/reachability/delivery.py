"""Messages that come back, and messages that have to wait."""

from itertools import pairwise

from gnomon.reference import events
from gnomon.reference.schedule.clock import SECOND
from gnomon.simulator.fuzz.reachability.base import classic, durable, every, state
from gnomon.specs.rules.idleness import waits
from gnomon.specs.trace.trace import Trace

# --- delivering


@durable
def message_taken_back(trace: Trace) -> bool:
    """A message was taken back from a server that was lost."""
    return bool(every(trace, events.Reclaimed))


@durable
def first_run_finished_after_all(trace: Trace) -> bool:
    """A message was taken back, and the run that had been given up finished afterwards."""
    for record in trace.messages.values():
        given_up: set[int] = set()
        for event in record.later and record.events:
            if type(event) is events.Reclaimed:
                given_up.add(event.attempt)
            elif type(event) is events.Finished and event.attempt in given_up:
                return True
    return False


@durable
def finished_run_taken_back(trace: Trace) -> bool:
    """A message was taken back because nobody knew that its run had finished."""
    for record in trace.messages.values():
        finished: set[int] = set()
        for event in record.later and record.events:
            if type(event) is events.Finished:
                finished.add(event.attempt)
            elif type(event) is events.Reclaimed and event.attempt in finished:
                return True
    return False


@durable
def third_attempt(trace: Trace) -> bool:
    """A message was attempted a third time."""
    return any(claim.attempt >= 3 for claim in trace.claims)


@durable
def second_attempt_elsewhere(trace: Trace) -> bool:
    """A message was finished by another server than the one that had it first."""
    return any(
        type(event) is events.Finished and event.server != record.claimed.server
        for record in trace.messages.values()
        if record.claimed is not None
        for event in record.later
    )


@state
def given_to_a_lost_server(trace: Trace) -> bool:
    """A message was given to a worker whose server was no more."""
    return any(
        trace.membership_at(claim.server, claim.at) is None
        for claim in trace.claims
        if claim.server in trace.memberships_of
    )


@durable
def taken_back_from_itself(trace: Trace) -> bool:
    """A server that came back was relieved of what it had held before."""
    for event in every(trace, events.Reclaimed):
        membership = trace.membership_at(event.server, event.at)
        if membership is not None and event.at - membership.begins <= 2 * trace.travel:
            return True
    return False


@durable
def several_taken_back_at_once(trace: Trace) -> bool:
    """Three messages or more were taken back at once."""
    instants = [event.at for event in every(trace, events.Reclaimed)]
    return any(one == third for one, third in zip(instants, instants[2:], strict=False))


@classic
def message_expired(trace: Trace) -> bool:
    """A message was gone before anybody claimed it."""
    return bool(every(trace, events.Expired))


@classic
def message_lost(trace: Trace) -> bool:
    """A message was gone with the server that had claimed it."""
    return bool(every(trace, events.Lost))


# --- load


def _workers(trace: Trace) -> int:
    """How many workers all servers have that were ever there."""
    return sum(memberships[0].workers for memberships in trace.memberships_of.values())


def _most_waiting(trace: Trace) -> int:
    """How many messages waited at once, at most."""
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
    """A backlog of twenty messages or more drained to nothing."""
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
    """A server that was told to stop had to finish a run first."""
    return any(
        membership.claims_until is not None and membership.ends - membership.claims_until > SECOND
        for membership in trace.memberships
    )
