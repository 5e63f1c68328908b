"""LEAD-1 to LEAD-5: who leads, who is refused, and what happens while nobody leads.

The one idea: the history has the lease's events in the order in which the store made them, and the
store decides. So the order alone tells who may publish, and no clock is asked. An action that
takes time, such as to elect a leader or to catch up, is required only where nothing disturbed it.
"""

from bisect import bisect_right
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from gnomon.reference import events
from gnomon.reference.events import STORE
from gnomon.specs.rules import tolerances
from gnomon.specs.rules.attribution import LATE, Occurrence, idle_waits_by_rule, rule_for
from gnomon.specs.rules.base import Cases, rule
from gnomon.specs.rules.kinds import Kind
from gnomon.specs.rules.misfires import misfires
from gnomon.specs.rules.overdue import overdue
from gnomon.specs.trace.availability import able_for, claims_of_leaders, led
from gnomon.specs.trace.entities import FaultWindow, LeaseVoided, Term, TermEnd
from gnomon.specs.trace.plans import first_outcomes
from gnomon.specs.trace.spans import Span, contains, first_from
from gnomon.specs.trace.trace import Trace


@rule("LEAD-1", "leader")
def an_epoch_has_one_leader(cases: Cases, trace: Trace) -> None:
    """The store grants a lease for a limited time, to one server at a time, and only after the
    last lease was released or has run out by the store's clock.

    Each grant begins a new epoch, whose number is higher than that of the last in the same store.
    """
    last: events.LeaseAcquired | None = None
    known: events.StoreReplaced | None = None
    is_held = False
    for event in trace.leases.events:
        is_elsewhere = last is not None and _store_at(trace, last.at) != _store_at(trace, event.at)
        if is_elsewhere or (isinstance(event, events.WritesLost) and event.emptied):
            last, known, is_held = None, None, False
        if isinstance(event, events.WritesLost) and event.emptied:
            last, known, is_held = None, None, False  # also at the instant of the last grant
        elif isinstance(event, LeaseVoided):
            is_held = False
        elif isinstance(event, events.StoreReplaced):
            known = event if known is None or event.epoch > known.epoch else known
        elif isinstance(event, events.LeaseAcquired):
            cases.examined += 1
            _examine_grant(cases, event, last, is_held)
            if known is not None and event.epoch <= known.epoch:
                _report_epoch(cases, event, known)
            last, is_held = event, True
        elif last is not None:  # else the lease is older than the history
            cases.examined += 1
            _examine_end(cases, trace, event, last, is_held)
            is_held = is_held and event.epoch != last.epoch


def stores(trace: Trace) -> list[int]:
    """When each store after the first began (µs): the one before was emptied, or is elsewhere."""
    return sorted(
        event.store if isinstance(event, events.StoreReplaced) else event.at
        for event in trace.leases.events
        if isinstance(event, events.StoreReplaced)
        or (isinstance(event, events.WritesLost) and event.emptied)
    )


def _store_at(trace: Trace, at: int) -> int:
    """The number of the store at an instant: epochs of different stores may be equal."""
    return bisect_right(trace.cached(stores), at)


def _examine_grant(
    cases: Cases, event: events.LeaseAcquired, last: events.LeaseAcquired | None, is_held: bool
) -> None:
    if last is None:
        return
    if event.epoch <= last.epoch:
        _report_epoch(cases, event, last)
    elif is_held:
        cases.broken(
            event.at,
            Kind.LEASE_STILL_HELD,
            server=event.server,
            epoch=event.epoch,
            other_server=last.server,
            other_epoch=last.epoch,
        )


def _report_epoch(
    cases: Cases,
    event: events.LeaseAcquired,
    before: events.LeaseAcquired | events.StoreReplaced,
) -> None:
    cases.broken(
        event.at,
        Kind.EPOCH_NOT_HIGHER,
        server=event.server,
        epoch=event.epoch,
        other_server=before.server,
        other_epoch=before.epoch,
    )


def _examine_end(
    cases: Cases,
    trace: Trace,
    event: events.LeaseReleased | events.LeaseExpired,
    last: events.LeaseAcquired,
    is_held: bool,
) -> None:
    lasted, demanded = event.at - last.at, trace.header.lease
    if not is_held or (event.server, event.epoch) != (last.server, last.epoch):
        cases.broken(event.at, Kind.LEASE_NOT_HELD, server=event.server, epoch=event.epoch)
    elif trace.was_clock_wrong(event.at) or trace.was_clock_wrong(last.at):
        return  # it ran out, or began, by a clock that was wrong
    elif isinstance(event, events.LeaseExpired) and demanded is not None and lasted < demanded:
        cases.broken(
            event.at,
            Kind.LEASE_CUT_SHORT,
            server=event.server,
            epoch=event.epoch,
            expected=demanded,
            observed=lasted,
        )


