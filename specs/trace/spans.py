"""Spans of time: [begins, ends) in µs.

A list of spans is in order, and its spans are disjoint.
"""

from bisect import bisect_right
from collections.abc import Iterable

Span = tuple[int, int]
"""[begins, ends) (µs)."""


def merge_spans(spans: Iterable[Span]) -> list[Span]:
    """Join the spans that overlap or meet; `spans` are in the order of their beginnings."""
    joined: list[Span] = []
    for begins, ends in spans:
        if joined and begins <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(ends, joined[-1][1])
        else:
            joined.append((begins, ends))
    return joined


def starts_of_stays(spans: Iterable[Span], length: int) -> list[Span]:
    """The instants from which one of the spans lasts for longer than `length` (µs), as spans.

    >>> starts_of_stays([(0, 10), (20, 50)], 15)
    [(20, 35)]
    """
    return [(begins, ends - length) for begins, ends in spans if ends - begins > length]


def contains(spans: list[Span], at: int) -> bool:
    """Whether an instant lies in one of the spans: O(log n)."""
    number = bisect_right(spans, at, key=_begins) - 1
    return number >= 0 and at < spans[number][1]


def first_span_from(spans: list[Span], at: int) -> Span | None:
    """The first span that has not ended at the instant `at`: O(log n)."""
    number = bisect_right(spans, at, key=_ends)
    return spans[number] if number < len(spans) else None


def first_from(spans: list[Span], at: int) -> int | None:
    """The first instant from `at` on that lies in one of the spans: O(log n)."""
    span = first_span_from(spans, at)
    return None if span is None else max(span[0], at)


def _begins(span: Span) -> int:
    return span[0]


def _ends(span: Span) -> int:
    return span[1]
