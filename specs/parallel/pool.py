"""Calls that are computed elsewhere, and their results in the order of the calls.

The one idea: a call depends on its arguments alone, and results are taken in the order of the
calls. The result of all calls is then the same, wherever and however many at once they run.
"""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from itertools import islice
from typing import Any, Generic, Protocol, TypeVar

from gnomon.specs.render.strings import shortened

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

AHEAD = 4
"""Calls that run or wait for each one that can run at once."""


class PoolLost(Exception):
    """A pool cannot compute any more calls; the message names the cause and the way out."""


class Handle(Protocol[T_co]):
    """A call that has been submitted."""

    def result(self) -> T_co:
        """Wait for the result, or raise what the call raised. Raises PoolLost."""

    def cancel(self) -> object:
        """Drop the call; one that has begun may run to its end."""


class Pool(Protocol):
    """Computes calls. Functions and arguments are sent to other processes by pickle."""

    @property
    def width(self) -> int:
        """The number of calls that can run at once, at least 1; it may change."""

    @property
    def batch(self) -> int:
        """How many short computations, of milliseconds each, one call should hold."""

    def submit(
        self,
        function: Callable[..., T],
        *arguments: Any,  # Any: those of the function
    ) -> Handle[T]:
        """Start a call of a function of a module."""


def in_order(
    pool: Pool,
    function: Callable[..., T],
    calls: Iterable[tuple[Any, ...]],  # Any: the arguments of the function
) -> Generator[T, None, None]:
    """The results of `function` for the arguments of each of the `calls`, in their order.

    The `calls` may be without end: they are read as they can be computed. Raises PoolLost.
    """
    left = iter(calls)
    begun: deque[Handle[T]] = deque()
    try:
        while True:
            for arguments in islice(left, max(pool.width * AHEAD - len(begun), 0)):
                begun.append(pool.submit(function, *arguments))
            if not begun:
                return
            yield begun.popleft().result()
    finally:
        for handle in begun:
            handle.cancel()


def call_in_words(
    function: Callable[..., object],
    arguments: tuple[Any, ...],  # Any: those of the function
) -> str:
    """A call as it is written in Python, for messages."""
    return shortened(f"{function.__name__}{arguments!r}")


class ThisProcess:
    """A pool that computes each call in this process, when its result is asked for."""

    width = 1
    batch = 1

    def submit(
        self,
        function: Callable[..., T],
        *arguments: Any,  # Any: those of the function
    ) -> Handle[T]:
        """Keep the call for later."""
        return _Kept(function, arguments)


class _Kept(Generic[T]):
    """A call that is kept until its result is asked for."""

    def __init__(
        self,
        function: Callable[..., T],
        arguments: tuple[Any, ...],  # Any: those of the function
    ) -> None:
        self._function, self._arguments = function, arguments

    def result(self) -> T:
        return self._function(*self._arguments)

    def cancel(self) -> None:
        """Nothing has begun."""
