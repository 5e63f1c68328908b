"""The processes of a cluster: ``gnomon serve``, several times.

The one idea: a trial starts a server as an operator would, with the command line, and observes it
only from outside: its process, its API, its log.
"""

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
import msgspec

from gnomon.reference.live.store.embedded.tether import end, start_tethered
from gnomon.reference.schedule.clock import SECOND, write_duration
from gnomon.reference.schedule.zones import DIRECTORY_VARIABLE
from tests.nemesis.checks.watcher import Watched
from tests.nemesis.load import poison, run_log
from tests.support.paths import IMPORT_PATH
from tests.support.servers import free_ports, wait_until
from tests.support.serving import NO_TLS

PATIENCE_S = 60
"""The longest start on a busy machine (s)."""
GRACE = 10 * SECOND
MANY_ATTEMPTS = 50
"""So many servers are not killed with the same message."""


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """What the servers share: `lease` in µs, the `folder` of their logs, the `run_log`.

    `wrapper` is a command that becomes a process of ours, with the words of its command appended.
    `max_attempts` is for a message whose servers are killed.
    """

    workers: int
    lease: int
    folder: Path
    run_log: Path
    replicas: int = 0
    wrapper: tuple[str, ...] = ()
    max_attempts: int = MANY_ATTEMPTS


class Process:
    """A process of the cluster: one server, or the supervisor of several; a fault holds its `lock`.

    `words` are its options for the store and the name; `apis` are the URLs of its servers' APIs.
    `zones` is its database of time zones from the next start on; None: the usual one.
    """

    def __init__(self, name: str, words: Sequence[str], shape: Shape, servers: int = 1) -> None:
        self.name = name
        ports = free_ports(servers)
        self.apis = [f"http://127.0.0.1:{port}" for port in ports]
        self.lock = threading.Lock()
        self.killed: set[int] = set()
        self.zones: Path | None = None
        self.log = shape.folder / f"{name}.log"
        self._environment = {run_log.VARIABLE: str(shape.run_log), "PYTHONPATH": IMPORT_PATH}
        self._command = [
            *shape.wrapper,
            *(sys.executable, "-m", "gnomon", "serve"),
            *words,
            *("--servers", str(servers), "--http", f"127.0.0.1:{ports[0]}"),
            *("--services", run_log.__name__, "--services", poison.__name__),
            *("--workers", str(shape.workers), "--max-attempts", str(shape.max_attempts)),
            *("--lease", write_duration(shape.lease), "--drain", write_duration(GRACE)),
            *("--replicas", str(shape.replicas), "--log", "json"),
        ]
        self._process: subprocess.Popen[bytes] | None = None

    def launch(self) -> None:
        """Start its process."""
        variables = [f"{key}={value}" for key, value in self._environment.items()]
        if self.zones is not None:
            variables.append(f"{DIRECTORY_VARIABLE}={self.zones}")
        self._process = start_tethered(["env", *variables, *self._command], self.log)

    def start(self) -> None:
        """Start its process, and wait until it works."""
        self.launch()
        self.wait_until_it_works()

    def wait_until_it_works(self) -> None:
        """Wait until it has joined the cluster and reports no trouble."""
        wait_until(self._works, PATIENCE_S)

    def wait_until_it_answers(self) -> None:
        """Wait until its APIs answer."""
        wait_until(lambda: bool(self._states()), PATIENCE_S)

    def _works(self) -> bool:
        states = self._states()
        return bool(states) and set(states) == {"working"}

    def _states(self) -> list[str]:
        """The states of its servers; empty if one does not answer."""
        assert self._running.poll() is None, self._died
        try:
            return [_ask_state(api) for api in self.apis]
        except httpx.HTTPError:
            return []

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

    def has_died(self) -> bool:
        """Whether it has ended by itself; it then counts as killed."""
        if self._running.poll() is None:
            return False
        self.killed.add(self._running.pid)
        return True

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


def _ask_state(api: str) -> str:
    """The state that a server reports at the URL `api`. Raises httpx.HTTPError."""
    health = httpx.get(f"{api}/health", timeout=1, verify=NO_TLS).json()
    return str(health["state"])


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
