"""Virtual time: what happens next, and nothing else.

The one idea: time stands still while something happens and jumps to the next thing that will. A
heap holds (instant, number, call, argument); the number breaks ties in the order in which things
were asked for, so the same world always happens in the same order (HIST-3).

Nothing is ever cancelled: who no longer wants a call ignores it when it comes. That keeps the heap
a plain heap, which is faster than any queue that can forget.
"""

from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from typing import Any

from gnomon.reference.schedule.clock import VirtualClock

Call = Callable[[int, Any], None]
"""Something that happens: told the instant (µs) and what it was planned with."""


Planned = tuple[int, int, Call, Any]
"""An instant, a number that breaks ties, what is called then, and with what."""


class Kernel(VirtualClock):
    """A clock that jumps from one planned call to the next."""

    __slots__ = ("_queue", "at")

    def __init__(self, now: int) -> None:
        super().__init__(now)
        self._queue = queue = list[Planned]()
        next_number = count().__next__

        def at(instant: int, call: Call, argument: Any) -> None:
            """Plan ``call(instant, argument)``; `instant` in µs."""
            heappush(queue, (instant, next_number(), call, argument))

        self.at = at

    def run(self, until: int) -> None:
        """Let everything happen that is planned before `until`, then move the clock there.

        Raises ValueError if something was planned for an instant that had passed.
        """
        queue, now = self._queue, self.now
        stop: Planned = (until, -1, _stop, None)  # before all else that is planned for then
        heappush(queue, stop)
        while True:
            instant, _, call, argument = heappop(queue)
            if call is _stop:
                break
            if instant < now:
                raise ValueError(f"{call} was planned for the past, {instant}")
            self.now = now = instant
            call(instant, argument)
        self.advance_to(until)


def _stop(_: int, __: None) -> None:
    """Ends a run; never called."""
