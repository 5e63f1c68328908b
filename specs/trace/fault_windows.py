"""When something was wrong that nobody can be blamed for: injected faults, and what they leave.

The one idea: a fault is felt from when it began until a while after its end, at its target. What is
asked of a server then, such as to claim or to lead, is asked only while it is not felt there, nor
at the store. What must hold whatever goes wrong, such as that nothing is published twice, never
looks here.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator

from gnomon.reference.events import STORE
from gnomon.specs.trace.entities import FaultWindow

Span = tuple[int, int]
"""[begins, ends) (µs)."""


class FaultWindows:
    """Where and when faults are felt, each for `settling` µs after its end."""

    def __init__(self, faults: Iterable[FaultWindow], settling: int) -> None:
        spans: dict[str, list[Span]] = {}
        for fault in sorted(faults, key=lambda fault: fault.begins):
            spans.setdefault(fault.target, []).append((fault.begins, fault.ends + settling))
        self._spans = {target: merge_spans(felt) for target, felt in spans.items()}

    def overlap(self, server: str, begins: int, ends: int) -> bool:
        """Whether a fault of the server or of the store is felt in [begins, ends]: O(log n)."""
        return bool(self._spans) and any(
            self._overlapping(target, begins, ends + 1) for target in (server, STORE)
        )

    def gaps(self, server: str, begins: int, ends: int) -> Iterator[Span]:
        """The parts of [begins, ends) in which no fault of server or store is felt, in order."""
        if not self._spans:
            if begins < ends:
                yield begins, ends
            return
        for first, last in self.gaps_of(server, begins, ends):
            yield from self.gaps_of(STORE, first, last)

    def gaps_of(self, target: str, begins: int, ends: int) -> Iterator[Span]:
        """The parts of [begins, ends) in which no fault of `target` is felt, in order."""
        for first, last in self._overlapping(target, begins, ends):
            if begins < first:
                yield begins, first
            begins = last
        if begins < ends:
            yield begins, ends

    def last_end(self, server: str, before: int) -> int:
        """Until when a fault of server or store was felt that began before `before`; 0: never."""
        until = 0
        for target in (server, STORE):
            spans = self._spans.get(target, [])
            number = bisect_left(spans, before, key=lambda span: span[0])
            until = max(until, spans[number - 1][1] if number else 0)
        return until

    def _overlapping(self, target: str, begins: int, ends: int) -> list[Span]:
        spans = self._spans.get(target)
        if spans is None:
            return []
        first = bisect_right(spans, begins, key=lambda span: span[1])
        return spans[first : bisect_left(spans, ends, key=lambda span: span[0])]


def merge_spans(spans: Iterable[Span]) -> list[Span]:
    """Spans in the order of their beginnings, with those that overlap or meet made one."""
    joined: list[Span] = []
    for begins, ends in spans:
        if joined and begins <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(ends, joined[-1][1])
        else:
            joined.append((begins, ends))
    return joined
