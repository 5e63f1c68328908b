"""A pool of processes of this machine."""

import gc
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import active_children, get_context
from typing import Any, Generic, TypeVar

from gnomon.specs.parallel.pool import Handle, Pool, PoolLost, ThisProcess

T = TypeVar("T")

BATCH = 20
"""Short computations of a call: they take far longer than the transfer."""
YOUNG_OBJECTS = 50_000
"""New objects after which Python looks for unused cycles; its default is 700."""


def usable_cores() -> int:
    """The number of processes that can run at once on this machine."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        return os.cpu_count() or 1


@contextmanager
def processes_or_this(number: int) -> Iterator[Pool]:
    """A pool of as many processes; this process computes if it is one."""
    if number == 1:
        with seldom_collecting():
            yield ThisProcess()
    else:
        with processes(number) as pool:
            yield pool


@contextmanager
def processes(number: int) -> Iterator[Pool]:
    """A pool of as many processes, all of them others than this one. They end with the block.

    If it ends by an error, as by Ctrl-C, they end at once: a call may take minutes.
    """
    # New processes share nothing with this one, and each has its own seed for the hashes of text:
    # a result that depends on the order of a set would differ.
    before = set(active_children())
    executor = ProcessPoolExecutor(number, get_context("spawn"), initializer=_prepare_process)
    try:
        yield _Processes(executor, number)
    except BaseException:
        for process in set(active_children()) - before:
            process.terminate()
        raise
    finally:
        executor.shutdown(wait=False, cancel_futures=True)


@contextmanager
def seldom_collecting() -> Iterator[None]:
    """Look for unused cycles seldom: what a trial makes is in use until the trial ends."""
    usual = gc.get_threshold()
    gc.set_threshold(YOUNG_OBJECTS)
    try:
        yield
    finally:
        gc.set_threshold(*usual)


def _prepare_process() -> None:
    """Ctrl-C reaches every process of the terminal; the parent process handles it for all."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.set_threshold(YOUNG_OBJECTS)


class _Processes:
    batch = BATCH

    def __init__(self, executor: ProcessPoolExecutor, width: int) -> None:
        self._executor, self.width = executor, width

    def submit(
        self,
        function: Callable[..., T],
        *arguments: Any,  # Any: those of the function
    ) -> Handle[T]:
        with _named_cause():
            return _Submitted(self._executor.submit(function, *arguments))


class _Submitted(Generic[T]):
    def __init__(self, future: Future[T]) -> None:
        self._future = future

    def result(self) -> T:
        with _named_cause():
            return self._future.result()

    def cancel(self) -> None:
        self._future.cancel()


@contextmanager
def _named_cause() -> Iterator[None]:
    try:
        yield
    except BrokenProcessPool:
        cause = "a process ended unexpectedly, perhaps for lack of memory; use fewer"
        raise PoolLost(cause) from None
