"""Runs one server in this process, or several in processes of their own.

The one idea: a `Plan` is everything that makes a server, as one value that can be passed to another
process. A process that starts several servers is their supervisor, and no server itself. It passes
on the signals to end; if it dies, they end as well.

    a server's process    before all are to end             afterwards
    cannot start          all end, exit status 2            it has ended
    has died, or left     it is started again, after a      it has ended
                          pause that doubles each time
    was started again,    as if it had died                 it has ended
    and cannot start

This supervision is our own: systemd and its like supervise one command; these servers share that
command's signals and its exit status.
"""

import logging
import os
import signal
from collections.abc import Callable, Sequence
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from threading import Event, Thread
from time import monotonic, sleep
from types import FrameType
from typing import NamedTuple

import msgspec

from gnomon.reference.live.api.access.credentials import Credentials
from gnomon.reference.live.runtime.arrival import NameTaken
from gnomon.reference.live.runtime.monitoring import logs
from gnomon.reference.live.runtime.monitoring.log_file import LogFile, handle_hangup
from gnomon.reference.live.runtime.process import Listening, StoreOptions, listen, serve
from gnomon.reference.live.runtime.service_manager import ServiceManager, disown
from gnomon.reference.live.runtime.shape import Shape
from gnomon.reference.live.runtime.tls import Tls
from gnomon.reference.live.store.errors import StoreUnusable
from gnomon.reference.service import Service

logger = logging.getLogger("gnomon.server")

ENDED_IN_ORDER, ENDED_ANYHOW, UNUSABLE = 0, 1, 2
"""Exit codes of a server's process."""

SHORTEST_PAUSE = 1.0
LONGEST_PAUSE = 60.0
"""Limits of the pause before a server is started again, in seconds."""

LOOK_INTERVAL = 0.2
"""Time between two looks at the processes (s)."""


class CannotServe(Exception):
    """A server cannot be started as planned: the problem, and what to do about it."""

    def __init__(self, problem: str, advice: str) -> None:
        super().__init__(f"{problem}; {advice}")


