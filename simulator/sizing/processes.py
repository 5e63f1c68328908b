"""Tasks measured in processes of this machine, in the order in which they were given."""

import gc
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context

from gnomon.simulator.fuzz.search import YOUNG_OBJECTS
from gnomon.simulator.sizing.measure import Evaluate, Measured, Task, measure


@contextmanager
def evaluating(processes: int) -> Iterator[Evaluate]:
    """A function that measures tasks in as many processes, or in this one if it is one."""
    if processes == 1:
        yield _in_this_process
        return
    # Spawned: a copy of this process would share its locks and its terminal.
    pool = ProcessPoolExecutor(processes, get_context("spawn"), initializer=_prepare_process)

    def in_processes(tasks: Sequence[Task]) -> Iterator[Measured]:
        return pool.map(measure, tasks)

    try:
        yield in_processes
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _in_this_process(tasks: Sequence[Task]) -> Iterator[Measured]:
    return map(measure, tasks)


def _prepare_process() -> None:
    """Ctrl-C reaches every process of the terminal; the parent process handles it for all."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.set_threshold(YOUNG_OBJECTS)
