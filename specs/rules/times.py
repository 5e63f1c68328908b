"""When somebody led, and when somebody could have.

The one idea: what a cluster owes takes time, and the time must have been there: a span without a
disturbance, as long as it takes. Spans are [begins, ends) in µs, disjoint and in order.
"""

from bisect import bisect_right

from gnomon.reference.events import STORE
from gnomon.specs.trace.fault_windows import Span, merge_spans
from gnomon.specs.trace.trace import Trace


def led(trace: Trace) -> list[Span]:
    """When a leader was in office and undisturbed."""
    return [
        span
        for term in trace.terms
        for span in trace.fault_windows.gaps(term.server, term.begins, term.ends)
    ]


def able(trace: Trace, length: int) -> list[Span]:
    """The instants from which some server could lead and claim for `length` (µs).

    It was there all that time, not about to stop, and undisturbed: O(n log n).
    """
    clear = trace.fault_windows.gaps_of
    spans = sorted(
        (begins, ends - length)
        for membership in trace.memberships
        if membership.claims_until is not None
        for begins, ends in clear(membership.server, membership.begins, membership.claims_until)
        if ends - begins > length
    )
    return [
        (begins, ends - length)
        for first, last in merge_spans(spans)
        for begins, ends in clear(STORE, first, last + length)
        if ends - begins > length
    ]


def contains(spans: list[Span], at: int) -> bool:
    """Whether an instant lies in one of the spans: O(log n)."""
    number = bisect_right(spans, at, key=lambda span: span[0]) - 1
    return number >= 0 and at < spans[number][1]


def first_from(spans: list[Span], at: int) -> int | None:
    """The first instant from `at` on that lies in one of the spans: O(log n)."""
    number = bisect_right(spans, at, key=lambda span: span[1])
    return max(spans[number][0], at) if number < len(spans) else None