class Logging(NamedTuple):
    """How a process logs; to standard error if there is no `file`."""

    format: logs.Format
    level: str
    with_payloads: bool
    file: Path | None = None

    def configure(self) -> None:
        """Configure logging in this process, and what SIGHUP does. Raises OSError."""
        show = logs.in_full if self.with_payloads else logs.by_length
        file = None if self.file is None else LogFile(self.file)
        logs.configure(self.format, self.level, show, file)
        handle_hangup(file)


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that makes a server; `http`: host and port of its API, None if it has none.

    `tls` encrypts the API.
    """

    shape: Shape
    services: dict[str, type[Service]]
    store: StoreOptions
    http: tuple[str, int] | None
    credentials: Credentials | None
    tls: Tls | None = None


def serve_plan(plan: Plan) -> bool:
    """Run that server until a signal ends it; whether it left in good order.

    Raises StoreUnusable, CannotServe and NameTaken.
    """
    listening = None
    if plan.http is not None:
        host, port = plan.http
        try:
            opened = listen(host, port)
        except OSError as error:
            problem = f"the API cannot be served at {host}:{port}: {error.strerror or error}"
            raise CannotServe(problem, "give another with --http, or --http none") from None
        listening = Listening(socket=opened, host=host, credentials=plan.credentials, tls=plan.tls)
    return serve(plan.shape, plan.services, plan.store, listening)


def serve_together(plans: Sequence[Plan], wanted: Logging) -> bool:
    """Run each plan in a process of its own until a signal ends them; whether all left in order.

    Raises CannotServe if one of them could not start at first; the others are then made to end.
    """
    children = [_Child(plan, wanted) for plan in plans]
    is_ending = Event()
    manager = ServiceManager(os.environ)

    def pass_on(_: int, __: object) -> None:
        is_ending.set()
        for child in children:
            child.terminate()

    hang_up = _hanging_up(children)
    handlers = {signal.SIGTERM: pass_on, signal.SIGINT: pass_on, signal.SIGHUP: hang_up}
    before = {name: signal.signal(name, handler) for name, handler in handlers.items()}
    try:
        _start_all(children, is_ending)
        manager.ready()
        if is_ending.is_set():  # a process that was just starting missed the signal
            pass_on(0, None)
        while not (is_ending.is_set() and all(child.has_ended for child in children)):
            _wait_for_change(children)
            manager.beat()
            if is_ending.is_set():
                manager.stopping()
                continue
            if any(child.could_not_start for child in children):
                pass_on(0, None)
                continue
            for child in children:
                child.repair()
    finally:
        for name, former in before.items():
            signal.signal(name, former)
    if any(child.could_not_start for child in children):
        raise CannotServe("not all servers could start", "their messages above tell why")
    return all(child.left_in_order for child in children)


def _hanging_up(children: "Sequence[_Child]") -> Callable[[int, FrameType | None], None]:
    """A handler of SIGHUP that does what the present one does, and passes the signal on."""
    present = signal.getsignal(signal.SIGHUP)

    def hang_up(number: int, frame: FrameType | None) -> None:
        if callable(present):
            present(number, frame)
        for child in children:
            child.hang_up()

    return hang_up


def _start_all(children: "Sequence[_Child]", is_ending: Event) -> None:
    """Start one after another until a signal to end arrives."""
    for child in children:
        if not is_ending.is_set():
            child.start()


def _wait_for_change(children: "Sequence[_Child]") -> None:
    """Wait until a process has ended, a pause is over, or a signal may have arrived."""
    sentinels = [child.process.sentinel for child in children if not child.has_ended]
    if sentinels:
        wait(sentinels, timeout=LOOK_INTERVAL)
    else:
        sleep(LOOK_INTERVAL)


class _Child:
    """A server's process, which is started again when it has died."""

    def __init__(self, plan: Plan, wanted: Logging) -> None:
        self._plan = plan
        self._wanted = wanted
        self._failures = 0
        self._started = 0.0
        self._retry_at: float | None = None
        self.process = self._new_process()

    def _new_process(self) -> SpawnProcess:
        name = self._plan.shape.name
        arguments = (self._plan, self._wanted)
        return get_context("spawn").Process(target=_serve_as_child, args=arguments, name=name)

    @property
    def has_ended(self) -> bool:
        """Whether it was never started, or has ended."""
        return not self.process.is_alive()

    @property
    def could_not_start(self) -> bool:
        """Whether its first process ended because the server could not start."""
        return self._failures == 0 and self.process.exitcode == UNUSABLE

    @property
    def left_in_order(self) -> bool:
        """Whether its last process left in good order, or none was started."""
        return self.process.exitcode in (ENDED_IN_ORDER, None)

    def start(self) -> None:
        """Start the process; SIGHUP waits there until it can be handled."""
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
        try:
            self.process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGHUP})
        self._started = monotonic()

    def terminate(self) -> None:
        """Pass on a signal to end."""
        if self.process.is_alive():
            self.process.terminate()

    def hang_up(self) -> None:
        """Pass on SIGHUP."""
        if self.process.pid is not None and self.process.is_alive():
            os.kill(self.process.pid, signal.SIGHUP)

    def repair(self) -> None:
        """Start the server again if its process has ended, after a pause that is logged."""
        if self.process.is_alive():
            return
        now = monotonic()
        if self._retry_at is None:
            if now - self._started > LONGEST_PAUSE:
                self._failures = 0
            pause = min(SHORTEST_PAUSE * 2**self._failures, LONGEST_PAUSE)
            self._failures += 1
            self._retry_at = now + pause
            text = "server %s has ended: %s; it is started again in %g s"
            how = _described_exit(self.process.exitcode)
            logger.error(text, self._plan.shape.name, how, pause)
        elif now >= self._retry_at:
            self._retry_at = None
            self.process = self._new_process()
            self.start()


def _described_exit(code: int | None) -> str:
    """How a process ended, for people."""
    if code is not None and code < 0:
        return f"killed by {signal.Signals(-code).name}"
    return f"exit status {code}"


def _serve_as_child(plan: Plan, wanted: Logging) -> None:
    """Run a server in a process of its own."""
    os.setpgid(0, 0)  # Ctrl-C at the terminal is for the supervisor, which passes it on once
    wanted.configure()
    disown(os.environ)
    Thread(target=_end_with_parent, name="supervisor", daemon=True).start()
    try:
        left_in_order = serve_plan(plan)
    except (StoreUnusable, CannotServe) as error:
        os.write(2, f"gnomon: {plan.shape.name}: {error}\n".encode())
        os._exit(UNUSABLE)
    except NameTaken as error:
        os.write(2, f"gnomon: {error}\n".encode())
        os._exit(ENDED_ANYHOW)
    os._exit(ENDED_IN_ORDER if left_in_order else ENDED_ANYHOW)


def _end_with_parent() -> None:
    parent = parent_process()
    assert parent is not None
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)
