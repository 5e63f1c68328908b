"""Virtual time: makes planned calls, each at its instant.

The one idea: time stands still during a call, and then jumps to the next planned call. A heap holds
(instant, number, call, argument). The number breaks ties in the order of planning, so the same
world always runs in the same order (HIST-3).

Nothing is ever cancelled: whoever planned a call that is no longer wanted ignores it. So a plain
heap will do, which is faster than any queue that supports cancelling.
"""

from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from typing import Any

from gnomon.reference.schedule.clock import VirtualClock

Call = Callable[[int, Any], None]
"""A planned call; it gets the instant (µs) and the argument that it was planned with."""


Planned = tuple[int, int, Call, Any]
"""An instant (µs), a number that breaks ties, the call, and its argument."""


MOST_CALLS_AT_ONE_INSTANT = 2_000_000
"""More calls than any world makes that does not run in a circle."""


class NoProgressError(Exception):
    """Virtual time does not advance: each call at an instant plans another one there."""


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
        """Make every call that is planned before `until`, then move the clock there.

        Raises ValueError if a call was planned for an instant that had passed, and NoProgressError
        if time does not advance.
        """
        queue, now = self._queue, self.now
        left = MOST_CALLS_AT_ONE_INSTANT
        stop: Planned = (until, -1, _stop, None)  # before every other call of that instant
        heappush(queue, stop)
        while True:
            instant, _, call, argument = heappop(queue)
            if call is _stop:
                break
            if instant > now:
                self.now = now = instant
                left = MOST_CALLS_AT_ONE_INSTANT
            elif instant < now:
                raise ValueError(f"{call} was planned for the past, {instant}")
            else:
                left -= 1
                if not left:
                    raise NoProgressError(f"{MOST_CALLS_AT_ONE_INSTANT:,} calls at {instant}")
            call(instant, argument)
        self.advance_to(until)


def _stop(_: int, __: None) -> None:
    """Marks the end of a run; never called."""
