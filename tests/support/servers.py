"""Real servers for tests: Valkey from its wheel, or a server on the PATH.

The one idea: a server of a test is a process in a folder of its own, which can be killed, paused
and started again. It ends with the block that started it, or with the process of the tests.

    with on_a_socket(tmp_path, appendonly="yes") as server:
        server.client().set("key", "value")
        server.kill()
        server.start()
"""

import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote

import redis

from gnomon.reference.live.store.address import read_address
from gnomon.reference.live.store.embedded.store import find_server
from gnomon.reference.live.store.embedded.tether import end, start_tethered
from gnomon.reference.schedule.clock import SECOND

PATIENCE_S = 10


class RealServer:
    """A server at `url`, with its log in `folder`. Each method returns when it has come about."""

    def __init__(self, command: list[str], folder: Path, url: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.url = url
        self.log = folder / "log"
        self._command = command
        self._clients = ExitStack()
        self.process: subprocess.Popen[bytes] = self._launch()

    def _launch(self) -> subprocess.Popen[bytes]:
        return start_tethered(self._command, self.log)

    def client(self, timeout: int = 5 * SECOND) -> redis.Redis:
        """A client of this server that repeats no command; `timeout` in µs."""
        client = read_address(self.url).connect(timeout)
        self._clients.callback(client.close)
        return client

    def start(self) -> None:
        """Start it again, on its data."""
        self.process = self._launch()
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        """Wait until it has read its data and answers."""
        client = self.client()

        def is_ready() -> bool:
            assert self.process.poll() is None, self.log.read_text()
            return answers(client)

        wait_until(is_ready)

    def kill(self) -> None:
        """End it as a crash does."""
        self.process.kill()
        end(self.process)

    def stop(self) -> None:
        """End it as an operator does: it writes its data first."""
        end(self.process)

    def restart(self) -> None:
        """Stop it, and start it again."""
        self.stop()
        self.start()

    def pause(self) -> None:
        """Pause its process."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it continue."""
        self.process.send_signal(signal.SIGCONT)

    def close(self) -> None:
        """End it and every client of it, whatever state it is in."""
        self._clients.close()
        self.kill()


@contextmanager
def on_a_socket(
    folder: Path, program: Path | None = None, /, **settings: str
) -> Iterator[RealServer]:
    """A server at a Unix socket; a setting's name has _ for -, as in ``repl_timeout="1"``."""
    with TemporaryDirectory(prefix="gnomon-", dir=SHORT) as short:  # tmp_path may be too long
        path = Path(short) / "s"
        server = _server(program, folder, str(path), "unix", {"unixsocket": str(path)} | settings)
        with _running(server):
            yield server


@contextmanager
def on_a_port(
    folder: Path, program: Path | None = None, /, **settings: str
) -> Iterator[RealServer]:
    """A server at a free port of 127.0.0.1; settings as for ``on_a_socket``."""
    port = free_port()
    server = _server(program, folder, f"127.0.0.1:{port}", "redis", {"port": str(port)} | settings)
    with _running(server):
        yield server


SHORT = "/tmp"  # noqa: S108


def _server(
    program: Path | None, folder: Path, where: str, scheme: str, settings: dict[str, str]
) -> RealServer:
    folder.mkdir(parents=True, exist_ok=True)
    chosen = {
        "port": "0",
        "bind": "127.0.0.1",
        "dir": str(folder),
        "save": "",
        "repl_diskless_sync_delay": "0",
    } | settings
    arguments = [
        text for key, value in chosen.items() for text in (f"--{key.replace('_', '-')}", value)
    ]
    login = f":{quote(settings['requirepass'], safe='')}@" if "requirepass" in settings else ""
    command = [str(program or find_server()), *arguments]
    return RealServer(command, folder, f"{scheme}://{login}{where}")


@contextmanager
def _running(server: RealServer) -> Iterator[RealServer]:
    try:
        server.wait_until_ready()
        yield server
    finally:
        server.close()


def programs() -> list[Path]:
    """Every server there is: the wheel's, and those on the PATH."""
    on_path = filter(None, map(shutil.which, ("valkey-server", "redis-server")))
    return sorted({find_server(), *map(Path, on_path)})


def port_of(client: redis.Redis) -> int:
    port: int = client.connection_pool.connection_kwargs["port"]
    return port


def free_port() -> int:
    """A port of 127.0.0.1 at which nobody listens yet."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def free_ports(number: int) -> range:
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
def false_server(*replies: bytes) -> Iterator[int]:
    """The port of a server for one connection, which gives these replies in order."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                for reply in replies:
                    connection.recv(65_536)
                    connection.sendall(reply)

        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        thread.join()


def answers(client: redis.Redis) -> bool:
    """Whether a server answers, and has read its data."""
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False


def wait_until(holds: Callable[[], bool], patience_s: int = PATIENCE_S) -> None:
    """Wait until `holds()`, in real time; fail if that takes too long."""
    deadline = time.monotonic() + patience_s
    while not holds():
        assert time.monotonic() < deadline, f"{holds} took more than {patience_s} s"
        time.sleep(0.005)


# --- a failover

SERVICE = "store"
"""What the Sentinel calls the primary."""


@dataclass(frozen=True)
class Trio:
    """A primary, its replica and the Sentinel that watches them; `url` goes by the Sentinel.

    After a failover the replica is the primary, and the other way round.
    """

    primary: RealServer
    replica: RealServer
    sentinel: RealServer
    url: str

    def fail_over(self) -> None:
        """Have the replica take over, as an operator does; return when the Sentinel says so."""
        client = self.sentinel.client()
        before = _primary_of(client)
        wait_until(lambda: _accepts_failover(client))
        wait_until(lambda: _primary_of(client) != before)


@contextmanager
def sentinel_trio(folder: Path, **settings: str) -> Iterator[Trio]:
    """A primary, its replica and one Sentinel, on free ports of 127.0.0.1.

    The `settings` are those of primary and replica. The Sentinel gives a silent primary up after
    one second.
    """
    with (
        on_a_port(folder / "1", **settings) as primary,
        on_a_port(folder / "2", replicaof=_host_and_port(primary), **settings) as replica,
    ):
        wait_until(lambda: replica.client().info("replication")["master_link_status"] == "up")
        sentinel = _sentinel(folder / "3", _host_and_port(primary), settings.get("masterauth"))
        with _running(sentinel):
            url = primary.url.replace("redis://", "redis+sentinel://").rpartition(":")[0]
            port = _host_and_port(sentinel).split()[1]
            yield Trio(primary, replica, sentinel, f"{url}:{port}/{SERVICE}")


def _sentinel(folder: Path, primary: str, password: str | None) -> RealServer:
    folder.mkdir(parents=True)
    port = free_port()
    lines = [
        f"port {port}",
        "bind 127.0.0.1",
        f"sentinel monitor {SERVICE} {primary} 1",
        f"sentinel down-after-milliseconds {SERVICE} 1000",
        f"sentinel failover-timeout {SERVICE} 2000",
        *([f"sentinel auth-pass {SERVICE} {password}"] if password else []),
    ]
    configuration = folder / "sentinel.conf"
    configuration.write_text("".join(f"{line}\n" for line in lines))
    command = [str(find_server()), str(configuration), "--sentinel"]
    return RealServer(command, folder, f"redis://127.0.0.1:{port}")


def _host_and_port(server: RealServer) -> str:
    return server.url.rpartition("//")[2].rpartition("@")[2].replace(":", " ")


def _accepts_failover(sentinel: Any) -> bool:
    try:
        sentinel.execute_command("SENTINEL", "FAILOVER", SERVICE)
    except redis.ResponseError as error:
        if "NOGOODSLAVE" not in str(error):
            raise
        return False  # it has not heard of the replica yet
    return True


def _primary_of(sentinel: Any) -> object:
    return sentinel.execute_command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", SERVICE)


# --- a cluster


@contextmanager
def two_node_cluster(folder: Path) -> Iterator[tuple[RealServer, RealServer]]:
    """Two nodes that know each other; the first serves slots up to 8191, the second the rest."""
    buses = free_port(), free_port()
    with (
        on_a_port(folder / "1", cluster_enabled="yes", cluster_port=str(buses[0])) as low,
        on_a_port(folder / "2", cluster_enabled="yes", cluster_port=str(buses[1])) as high,
    ):
        nodes = low, high
        for server, slots in zip(nodes, ((0, 8_191), (8_192, 16_383)), strict=True):
            admin: Any = server.client()
            admin.execute_command("CLUSTER", "ADDSLOTSRANGE", *slots)
        admin.execute_command("CLUSTER", "MEET", "127.0.0.1", port_of(low.client()), buses[0])
        wait_until(lambda: all(_is_whole(server) for server in nodes))
        yield nodes


def _is_whole(server: RealServer) -> bool:
    client: Any = server.client()
    return b"cluster_state:ok" in client.execute_command("CLUSTER", "INFO") and (
        len(client.execute_command("CLUSTER", "SLOTS")) == 2
    )
