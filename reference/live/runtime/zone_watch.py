"""Watches whether the servers of the cluster have the same version of the time zone database.

The one idea: each leader computes the due instants by its own database. If servers differ, the hour
of a job may change with the leader, and one of them may not know a job's zone. No rule is broken by
that, so that nobody would notice. A thread therefore compares the versions that the servers have
registered: it logs a difference once, and keeps it for the health and the metrics.
"""

import logging
from collections.abc import Iterable
from threading import Event, Thread

from gnomon.reference.live.runtime.metrics import Metrics
from gnomon.reference.live.store.storage import Storage, StoreUnavailable
from gnomon.reference.schedule.clock import SECOND
from gnomon.reference.schedule.zones import DIRECTORY_VARIABLE
from gnomon.reference.store.administration import Member

logger = logging.getLogger("gnomon.server")

PERIOD = 2 * SECOND
"""Time between two reads (µs): a difference is to be reported within five seconds."""


class ZoneWatch:
    """Compares the servers in a thread, from the start until `close`.

    `warnings` has a sentence if the servers differ, else nothing.
    """

    def __init__(self, storage: Storage, metrics: Metrics) -> None:
        self._storage = storage
        self._metrics = metrics
        self._is_closed = Event()
        self.warnings: tuple[str, ...] = ()
        Thread(target=self._watch, name="zone-watch", daemon=True).start()

    def close(self) -> None:
        """Stop comparing."""
        self._is_closed.set()

    def _watch(self) -> None:
        while not self._is_closed.wait(PERIOD / SECOND):
            try:
                overview = self._storage.overview()
            except StoreUnavailable as error:  # its calls report an outage
                logger.debug("the servers cannot be compared: %s", error)
                continue
            alive = [member for member in overview.members if member.alive_until > overview.now]
            self._note(difference(alive))

    def _note(self, found: str | None) -> None:
        """Log a new difference, and the end of one."""
        warnings = () if found is None else (found,)
        if warnings == self.warnings:
            return
        self._metrics.zones_differ.set(len(warnings))
        self.warnings = warnings
        if found is not None:
            logger.warning("%s", found)
        else:
            logger.info("all servers have the same time zone database")


def difference(members: Iterable[Member]) -> str | None:
    """Who has which version of the database, and what to do; None if the versions do not differ."""
    servers: dict[str, list[str]] = {}
    for member in members:
        if member.tzdata is not None:
            servers.setdefault(member.tzdata, []).append(member.name)
    if len(servers) < 2:
        return None
    parts = "; ".join(f"{version} on {', '.join(servers[version])}" for version in sorted(servers))
    return (
        f"the servers differ in their time zone database ({parts}), and jobs in time zones may be "
        "due at other times when another server leads; install the same version of tzdata "
        f"everywhere, or let {DIRECTORY_VARIABLE} name the same files"
    )
