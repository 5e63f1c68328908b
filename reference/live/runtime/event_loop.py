"""The event loop of one run, in which the async methods of its service are awaited (RUN-1).

The one idea: a run has one loop in its worker's thread, from its first async method to its end. A
client that an async hook opens therefore still works in handle and in the hooks after it.

    with EventLoop("billing.invoices") as loop:
        loop.wait_for(service.handle())     returns when handle has ended

A run without async methods never makes a loop. At the end of the run the loop does what
``asyncio.run`` does: it cancels the tasks that are left, closes async generators and waits for the
threads of ``asyncio.to_thread``. A task that is left has not done its work, so it is logged.
"""

import asyncio
import logging
from collections.abc import Awaitable
from typing import Self

_log = logging.getLogger("gnomon.run")


class EventLoop:
    """The event loop of a run of the service `name`; made when something is first awaited."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._runner: asyncio.Runner | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def wait_for(self, awaitable: Awaitable[object]) -> object:
        """Wait until `awaitable` has ended. Returns its result, or raises what it raised.

        Any task may end the wait with SystemExit or KeyboardInterrupt. That closes the loop, or the
        method that was awaited would go on during the next one.
        """
        if self._runner is None:
            self._runner = asyncio.Runner()
        try:
            return self._runner.run(_result_of(awaitable))
        except (SystemExit, KeyboardInterrupt):
            self.close()
            raise

    def close(self) -> None:
        """End the loop and everything in it; raises nothing."""
        runner, self._runner = self._runner, None
        if runner is None:
            return
        try:
            if left := asyncio.all_tasks(runner.get_loop()):
                _log.warning(
                    "%s ended before %d of its tasks, which are cancelled; await them: %s",
                    self._name,
                    len(left),
                    ", ".join(sorted(map(_coroutine_of, left))),
                )
            runner.close()
        except BaseException:
            _log.warning("the event loop of %s did not close in order", self._name, exc_info=True)


async def _result_of(awaitable: Awaitable[object]) -> object:
    return await awaitable


def _coroutine_of(task: asyncio.Task[object]) -> str:
    """The name of the function that a task runs."""
    coroutine = task.get_coro()
    return getattr(coroutine, "__qualname__", None) or repr(coroutine)
