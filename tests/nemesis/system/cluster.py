"""The processes of a cluster: ``gnomon serve``, several times.

The one idea: a trial starts a server as an operator would, with the command line, and observes it
only from outside: its process, its API, its log.
"""

import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import msgspec

from gnomon.reference.live.store.embedded.tether import end, start_tethered
from gnomon.reference.schedule.clock import SECOND, write_duration
from tests.nemesis.checks.watcher import Watched
from tests.nemesis.load import run_log
from tests.support.paths import IMPORT_PATH
from tests.support.servers import free_port, wait_until

PATIENCE_S = 60
"""The longest start on a busy machine (s)."""
GRACE = 10 * SECOND


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """What the servers share: `lease` in µs, the `folder` of their logs, the `run_log`.

    `wrapper` is a command that becomes a process of ours, with the words of its command appended.
    """

    workers: int
    lease: int
    folder: Path
    run_log: Path
    replicas: int = 0
    wrapper: tuple[str, ...] = ()


class Process:
    """A process of the cluster: one server, or the supervisor of several; a fault holds its `lock`.

    `words` are its options for the store and the name; `apis` are the URLs of its servers' APIs.
    """

    def __init__(self, name: str, words: Sequence[str], shape: Shape, servers: int = 1) -> None:
        self.name = name
        ports = _free_ports(servers)
        self.apis = [f"http://127.0.0.1:{port}" for port in ports]
        self.lock = threading.Lock()
        self.killed: set[int] = set()
        self.log = shape.folder / f"{name}.log"
        self._environment = {run_log.VARIABLE: str(shape.run_log), "PYTHONPATH": IMPORT_PATH}
        self._command = [
            *shape.wrapper,
            *(sys.executable, "-m", "gnomon", "serve"),
            *words,
            *("--servers", str(servers), "--http", f"127.0.0.1:{ports[0]}"),
            *("--services", run_log.__name__, "--workers", str(shape.workers)),
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
            found = [httpx.get(f"{api}/health", timeout=1).json() for api in self.apis]
        except httpx.HTTPError:
            return False
        return all(health["state"] == "working" for health in found)

    @property
    def pid(self) -> int:
        """The number of its process."""
        return self._running.pid

    @property
    def watched(self) -> list[Watched]:
        """Its servers, by the names that they have."""
        if len(self.apis) == 1:
            return [Watched(self.name, self.apis[0], self.log)]
        numbered = enumerate(self.apis, start=1)
        return [Watched(f"s{number}", api, self.log) for number, api in numbered]

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


def _free_ports(number: int) -> range:
    """This many consecutive ports at which nobody listens yet."""
    while True:
        first = free_port()
        ports = range(first, first + number)
        with ExitStack() as probes:
            try:
                for port in ports:
                    probes.enter_context(socket.create_server(("127.0.0.1", port)))
            except (OSError, OverflowError):
                continue
            return ports


@contextmanager
def cluster(urls: list[str], shape: Shape) -> Iterator[list[Process]]:
    """A server for each URL of the store, s1, s2…; the end of the block kills them."""
    servers = [
        Process(f"s{number}", ("--redis", url, "--name", f"s{number}"), shape)
        for number, url in enumerate(urls, start=1)
    ]
    with _running(servers):
        yield servers


@contextmanager
def supervised_cluster(words: Sequence[str], shape: Shape, servers: int) -> Iterator[list[Process]]:
    """One process that runs this many servers; the end of the block kills it."""
    supervisor = Process("supervisor", words, shape, servers)
    with _running([supervisor]):
        yield [supervisor]


@contextmanager
def _running(servers: Sequence[Process]) -> Iterator[None]:
    try:
        for server in servers:
            server.launch()
        for server in servers:
            server.wait_until_it_works()
        yield
    finally:
        for server in servers:
            server.close()