@rule("LEAD-2", "jobs", "servers", "messages", "leader")
def a_deposed_leader_is_refused(cases: Cases, trace: Trace) -> None:
    """The store refuses to publish for a server that does not hold the lease, for a server that
    asks in the name of an earlier epoch, and for a server whose lease has run out by the store's
    clock, even if no other server has acquired the lease since.
    """
    if not trace.leases.events:
        return
    cases.examined = sum(stage.published for stage in trace.stages)
    cases.examined += sum(1 for event in trace.refused if event.why == "deposed")
    for event in trace.published_without_lease:
        cases.broken(
            event.at,
            Kind.PUBLISHED_WITHOUT_LEASE,
            job=event.job,
            message=event.message,
            server=event.server,
            epoch=event.epoch,
        )
    if trace.header.lease is None:
        return
    over = _over_unrenewed(trace)
    for record in trace.messages.values() if over else ():
        event = record.published
        until = over.get((_store_at(trace, event.at), event.epoch), trace.end)
        if not event.on_demand and event.at >= until:
            cases.broken(
                event.at,
                Kind.PUBLISHED_AFTER_LEASE,
                job=event.job,
                message=event.message,
                server=event.server,
                epoch=event.epoch,
                until=until,
            )


def _over_unrenewed(trace: Trace) -> dict[tuple[int, int], int]:
    """By when the lease of an epoch had run out, because a fault kept it from being renewed (µs).

    The keys are the number of the store, and the epoch there.

    A leader that stands still for longer than a lease renews nothing, and a store that is away for
    so long hears nothing.
    """
    over: dict[tuple[int, int], int] = {}
    for fault in trace.faults:
        until = fault.begins + tolerances.expiry(trace)
        if fault.fault in ("pause_server", "stop_store") and fault.ends > until:
            term = trace.term_at(fault.begins)
            if term is not None and fault.target in (term.server, STORE):
                key = _store_at(trace, term.begins), term.epoch
                over[key] = min(until, over.get(key, until))
    return over


class Vacancy(NamedTuple):
    """A time in which nobody led, [begins, ends) (µs), after a term or since the beginning."""

    begins: int
    ends: int
    after: Term | None


@rule("LEAD-3", "servers", "leader")
def there_is_a_leader_again_in_time(cases: Cases, trace: Trace) -> None:
    """A server that stops cleanly releases the lease at once; after a crash of the leader, a
    server that is live and connected leads within the length of a lease and one campaign interval.

    A leader that is cut off from the store loses the lease within two leases.
    """
    if not trace.terms or not trace.memberships:
        return
    patience = tolerances.settling(trace)
    able = able_for(trace, patience)
    for vacancy in _vacancies(trace):
        able_from = first_from(able, vacancy.begins)
        is_late = able_from is not None and able_from + patience < vacancy.ends
        cases.examined += is_late or vacancy.ends < trace.end
        if able_from is not None and is_late:
            _report_vacancy(cases, able_from + patience, able_from, vacancy.after)
    _examine_stops(cases, trace)
    _examine_cut_off_leaders(cases, trace, able)


def _report_vacancy(cases: Cases, at: int, since: int, after: Term | None) -> None:
    if after is None:
        cases.broken(at, Kind.NEVER_LED, since=since)
        return
    cases.broken(
        at,
        Kind.NOT_LED_AGAIN,
        server=after.server,
        since=since,
        until=after.ends,
        outcome=events.kind_of(_end_of(after)),
    )


def _end_of(term: Term) -> TermEnd:
    assert term.ended_by is not None, "only the last term lasts until the end of the history"
    return term.ended_by


def _vacancies(trace: Trace) -> Iterator[Vacancy]:
    """When nobody held the lease: before the first term, between two, and after the last."""
    terms = trace.terms
    of_leases = (e for e in trace.leases.events if not isinstance(e, events.StoreReplaced))
    if isinstance(next(of_leases), events.LeaseAcquired):
        yield Vacancy(trace.start, terms[0].begins, None)
    for term, following in pairwise(terms):
        yield Vacancy(_free_from(trace, term), following.begins, term)
    if terms[-1].ended_by is not None:
        yield Vacancy(_free_from(trace, terms[-1]), trace.end, terms[-1])


