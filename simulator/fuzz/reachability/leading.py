"""States of leaders, of their publishing and of misfires."""

from itertools import pairwise

from gnomon.reference import events
from gnomon.reference.schedule.clock import SECOND
from gnomon.simulator.fuzz.reachability.base import (
    durable,
    every,
    faults_of_leaders,
    planned,
    state,
    vacancies,
)
from gnomon.specs.trace.trace import Trace

# --- leading


@state
def leader_crashed(trace: Trace) -> bool:
    """The leader crashed."""
    ends = {(term.server, term.ends) for term in trace.terms}
    return any((crash.server, crash.at) in ends for crash in every(trace, events.ServerCrashed))


@state
def leader_handed_over(trace: Trace) -> bool:
    """A stopping leader released the lease, and another server led within a lease."""
    releases = {event.epoch: event for event in every(trace, events.LeaseReleased)}
    return any(
        before.epoch in releases
        and before.server != after.server
        and after.begins - before.ends < trace.lease
        for before, after in pairwise(trace.terms)
    )


@state
def leader_paused_past_its_lease(trace: Trace) -> bool:
    """A leader was paused for longer than a lease."""
    return _leader_had_a_long_fault(trace, "pause_server")


@state
def leader_cut_off_past_its_lease(trace: Trace) -> bool:
    """A leader was cut off from the store for longer than a lease."""
    return _leader_had_a_long_fault(trace, "cut_server")


def _leader_had_a_long_fault(trace: Trace, fault: str) -> bool:
    return any(
        span.fault == fault and span.ends - span.begins > trace.lease
        for _, span in faults_of_leaders(trace)
    )


@state
def another_led_meanwhile(trace: Trace) -> bool:
    """While a leader was paused or cut off, another server became the leader."""
    return any(
        span.fault in ("pause_server", "cut_server")
        and other.server != term.server
        and span.begins < other.begins < span.ends
        for term, span in faults_of_leaders(trace)
        for other in trace.terms
    )


@state
def lease_renewed_at_the_last_moment(trace: Trace) -> bool:
    """A lease was renewed in the last tenth of its time."""
    # A paused server renews nothing; if it still leads later, it renewed the lease just in time.
    return any(
        span.fault == "pause_server"
        and span.ends - span.begins >= trace.lease * 9 // 10
        and term.ends > span.ends + trace.lease // 3
        for term, span in faults_of_leaders(trace)
    )


@state
def nobody_led_for_a_lease(trace: Trace) -> bool:
    """Nobody led for longer than a lease."""
    return any(ends - begins > trace.lease for begins, ends in trace.cached(vacancies))


@state
def due_while_nobody_led(trace: Trace) -> bool:
    """An occurrence was due while nobody led, and was published by the next leader."""
    gaps = trace.cached(vacancies)
    return bool(gaps) and any(
        begins < event.due < ends for event in planned(trace) for begins, ends in gaps
    )


@state
def a_former_leader_led_again(trace: Trace) -> bool:
    """A server led again after another one had led."""
    servers = [term.server for term in trace.terms]
    return any(
        server in servers[: number - 1] and servers[number - 1] != server
        for number, server in enumerate(servers)
        if number >= 2
    )


@state
def five_epochs(trace: Trace) -> bool:
    """There were five epochs or more."""
    return len(trace.terms) >= 5


# --- publishing


def _refused(trace: Trace, why: str) -> bool:
    return any(event.why == why for event in every(trace, events.PublishRefused))


@state
def stale_leader_refused(trace: Trace) -> bool:
    """A stale leader was refused."""
    return _refused(trace, "deposed")


@state
def early_publish_refused(trace: Trace) -> bool:
    """A leader whose clock was fast was refused."""
    return _refused(trace, "early")


@state
def edit_raced_publish(trace: Trace) -> bool:
    """A publish came just after an edit, and was refused."""
    return _refused(trace, "revision")


@state
def deactivation_raced_publish(trace: Trace) -> bool:
    """A publish came just after its job was made inactive, and was refused."""
    return _refused(trace, "inactive")


@state
def deletion_raced_publish(trace: Trace) -> bool:
    """A publish came just after its job was deleted, and was refused."""
    return _refused(trace, "gone")


@state
def second_publish_refused(trace: Trace) -> bool:
    """An occurrence that had been published already was refused."""
    return _refused(trace, "cursor")


# --- the store's clock


def _was_store_clock_stepped(trace: Trace) -> bool:
    return any(fault.fault == "step_store_clock" for fault in trace.faults)


@state
def published_ahead_of_a_set_back(trace: Trace) -> bool:
    """The store's clock was set back beyond the instant of a published occurrence."""
    return bool(trace.beside_plan)


@state
def store_clock_stood_still(trace: Trace) -> bool:
    """The store's clock was stepped, and its time never fell."""
    was_set_back = bool(every(trace, events.ClockSetBack))
    return _was_store_clock_stepped(trace) and not was_set_back


@state
def takeover_after_a_step_of_the_store_clock(trace: Trace) -> bool:
    """The store's clock was set forward, and by that the lease went to another server."""
    steps = [f for f in trace.faults if f.fault == "step_store_clock" and f.begins < f.ends]
    return any(
        step.begins <= before.ends <= step.ends + trace.lease
        and isinstance(before.ended_by, events.LeaseExpired)
        and after.server != before.server
        for step in steps
        for before, after in pairwise(trace.terms)
    )


@durable
def messages_of_a_server_that_died_ahead(trace: Trace) -> bool:
    """A server died while the store's clock was ahead by leases, and lost its messages later."""
    if not any(type(event) is events.ClockSetBack for event in trace.recorded):
        return False
    died: dict[str, int] = {}
    died_ahead: set[str] = set()
    for event in trace.recorded:
        match event:
            case events.ServerStarted(server=server):
                died.pop(server, None)
                died_ahead.discard(server)
            case events.ServerCrashed(at=at, server=server):
                died[server] = at
            case events.ClockSetBack(at=at):
                died_ahead.update(name for name in died if died[name] > at + 3 * trace.lease)
            case events.Reclaimed(server=server) if server in died_ahead:
                return True
    return False


# --- misfires


@state
def fold(trace: Trace) -> bool:
    """Misfires were coalesced into one."""
    return bool(every(trace, events.Coalesced))


@state
def fold_of_ten(trace: Trace) -> bool:
    """Ten misfires or more were coalesced into one."""
    return any(event.coalesced >= 10 for event in planned(trace))


@state
def fold_during_failover(trace: Trace) -> bool:
    """Occurrences that were due under one leader were coalesced by the next."""
    begins = {term.epoch: term.begins for term in trace.terms}
    return any(
        event.coalesced and event.epoch > 1 and event.due < begins.get(event.epoch, 0)
        for event in planned(trace)
    )


@state
def skipped_misfire(trace: Trace) -> bool:
    """A misfire was skipped."""
    return any(event.why == "misfire" for event in every(trace, events.Skipped))


@state
def all_misfires_published(trace: Trace) -> bool:
    """Three occurrences of a job or more were published at once."""
    together: dict[tuple[str, int], int] = {}
    for event in planned(trace):
        key = (event.job, event.at)
        together[key] = together.get(key, 0) + 1
    return any(number >= 3 for number in together.values())


@state
def one_time_job_late(trace: Trace) -> bool:
    """A one-time job was published more than a second after it was due."""
    return any(
        event.job_type == "one_time" and event.at > event.due + SECOND for event in planned(trace)
    )
