"""The store of a trial: one server, a pair with a Sentinel, or the one that the servers embed.

The one idea: whatever fault a store has in a trial, it keeps the writes that it acknowledged. So a
single store, like an embedded one, syncs each write to its disk before it answers, and in a pair
the replica must receive a write before it counts.
"""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import redis

from tests.nemesis.system.proxy import Proxy, proxies
from tests.nemesis.system.store_clock import StoreClock
from tests.support.servers import (
    SHORT,
    RealServer,
    Trio,
    on_a_port,
    sentinel_trio,
    wait_until,
)

DISK_BYTES = 2**28
"""The size of an embedded store's disk."""
PATIENCE_S = 30
"""The longest copy of a store to its replica on a busy machine (s)."""


class Single:
    """One store, behind a proxy for each server of the cluster.

    `url` bypasses the proxies, for the trial itself. `clock` is None if it cannot be set.
    """

    replicas = 0

    def __init__(
        self, server: RealServer, links: list[Proxy], clock: StoreClock | None = None
    ) -> None:
        self.server = server
        self.clock = clock
        self.links = links
        self.url = server.url

    def url_for(self, place: int) -> str:
        """The URL for the server of the cluster with that index, from 0: through its proxy."""
        return f"redis://127.0.0.1:{self.links[place].port}"


class Pair:
    """A primary and its replica, found through a Sentinel."""

    replicas = 1

    def __init__(self, trio: Trio) -> None:
        self._trio = trio
        self.url = trio.url

    def url_for(self, _: int) -> str:
        """The URL for any server of the cluster: through the Sentinel."""
        return self._trio.url

    def fail_over(self) -> None:
        """Promote the replica; return when the former primary is its replica."""
        primary, replica = self._current_roles()
        self._trio.fail_over()
        _follow(primary, replica)

    def crash_primary(self) -> None:
        """Kill the primary; restart it as a replica after the other has taken over."""
        primary, replica = self._current_roles()
        primary.kill()
        wait_until(lambda: _replication(replica).get("role") == "master", PATIENCE_S)
        primary.start()
        _follow(primary, replica)

    def _current_roles(self) -> tuple[RealServer, RealServer]:
        """The current primary and the current replica."""
        one, other = self._trio.primary, self._trio.replica
        return (one, other) if _replication(one)["role"] == "master" else (other, one)


class Embedded:
    """The store that ``gnomon serve`` embeds, on a small disk of its own, mounted at `mount`.

    Only the process that `wrapper` starts sees that disk; ``attach`` finds it there. `words` are
    its options for the store.
    """

    replicas = 0

    def __init__(self, mount: Path) -> None:
        script = f'mount -t tmpfs -o size={DISK_BYTES} none "$0" && exec "$@"'
        self.wrapper = ("unshare", "-rm", "sh", "-c", script, str(mount))
        self.words = ("--data", str(mount))
        self._mount = mount
        self._disk = mount

    def attach(self, pid: int) -> None:
        """Find the disk that the process with that number sees."""
        self._disk = Path(f"/proc/{pid}/root{self._mount}")

    @property
    def url(self) -> str:
        """The URL of its socket, for the trial itself."""
        return f"unix://{self._disk}/store/store.sock"

    def kill(self) -> None:
        """Kill the store's process."""
        os.kill(int((self._disk / "store" / "server.lock").read_text()), signal.SIGKILL)

    def fill(self) -> None:
        """Fill its disk to the last byte."""
        with (self._disk / "ballast").open("wb", buffering=0) as ballast:
            for block in (DISK_BYTES, 2**12):  # the first write takes nearly all, at once
                with suppress(OSError):
                    while True:
                        ballast.write(bytes(block))

    def clear(self) -> None:
        """Make space on its disk."""
        (self._disk / "ballast").unlink()


Store = Single | Pair | Embedded


def _follow(server: RealServer, primary: RealServer) -> None:
    """Make a server a replica, and wait for its copy; the Sentinel would take 8 s to begin."""
    host, _, port = primary.url.removeprefix("redis://").partition(":")
    server.client().replicaof(host, port)
    wait_until(lambda: _replication(server).get("master_link_status") == "up", PATIENCE_S)


def _replication(server: RealServer) -> dict[str, object]:
    """The replication state that a server reports; empty if it does not answer."""
    try:
        state: dict[str, object] = server.client().info("replication")
    except redis.RedisError:
        return {}
    return state


@contextmanager
def single_store(
    folder: Path, servers: int, seed: int, clock: StoreClock | None = None
) -> Iterator[Single]:
    """A store for this many servers; the end of the block stops it."""
    program = None if clock is None else clock.program
    with on_a_port(folder / "store", program, appendonly="yes", appendfsync="always") as server:
        host, _, port = server.url.removeprefix("redis://").partition(":")
        with proxies(servers, (host, int(port)), seed) as links:
            yield Single(server, links, clock)


@contextmanager
def paired_store(folder: Path) -> Iterator[Pair]:
    """A store with a replica and a Sentinel; the end of the block stops it."""
    with sentinel_trio(folder / "stores", appendonly="yes") as trio:
        yield Pair(trio)


@contextmanager
def embedded() -> Iterator[Embedded]:
    """An embedded store that no process uses yet."""
    with TemporaryDirectory(prefix="gnomon-", dir=SHORT) as mount:
        yield Embedded(Path(mount))


def can_mount() -> bool:
    """Whether a process may mount a small disk that only it sees."""
    if shutil.which("unshare") is None:
        return False
    command = ["unshare", "-rm", "mount", "-t", "tmpfs", "none", "/mnt"]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0