def _free_from(trace: Trace, term: Term) -> int:
    """From when on another server may hold the lease: if the leader was lost, its lease runs on."""
    if not isinstance(term.ended_by, events.ServerCrashed | events.ServerStopped):
        return term.ends
    # What the leader had asked may have reached the store as late as its links let it.
    last_heard = max(term.ends, trace.fault_windows.last_end(term.server, term.ends))
    return last_heard + tolerances.expiry(trace)


def _examine_cut_off_leaders(cases: Cases, trace: Trace, able: list[Span]) -> None:
    """Whether a leader that is cut off loses the lease, if another server can take it over."""
    patience = tolerances.settling(trace)
    for cut in trace.faults:
        if cut.fault != "cut_server" or _has_another_fault(trace, cut):
            continue
        for term in trace.terms:
            if term.server != cut.target:
                continue
            since, until = max(term.begins, cut.begins), min(term.ends, cut.ends)
            able_from = first_from(able, since + tolerances.cut_off(trace))
            if able_from is not None and able_from + patience < cut.ends and since < until:
                cases.examined += 1
                if able_from + patience < until:
                    at = able_from + patience
                    cases.broken(at, Kind.LED_WHILE_CUT_OFF, server=term.server, since=since)


def _has_another_fault(trace: Trace, cut: FaultWindow) -> bool:
    """Whether another fault may let a server notice later that it is cut off."""
    return any(
        other is not cut
        and other.target in (cut.target, STORE)
        and other.begins < cut.ends
        and other.ends > cut.begins - tolerances.expiry(trace)
        for other in trace.faults
    )


def _examine_stops(cases: Cases, trace: Trace) -> None:
    """Whether a leader that stops hands its lease over, in the time that it takes to do so."""
    ends: dict[tuple[str, int], list[int]] = {}
    for event in trace.leases.events:
        if isinstance(event, events.LeaseReleased | events.LeaseExpired):
            ends.setdefault((event.server, event.epoch), []).append(event.at)
    patience = tolerances.handover(trace)
    for term in trace.terms:
        member = trace.membership_of_leader(term)
        if member is None or isinstance(term.ended_by, LeaseVoided):
            continue
        stops = member.ends if member.claims_until is None else member.claims_until
        deadline = stops + patience
        is_lost = isinstance(member.ended_by, events.ServerCrashed) and member.ends <= deadline
        if deadline >= trace.end or is_lost:
            continue
        cases.examined += 1
        of_lease = ends.get((term.server, term.epoch), ())  # two stores may have an equal epoch
        released = next((at for at in of_lease if at >= term.begins), trace.end)
        if released > deadline and not trace.is_disturbed(term.server, stops, deadline):
            cases.broken(
                deadline,
                Kind.LEASE_NOT_RELEASED,
                server=term.server,
                epoch=term.epoch,
                since=stops,
            )


@rule("LEAD-4", "jobs", "servers", "firings")
def while_nobody_leads_nothing_is_lost(cases: Cases, trace: Trace) -> None:
    """The next leader finds every occurrence that was due while nobody led, ahead of the cursor:
    it is a misfire (MISS-1) or still within its grace.
    """
    spans = trace.cached(led)
    if trace.observes("leader"):
        if not trace.leases.events:
            return
        for misfire in trace.cached(misfires):
            cases.examined += not contains(spans, misfire.instant)
    else:
        for stage in trace.stages:
            had = first_outcomes(trace, stage)
            cases.examined += sum(not contains(spans, instant) for instant, _ in had)
    for stage, instants in trace.cached(overdue).items():
        for instant, deadline, was_led in instants:
            if rule_for(LATE, trace, Occurrence(stage, instant, was_led)) == cases.id:
                cases.examined += 1
                cases.broken(deadline, Kind.NO_OUTCOME_AFTER_VACANCY, job=stage.job, due=instant)


@rule("LEAD-5", "servers", "messages", "leader")
def leading_occupies_no_worker(cases: Cases, trace: Trace) -> None:
    """The leader's server has as many workers as any other server, and all of them claim."""
    cases.examined = claims_of_leaders(trace)
    for wait in trace.cached(idle_waits_by_rule)[cases.id]:
        cases.examined += 1
        server, worker = wait.worker
        cases.broken(
            wait.begins,
            Kind.LEADER_WORKER_IDLE,
            message=wait.record.published.message,
            server=server,
            worker=worker,
            until=wait.ends,
        )
