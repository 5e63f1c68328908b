"""The processes of a cluster: ``gnomon serve``, several times.

The one idea: a trial starts a server as an operator would, with the command line, and observes it
only from outside: its process, its API, its log.
"""

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import msgspec

from gnomon.reference.live.store.embedded.tether import end, start_tethered
from gnomon.reference.schedule.clock import SECOND, write_duration
from tests.nemesis.load import run_log
from tests.support.paths import IMPORT_PATH
from tests.support.servers import free_port, wait_until

PATIENCE_S = 60
"""The longest start on a busy machine (s)."""
GRACE = 10 * SECOND


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """What the servers share: `lease` in µs, the `folder` of their logs, the `run_log`."""

    workers: int
    lease: int
    replicas: int
    folder: Path
    run_log: Path


class Process:
    """A server of the cluster. Each fault holds its `lock`."""

    def __init__(self, name: str, url: str, shape: Shape) -> None:
        self.name = name
        self.api = f"http://127.0.0.1:{free_port()}"
        self.lock = threading.Lock()
        self.killed: set[int] = set()
        self.log = shape.folder / f"{name}.log"
        self._environment = {run_log.VARIABLE: str(shape.run_log), "PYTHONPATH": IMPORT_PATH}
        self._command = [
            *(sys.executable, "-m", "gnomon", "serve"),
            *("--redis", url, "--name", name, "--workers", str(shape.workers)),
            *("--services", run_log.__name__, "--http", self.api.removeprefix("http://")),
            *("--lease", write_duration(shape.lease), "--drain", write_duration(GRACE)),
            *("--replicas", str(shape.replicas), "--log", "json"),
        ]
        self._process: subprocess.Popen[bytes] | None = None

    def launch(self) -> None:
        """Start its process."""
        variables = [f"{key}={value}" for key, value in self._environment.items()]
        self._process = start_tethered(["env", *variables, *self._command], self.log)

    def start(self) -> None:
        """Start its process, and wait until it works."""
        self.launch()
        self.wait_until_it_works()

    def wait_until_it_works(self) -> None:
        """Wait until it has joined the cluster and reports no trouble."""
        wait_until(self._works, PATIENCE_S)

    def _works(self) -> bool:
        process = self._running
        assert process.poll() is None, self._died
        try:
            health = httpx.get(f"{self.api}/health", timeout=1)
        except httpx.HTTPError:
            return False
        return bool(health.json().get("state") == "working")

    def kill(self) -> None:
        """Kill it, as a crash would; it must not have ended by itself."""
        process = self._running
        assert process.poll() is None, self._died
        self.killed.add(process.pid)
        process.kill()
        end(process)

    def stop(self) -> int:
        """Stop it as an operator does, within its grace; its exit code."""
        process = self._running
        process.send_signal(signal.SIGTERM)
        try:
            code = process.wait((2 * GRACE) / SECOND)
        finally:
            end(process)
        return code

    def pause(self) -> None:
        """Suspend its process."""
        self._running.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Resume its process."""
        self._running.send_signal(signal.SIGCONT)

    def close(self) -> None:
        """Kill its process, whatever state it is in."""
        if self._process is not None:
            self._process.kill()
            end(self._process)

    @property
    def _died(self) -> str:
        return f"{self.name} ended by itself; see {self.log}"

    @property
    def _running(self) -> "subprocess.Popen[bytes]":
        assert self._process is not None, f"{self.name} has not been started"
        return self._process


@contextmanager
def cluster(urls: list[str], shape: Shape) -> Iterator[list[Process]]:
    """A server for each URL of the store, s1, s2…; the end of the block kills them."""
    servers = [Process(f"s{number}", url, shape) for number, url in enumerate(urls, start=1)]
    try:
        for server in servers:
            server.launch()
        for server in servers:
            server.wait_until_it_works()
        yield servers
    finally:
        for server in servers:
            server.close()
