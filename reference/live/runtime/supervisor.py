"""Runs one server in this process, or several in processes of their own.

The one idea: a `Plan` is everything that makes a server, as one value that can be passed to another
process. A process that starts several servers is their supervisor, and no server itself. It passes
on the signals to end; if it dies, they end as well.

This supervision is our own: systemd and its like supervise one command; these servers share that
command's signals and its exit status, and none is restarted.
"""

import logging
import os
import signal
from collections.abc import Sequence
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from multiprocessing.context import SpawnProcess
from threading import Event, Thread
from typing import NamedTuple

import msgspec

from gnomon.reference.live.api.auth import guard_for
from gnomon.reference.live.api.credentials import Credentials
from gnomon.reference.live.runtime.monitoring import logs
from gnomon.reference.live.runtime.process import Listening, StoreOptions, listen, serve
from gnomon.reference.live.runtime.shape import Shape
from gnomon.reference.live.store.errors import StoreUnusable
from gnomon.reference.service import Service

logger = logging.getLogger("gnomon.server")

ENDED_IN_ORDER, ENDED_ANYHOW, UNUSABLE = 0, 1, 2
"""Exit codes of a server's process."""


class CannotServe(Exception):
    """A server cannot be started as planned: the problem, and what to do about it."""

    def __init__(self, problem: str, advice: str) -> None:
        super().__init__(f"{problem}; {advice}")


class Logging(NamedTuple):
    """How a process logs."""

    format: logs.Format
    level: str
    with_payloads: bool

    def configure(self) -> None:
        """Configure logging in this process."""
        show = logs.in_full if self.with_payloads else logs.by_length
        logs.configure(self.format, self.level, show)


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that makes a server; `http`: host and port of its API, None if it has none."""

    shape: Shape
    services: dict[str, type[Service]]
    store: StoreOptions
    http: tuple[str, int] | None
    credentials: Credentials | None


def serve_plan(plan: Plan) -> bool:
    """Run that server until a signal ends it; whether it left in good order.

    Raises StoreUnusable and CannotServe.
    """
    listening = None
    if plan.http is not None:
        host, port = plan.http
        try:
            listening = Listening(listen(host, port), guard_for(host, plan.credentials))
        except OSError as error:
            problem = f"the API cannot be served at {host}:{port}: {error.strerror or error}"
            raise CannotServe(problem, "give another with --http, or --http none") from None
        where = f"{f'[{host}]' if ':' in host else host}:{listening.socket.getsockname()[1]}"
        logger.info("the API is at http://%s, the store at %s", where, plan.store.address)
    return serve(plan.shape, plan.services, plan.store, listening)


def serve_together(plans: Sequence[Plan], wanted: Logging) -> bool:
    """Run each plan in a process of its own until all have ended; whether all left in good order.

    Raises CannotServe if one of them could not start; the others are then made to end.
    """
    spawn = get_context("spawn")
    processes = [
        spawn.Process(target=_serve_as_child, args=(plan, wanted), name=plan.shape.name)
        for plan in plans
    ]

    is_ending = Event()

    def pass_on(_: int, __: object) -> None:
        is_ending.set()
        for process in processes:
            if process.is_alive():
                process.terminate()

    before = {name: signal.signal(name, pass_on) for name in (signal.SIGTERM, signal.SIGINT)}
    try:
        running = _started(processes, is_ending)
        if is_ending.is_set():  # a process that was just starting missed the signal
            pass_on(0, None)
        while running:
            ended = wait([process.sentinel for process in running])
            for process in [process for process in running if process.sentinel in ended]:
                running.remove(process)
                process.join()
                if process.exitcode == UNUSABLE:
                    pass_on(0, None)
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)
    codes = [process.exitcode for process in processes]
    if UNUSABLE in codes:
        raise CannotServe("not all servers could start", "their messages above tell why")
    return all(code == ENDED_IN_ORDER for code in codes)


def _started(processes: Sequence[SpawnProcess], is_ending: Event) -> list[SpawnProcess]:
    """Start one after another until a signal to end arrives; those that were started."""
    started = []
    for process in processes:
        if not is_ending.is_set():
            process.start()
            started.append(process)
    return started


def _serve_as_child(plan: Plan, wanted: Logging) -> None:
    """Run a server in a process of its own."""
    os.setpgid(0, 0)  # Ctrl-C at the terminal is for the supervisor, which passes it on once
    wanted.configure()
    Thread(target=_end_with_parent, name="supervisor", daemon=True).start()
    try:
        left_in_order = serve_plan(plan)
    except (StoreUnusable, CannotServe) as error:
        os.write(2, f"gnomon: {plan.shape.name}: {error}\n".encode())
        os._exit(UNUSABLE)
    os._exit(ENDED_IN_ORDER if left_in_order else ENDED_ANYHOW)


def _end_with_parent() -> None:
    parent = parent_process()
    assert parent is not None
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)
