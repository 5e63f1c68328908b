"""LEAD-1 to LEAD-5: who leads, who is refused, and what becomes of the time without a leader.

The one idea: the events of the lease are in the order in which the store made them so, and the
store decides. So who may publish is read off the order alone, and no clock is asked. What takes
time, to have a leader again and to catch up, is asked for only while nothing is in the way.
"""

from collections.abc import Iterator
from itertools import pairwise

from gnomon.reference import events
from gnomon.reference.events import STORE
from gnomon.reference.schedule.clock import write_instant
from gnomon.specs.rules.base import Cases, Finding, rule
from gnomon.specs.rules.firing import overdue
from gnomon.specs.rules.idleness import idle_waits_by_rule
from gnomon.specs.rules.misfires import misfires
from gnomon.specs.rules.times import able, contains, first_from, led
from gnomon.specs.trace.entities import Term
from gnomon.specs.trace.trace import Trace


@rule("LEAD-1")
def an_epoch_has_one_leader(trace: Trace) -> Finding:
    """A lease is granted when the last has ended, in a higher epoch."""
    cases = Cases()
    last: events.LeaseAcquired | None = None
    is_held = False
    for event in trace.leases.events:
        if type(event) is events.WritesLost:
            is_held = False
            continue
        if type(event) is events.LeaseAcquired:
            cases.examined += 1
            problem = _against_granting(event, last, is_held)
            last, is_held = event, True
        elif last is None:  # it was acquired before the history begins
            continue
        else:
            cases.examined += 1
            problem = _against_ending(trace, event, last, is_held)
            is_held = is_held and event.epoch != last.epoch
        if problem:
            cases.broken(event.at, f"epoch {event.epoch} of {event.server}: {problem}")
    return cases.finding()


def _against_granting(
    event: events.LeaseAcquired, last: events.LeaseAcquired | None, is_held: bool
) -> str | None:
    if last is None:
        return None
    if event.epoch <= last.epoch:
        return f"begins after epoch {last.epoch}"
    return f"begins while {last.server} holds the lease" if is_held else None


def _against_ending(
    trace: Trace,
    event: events.LeaseReleased | events.LeaseExpired,
    last: events.LeaseAcquired,
    is_held: bool,
) -> str | None:
    if not is_held or (event.server, event.epoch) != (last.server, last.epoch):
        return "ends, and was not held"
    too_early = event.at - last.at < trace.lease and trace.header.lease is not None
    if type(event) is events.LeaseExpired and too_early:
        return f"has run out {event.at - last.at} µs after it began, and lasts {trace.lease} µs"
    return None


@rule("LEAD-2")
def a_deposed_leader_is_refused(trace: Trace) -> Finding:
    """What is published according to plan is so by the holder of the lease, in its epoch."""
    cases = Cases()
    if not trace.leases.events:
        return cases.finding()
    cases.examined = sum(stage.published for stage in trace.stages)
    cases.examined += sum(1 for event in trace.refused if event.why == "deposed")
    for event in trace.published_without_lease:
        cases.broken(
            event.at,
            f"message {event.message}: published by {event.server} in epoch {event.epoch}, "
            "which did not hold the lease then",
        )
    if trace.header.lease is not None:
        _examine_outlived(cases, trace, _cannot_be_later(trace))
    return cases.finding()


def _cannot_be_later(trace: Trace) -> dict[int, int]:
    """By epoch, when the lease must have run out: a fault kept it from being renewed for so long.

    What a server that stands still has asked waits, and a store that is away hears nothing.
    """
    latest: dict[int, int] = {}
    for fault in trace.faults:
        if (
            fault.fault in ("pause_server", "stop_store")
            and fault.ends > fault.begins + trace.lease
        ):
            term = trace.term_at(fault.begins)
            if term is not None and fault.target in (term.server, STORE):
                until = fault.begins + trace.lease
                latest[term.epoch] = min(until, latest.get(term.epoch, until))
    return latest


def _examine_outlived(cases: Cases, trace: Trace, latest: dict[int, int]) -> None:
    """Whether anything was published in an epoch whose lease had run out unnoticed."""
    for record in trace.messages.values() if latest else ():
        event = record.published
        if not event.on_demand and event.at >= latest.get(event.epoch, trace.end):
            cases.broken(
                event.at,
                f"message {event.message}: published by {event.server} in epoch {event.epoch}, "
                f"whose lease had run out by {write_instant(latest[event.epoch])}",
            )


