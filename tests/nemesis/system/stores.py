"""The store of a trial: one server that keeps a log of its writes, or a pair with a Sentinel.

The one idea: whatever fault a store has in a trial, it keeps the writes that it acknowledged. So a
single store syncs each write to its disk before it answers, and in a pair the replica must receive
a write before it counts.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

from tests.nemesis.system.proxy import Proxy, proxies
from tests.support.servers import RealServer, Trio, on_a_port, sentinel_trio, wait_until

PATIENCE_S = 30
"""The longest copy of a store to its replica on a busy machine (s)."""


class Single:
    """One store, behind a proxy for each server of the cluster.

    `url` bypasses the proxies, for the trial itself.
    """

    replicas = 0

    def __init__(self, server: RealServer, links: list[Proxy]) -> None:
        self.server = server
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
def single_store(folder: Path, servers: int, seed: int) -> Iterator[Single]:
    """A store for this many servers; the end of the block stops it."""
    with on_a_port(folder / "store", appendonly="yes", appendfsync="always") as server:
        host, _, port = server.url.removeprefix("redis://").partition(":")
        with proxies(servers, (host, int(port)), seed) as links:
            yield Single(server, links)


@contextmanager
def paired_store(folder: Path) -> Iterator[Pair]:
    """A store with a replica and a Sentinel; the end of the block stops it."""
    with sentinel_trio(folder / "stores", appendonly="yes") as trio:
        yield Pair(trio)
