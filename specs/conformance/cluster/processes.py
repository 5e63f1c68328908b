"""The processes of one scenario: started, killed, paused, and ended whatever happens.

The one idea: each process leads a process group of its own, and a guard outside the runner knows
all groups. The guard ends them when the runner is gone, even if that was killed itself.
"""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from threading import Event
from time import monotonic
from types import TracebackType
from typing import Self

from gnomon.specs.conformance.protocol import Command, Process

READY_LIMIT = 60.0
"""Seconds that a process may take to be ready, and a command of `apply` to end."""
STOP_LIMIT = 20.0
"""Seconds that an instance may take to end in an orderly way."""
PORT_LIMIT = 5.0
"""Seconds until a port must be free again."""
POLL = 0.03
"""Seconds between two looks."""
LONGEST_TAIL = 600
"""Characters of a log that a failure quotes."""

_GUARD = """
import os, signal, sys
groups = set()
for line in sys.stdin:
    word, group = line.split()
    groups.add(int(group)) if word == "add" else groups.discard(int(group))
for group in groups:
    try:
        os.killpg(group, signal.SIGKILL)
    except OSError:
        pass
"""


class Fault(Exception):
    """A process did not do what it had to: its name, the fault, and the tail of its log."""


class Stopped(Exception):
    """The runner ends."""


class Processes:
    """The processes of a scenario, by name; a context manager that ends all of them.

    They run in `folder`. Their logs lie in `logs`. `stopped` ends every wait.
    """

    def __init__(self, folder: Path, logs: Path, stopped: Event) -> None:
        self._folder, self._logs, self._stopped = folder, logs, stopped
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._plans: dict[str, Process] = {}
        self._seen: dict[str, int] = {}  # bytes of the log before the latest launch
        self._guard = subprocess.Popen(  # noqa: S603 - our own lines
            [sys.executable, "-I", "-S", "-c", _GUARD],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        for name in list(self._running):
            self.kill(name)
        assert self._guard.stdin is not None
        with suppress(OSError):
            self._guard.stdin.close()
        self._guard.wait()

    def start(self, name: str, plan: Process) -> None:
        """Launch a process, and wait until it is ready. Raises Fault and Stopped."""
        self.launch(name, plan)
        self.wait_until_ready(name)

    def launch(self, name: str, plan: Process) -> None:
        """Launch a process. Raises Fault if it cannot be launched, or its port is in use."""
        if plan.port is not None:
            self._wait_for_port(name, plan.port)
        log = self._log(name)
        self._seen[name] = log.stat().st_size if log.exists() else 0
        self._plans[name] = plan
        self._running[name] = self._popen(name, plan)
        self._tell_guard("add", self._running[name].pid)

    def wait_until_ready(self, name: str) -> None:
        """Wait until its log has the text, and its port accepts. Raises Fault and Stopped."""
        plan, deadline = self._plans[name], monotonic() + READY_LIMIT
        while not self._is_ready(name, plan):
            self.wait(POLL)
            if monotonic() > deadline:
                missing = f"its log has no {plan.ready!r}" if plan.ready else "no connection"
                raise self._fault(name, f"not ready after {READY_LIMIT:g} s: {missing}")

    def run(self, name: str, command: Command) -> None:
        """Run a command to its end. Raises Fault if it fails, and Stopped."""
        plan = Process(command.command, command.environment)
        self.launch(name, plan)
        process, deadline = self._running[name], monotonic() + READY_LIMIT
        while process.poll() is None:
            self._sleep(POLL)
            if monotonic() > deadline:
                raise self._fault(name, f"not done after {READY_LIMIT:g} s")
        self._forget(name)
        if process.returncode:
            raise self._fault(name, f"ended with {_status(process.returncode)}")

    def kill(self, name: str) -> None:
        """End a process and its children by SIGKILL."""
        process = self._running[name]
        self._signal(name, signal.SIGKILL)
        process.wait()
        self._forget(name)

    def pause(self, name: str) -> None:
        """Stop a process and its children by SIGSTOP."""
        self._signal(name, signal.SIGSTOP)

    def resume(self, name: str) -> None:
        """Let them continue."""
        self._signal(name, signal.SIGCONT)

    def stop(self, name: str) -> None:
        """End a process by SIGTERM. Raises Fault if it does not end, and Stopped."""
        process, deadline = self._running.pop(name), monotonic() + STOP_LIMIT
        process.terminate()
        try:
            while process.poll() is None:
                self.wait(POLL)
                if monotonic() > deadline:
                    raise self._fault(name, f"still runs {STOP_LIMIT:g} s after SIGTERM")
        finally:
            self._running[name] = process
            self.kill(name)  # what it has started itself and left behind

    def is_running(self, name: str) -> bool:
        """Whether it was started and not ended since."""
        return name in self._running

    def wait(self, seconds: float) -> None:
        """Wait, while every process has to run. Raises Fault and Stopped."""
        deadline = monotonic() + seconds
        while True:
            for name, process in self._running.items():
                if process.poll() is not None:
                    raise self._fault(name, f"ended with {_status(process.returncode)}")
            left = deadline - monotonic()
            if left <= 0:
                return
            self._sleep(min(left, POLL))

    # --- details

    def _sleep(self, seconds: float) -> None:
        if self._stopped.wait(seconds):
            raise Stopped

    def _popen(self, name: str, plan: Process) -> subprocess.Popen[bytes]:
        environment: Mapping[str, str] = {
            **{key: value for key, value in os.environ.items() if key != "PYTHONSAFEPATH"},
            "PYTHONUNBUFFERED": "1",
            **plan.environment,
        }
        with self._log(name).open("ab") as log:
            try:
                return subprocess.Popen(  # noqa: S603 - running the scheduler is the purpose
                    plan.command,
                    cwd=self._folder,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            except OSError as error:
                raise Fault(f"{name}: {plan.command[0]}: {error.strerror}") from None

    def _is_ready(self, name: str, plan: Process) -> bool:
        if plan.ready is not None and plan.ready not in self._output(name):
            return False
        return plan.port is None or _accepts(plan.port)

    def _wait_for_port(self, name: str, port: int) -> None:
        deadline = monotonic() + PORT_LIMIT
        while not _is_free(port):
            self._sleep(POLL)
            if monotonic() > deadline:
                raise Fault(f"{name}: port {port} of 127.0.0.1 is in use by another process")

    def _signal(self, name: str, number: signal.Signals) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._running[name].pid, number)

    def _forget(self, name: str) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._running[name].pid, signal.SIGKILL)  # children that outlived it
        self._tell_guard("remove", self._running.pop(name).pid)

    def _tell_guard(self, word: str, group: int) -> None:
        assert self._guard.stdin is not None
        with suppress(OSError):
            self._guard.stdin.write(f"{word} {group}\n".encode())
            self._guard.stdin.flush()

    def _log(self, name: str) -> Path:
        return self._logs / f"{name.replace(' ', '-')}.log"

    def _output(self, name: str) -> str:
        """What a process has printed since its latest launch."""
        with self._log(name).open("rb") as log:
            log.seek(self._seen[name])
            return log.read().decode("utf-8", "backslashreplace")

    def _fault(self, name: str, what: str) -> Fault:
        log = self._output(name).strip()
        tail = log if len(log) <= LONGEST_TAIL else f"…{log[-LONGEST_TAIL:]}"
        return Fault(f"{name}: {what}; the end of its log: {tail or '(empty)'}")


def _status(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"status {code}"


def _accepts(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
