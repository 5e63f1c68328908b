"""Explores scopes side by side, each in a process of its own.

The one idea: scopes share nothing. So each has a core and a memory of its own, a parent process
passes on how far they are, and the results come in the order of the scopes.
"""

import gc
import signal
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import NamedTuple

from gnomon.simulator.explore.explorer import Found, Search
from gnomon.simulator.explore.scopes import Scope
from gnomon.specs.cli import console

YOUNG_OBJECTS = 50_000
"""New objects after which an exploration looks for unused cycles: what it makes, it keeps."""


class Explored(NamedTuple):
    """The result of exploring a scope, and how long it took (µs)."""

    found: Found
    took: int


class Reached(NamedTuple):
    """How far the exploration of a scope is: its depth, its states, and those at the frontier."""

    scope: str
    depth: int
    states: int
    edge: int


class ProcessDied(Exception):
    """The process of a scope ended without a result; the `status` is negative for a signal."""

    def __init__(self, scope: str, status: int | None) -> None:
        how = f"by signal {-status}" if status is not None and status < 0 else f"with {status}"
        super().__init__(f"the process of scope {scope} ended {how}, perhaps for lack of memory")


Progress = Callable[[Reached], None]


def explore(scope: Scope, progress: Progress) -> Explored:
    """Explore a scope in this process."""
    began = console.now()
    usual = gc.get_threshold()
    gc.set_threshold(YOUNG_OBJECTS)
    try:
        found = Search(scope).run(lambda *figures: progress(Reached(scope.name, *figures)))
    finally:
        gc.set_threshold(*usual)
    return Explored(found, console.now() - began)


def explore_side_by_side(
    scopes: Sequence[Scope], processes: int, progress: Progress
) -> Iterator[Explored]:
    """The results of the scopes, in their order; as many processes at a time.

    Raises ProcessDied.
    """
    results: dict[str, Explored] = {}
    waiting, running = deque(scopes), dict[Connection, tuple[Scope, BaseProcess]]()
    try:
        for scope in scopes:
            while scope.name not in results:
                while waiting and len(running) < processes:
                    connection, process = _start(waiting[0])
                    running[connection] = (waiting.popleft(), process)
                _receive(running, results, progress)
            yield results.pop(scope.name)
    finally:
        for _, process in running.values():
            process.terminate()


def _receive(
    running: dict[Connection, tuple[Scope, BaseProcess]],
    results: dict[str, Explored],
    progress: Progress,
) -> None:
    """Wait for messages of the processes, and take one of each that has sent some."""
    for connection in wait(list(running)):
        assert isinstance(connection, Connection)
        scope, process = running[connection]
        try:
            message = connection.recv()
        except EOFError:
            process.join()
            raise ProcessDied(scope.name, process.exitcode) from None
        if isinstance(message, Explored):
            results[scope.name] = message
            process.join()
            del running[connection]
        else:
            progress(message)


def _start(scope: Scope) -> tuple[Connection, BaseProcess]:
    # A new process shares nothing with this one, also where a fork would copy its memory.
    context = get_context("spawn")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_explore_there, args=(scope, there), daemon=True)
    process.start()
    there.close()  # so that the end of the process closes the pipe
    return here, process


def _explore_there(scope: Scope, connection: Connection) -> None:
    # Ctrl-C reaches every process of the terminal; the parent process handles it for all.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    connection.send(explore(scope, connection.send))