@rule("LEAD-3")
def there_is_a_leader_again_in_time(trace: Trace) -> Finding:
    """At once after a clean stop; after a crash when the lease has run out and somebody asks."""
    cases = Cases()
    if not trace.terms or not trace.memberships:
        return cases.finding()
    spans = able(trace, trace.settling)
    for free_from, led_from, why in _times_without(trace):
        asks_from = first_from(spans, free_from)
        is_late = asks_from is not None and asks_from + trace.settling < led_from
        cases.examined += is_late or led_from < trace.end
        if asks_from is not None and is_late:
            cases.broken(
                asks_from + trace.settling,
                f"nobody leads, {why}, though a server was there to from "
                f"{write_instant(asks_from)} on",
            )
    _examine_stops(cases, trace)
    return cases.finding()


def _times_without(trace: Trace) -> Iterator[tuple[int, int, str]]:
    """From when nobody held the lease, until when, and why; between two terms, and around."""
    terms = trace.terms
    if type(trace.leases.events[0]) is events.LeaseAcquired:
        yield trace.start, terms[0].begins, "since the beginning"
    for term, following in pairwise(terms):
        yield _free_from(trace, term), following.begins, _why_ended(term)
    if terms[-1].ended_by is not None:
        yield _free_from(trace, terms[-1]), trace.end, _why_ended(terms[-1])


def _free_from(trace: Trace, term: Term) -> int:
    """When a leader's lease has ended at the latest, if it led until it ended or was lost."""
    is_gone = type(term.ended_by) in (events.ServerCrashed, events.ServerStopped)
    if not is_gone:
        return term.ends
    # What it had asked may have come as late as its links let it.
    return max(term.ends, trace.fault_windows.last_end(term.server, term.ends)) + trace.lease


def _why_ended(term: Term) -> str:
    tag: str = term.ended_by.__struct_config__.tag
    return f"{tag} (led by {term.server}) at {write_instant(term.ends)}"


def _examine_stops(cases: Cases, trace: Trace) -> None:
    """Whether a leader that stops hands its lease over, in the time that it takes to do so."""
    ends = (events.LeaseReleased, events.LeaseExpired)
    ended = {e.epoch: e.at for e in trace.leases.events if type(e) in ends}
    patience = 4 * trace.travel
    for term in trace.terms:
        membership = trace.membership_at(term.server, term.begins)
        if membership is None or type(term.ended_by) is events.WritesLost:
            continue
        stops = membership.ends if membership.claims_until is None else membership.claims_until
        deadline = stops + patience
        is_lost = type(membership.ended_by) is events.ServerCrashed and membership.ends <= deadline
        if deadline >= trace.end or is_lost:
            continue
        cases.examined += 1
        if ended.get(term.epoch, trace.end) > deadline and not trace.is_disturbed(
            term.server, stops, deadline
        ):
            cases.broken(deadline, f"{term.server} stops, and has not handed the lease over")


@rule("LEAD-4")
def while_nobody_leads_nothing_is_lost(trace: Trace) -> Finding:
    """What was due then has its outcome when somebody leads again."""
    cases = Cases()
    if not trace.leases.events:
        return cases.finding()
    spans = trace.cached(led)
    for misfire in trace.cached(misfires):
        cases.examined += not contains(spans, misfire.instant)
    for stage, instants in trace.cached(overdue).items():
        for instant, deadline, was_led in instants:
            if not was_led:
                cases.examined += 1
                cases.broken(
                    deadline,
                    f"job {stage.job}: due at {write_instant(instant)}, while nobody led, and "
                    "nothing came of it",
                )
    return cases.finding()


@rule("LEAD-5")
def leading_occupies_no_worker(trace: Trace) -> Finding:
    """While a server leads all its workers claim."""
    cases = Cases()
    if not trace.terms:
        return cases.finding()
    terms, number = trace.terms, 0
    for claim in trace.claims:
        while claim.at >= terms[number].ends and number + 1 < len(terms):
            number += 1
        term = terms[number]
        cases.examined += term.server == claim.server and term.begins <= claim.at < term.ends
    for wait in trace.cached(idle_waits_by_rule)["LEAD-5"]:
        cases.examined += 1
        cases.broken(
            wait.begins,
            f"worker {wait.worker[0]}/{wait.worker[1]} claims nothing while {wait.worker[0]} "
            f"leads; message {wait.record.published.message} waits",
        )
    return cases.finding()
