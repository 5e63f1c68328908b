"""When somebody led, and when somebody could have.

The one idea: whatever a cluster must do takes time, and it can only be asked for where there was
that much time: a span in which a server was there and nothing disturbed it.
"""

from gnomon.reference.events import STORE
from gnomon.specs.trace.entities import Term
from gnomon.specs.trace.spans import Span, merge_spans, starts_of_stays
from gnomon.specs.trace.trace import Trace


def led(trace: Trace) -> list[Span]:
    """When a leader was in office, not about to stop, and not disturbed.

    If the history does not observe leaders: when a server was there and not disturbed.
    """
    if not trace.observes("leader"):
        gaps = trace.fault_windows.gaps
        stays = (span for m in trace.memberships for span in gaps(m.server, m.begins, m.ends))
        return merge_spans(sorted(stays))
    return [
        span
        for term in trace.terms
        if (ends := _leads_until(trace, term)) > term.begins
        for span in trace.fault_windows.gaps(term.server, term.begins, ends)
    ]


def _leads_until(trace: Trace, term: Term) -> int:
    """When a leader's term ended, or when the leader began to stop (µs).

    A server that stops without having learned that it leads hands nothing over; its lease runs out.
    """
    member = trace.membership_of_leader(term)
    if member is None or member.claims_until is None:
        return term.ends
    return min(term.ends, member.claims_until)


def able_for(trace: Trace, length: int) -> list[Span]:
    """The instants from which some server could lead and claim for longer than `length` (µs).

    All that time it was there, not about to stop, and not disturbed: O(n log n).
    """
    gaps_of = trace.fault_windows.gaps_of
    spans = sorted(
        stay
        for member in trace.memberships
        if member.claims_until is not None
        for stay in starts_of_stays(
            gaps_of(member.server, member.begins, member.claims_until), length
        )
    )
    return [
        stay
        for first, last in merge_spans(spans)
        for stay in starts_of_stays(gaps_of(STORE, first, last + length), length)
    ]


def claims_of_leaders(trace: Trace) -> int:
    """The number of claims of workers whose server led at that instant: O(claims + terms)."""
    found = 0
    terms, number = trace.terms, 0
    if not terms:
        return found
    for claim in trace.claims:
        while claim.at >= terms[number].ends and number + 1 < len(terms):
            number += 1
        term = terms[number]
        if term.server == claim.server and term.begins <= claim.at < term.ends:
            found += 1
    return found
