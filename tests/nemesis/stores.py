"""The store of a trial: one server that keeps a log of its writes, or a pair with a Sentinel.

The one idea: whatever befalls a store in a trial, it keeps what it has acknowledged. So one that
stands alone forces each write to its disk before it answers, and of a pair the replica must have a
write before it counts.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import redis

from tests.nemesis.proxy import Proxy, proxies
from tests.support.servers import RealServer, Trio, on_a_port, sentinel_trio, wait_until

PATIENCE_S = 30
"""How long a replica may take to copy a store on a busy machine."""


class Single:
    """One server, and before it a proxy for each server of the cluster.

    `url` is the way past the proxies, for whoever runs the trial.
    """

    replicas = 0

    def __init__(self, server: RealServer, links: list[Proxy]) -> None:
        self.server = server
        self.links = links
        self.url = server.url

    def url_for(self, place: int) -> str:
        """How the server of the cluster at that place, from 0, reaches it: through its proxy."""
        return f"redis://127.0.0.1:{self.links[place].port}"


class Pair:
    """A primary and its replica, found through a Sentinel."""

    replicas = 1

    def __init__(self, trio: Trio) -> None:
        self._trio = trio
        self.url = trio.url

    def url_for(self, _: int) -> str:
        """How any server of the cluster reaches it: as the Sentinel says."""
        return self._trio.url

    def fail_over(self) -> None:
        """Have the replica take over; return when the other is its replica."""
        primary, replica = self._in_office()
        self._trio.fail_over()
        _follow(primary, replica)

    def crash_primary(self) -> None:
        """Kill the primary; start it again, as a replica, when the other has taken over."""
        primary, replica = self._in_office()
        primary.kill()
        wait_until(lambda: _replication(replica).get("role") == "master", PATIENCE_S)
        primary.start()
        _follow(primary, replica)

    def _in_office(self) -> tuple[RealServer, RealServer]:
        """The primary and the replica, as of now."""
        one, other = self._trio.primary, self._trio.replica
        return (one, other) if _replication(one)["role"] == "master" else (other, one)


def _follow(server: RealServer, primary: RealServer) -> None:
    """Make a server a replica; return when it has caught up. A Sentinel does so after 8 s."""
    host, _, port = primary.url.removeprefix("redis://").partition(":")
    server.client().replicaof(host, port)
    wait_until(lambda: _replication(server).get("master_link_status") == "up", PATIENCE_S)


def _replication(server: RealServer) -> dict[str, Any]:
    """What a server says of its part; nothing if it does not answer, or sends its clients away."""
    try:
        told: dict[str, Any] = server.client().info("replication")
    except redis.RedisError:
        return {}
    return told


@contextmanager
def single_store(folder: Path, servers: int, seed: int) -> Iterator[Single]:
    """A store for so many servers, which ends with the block."""
    with on_a_port(folder / "store", appendonly="yes", appendfsync="always") as server:
        host, _, port = server.url.removeprefix("redis://").partition(":")
        with proxies(servers, (host, int(port)), seed) as links:
            yield Single(server, links)


@contextmanager
def paired_store(folder: Path) -> Iterator[Pair]:
    """A store that is failed over, which ends with the block."""
    with sentinel_trio(folder / "stores", appendonly="yes") as trio:
        yield Pair(trio)
