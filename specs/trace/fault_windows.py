"""When a server was disturbed: by an injected fault, or by what the fault left behind.

The one idea: a fault affects its target from its beginning until some time after its end, its
*aftermath*. Whatever takes a server time, such as to claim or to lead, is asked of it only outside
these windows and outside those of the store. Whatever must never happen, such as to publish an
occurrence twice, is judged without them.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from operator import itemgetter

from gnomon.reference.events import STORE
from gnomon.specs.trace.entities import FaultWindow
from gnomon.specs.trace.spans import Span, merge_spans

_BEGINS, _ENDS = itemgetter(0), itemgetter(1)


class FaultWindows:
    """The windows of all faults, each longer than its fault by `aftermath` (µs)."""

    def __init__(self, faults: Iterable[FaultWindow], aftermath: int) -> None:
        windows: dict[str, list[Span]] = {}
        for fault in sorted(faults, key=lambda fault: fault.begins):
            windows.setdefault(fault.target, []).append((fault.begins, fault.ends + aftermath))
        self._windows = {target: merge_spans(spans) for target, spans in windows.items()}

    def overlap(self, server: str, begins: int, ends: int) -> bool:
        """Whether a window of the server or of the store overlaps [begins, ends]: O(log n)."""
        return bool(self._windows) and any(
            self._overlapping(target, begins, ends + 1) for target in (server, STORE)
        )

    def gaps(self, server: str, begins: int, ends: int) -> Iterator[Span]:
        """The parts of [begins, ends) outside the windows of the server and of the store."""
        if not self._windows:
            if begins < ends:
                yield begins, ends
            return
        for first, last in self.gaps_of(server, begins, ends):
            yield from self.gaps_of(STORE, first, last)

    def gaps_of(self, target: str, begins: int, ends: int) -> Iterator[Span]:
        """The parts of [begins, ends) outside the windows of `target`, in order."""
        for first, last in self._overlapping(target, begins, ends):
            if begins < first:
                yield begins, first
            begins = last
        if begins < ends:
            yield begins, ends

    def last_end(self, server: str, before: int) -> int:
        """When the last window of server or store ends that begins before `before`; 0: none."""
        last = 0
        for target in (server, STORE):
            windows = self._windows.get(target, [])
            number = bisect_left(windows, before, key=_BEGINS)
            last = max(last, windows[number - 1][1] if number else 0)
        return last

    def _overlapping(self, target: str, begins: int, ends: int) -> list[Span]:
        windows = self._windows.get(target)
        if windows is None:
            return []
        first = bisect_right(windows, begins, key=_ENDS)
        return windows[first : bisect_left(windows, ends, key=_BEGINS)]


def aftermath(lease: int, travel: int) -> int:
    """A server whose clock was slow may send its next request two thirds of a lease later."""
    return lease // 3 + lease // 3 + 4 * travel
