"""Watches what does not work in the cluster although every server does.

The one idea: some faults break no call and no rule, so that nobody would notice them. A thread of
each server therefore reads every few seconds what the servers have reported to the store:

    servers differ in their time zone database   the hour of a job may change with the leader
    the leader cannot schedule a job             the job is not published
    no live server has a service of a job        each run of the job fails
    somebody has paused the cluster              nothing is published as planned

Each is a sentence in the health of every server while it lasts. A difference of the databases is
logged once by each server and is in its metrics. So is a pause; a missing service is only logged.
The leader itself logs the jobs.
"""

import logging
from collections.abc import Iterable
from threading import Event, Thread

from gnomon.reference.live.runtime.monitoring.metrics import Metrics
from gnomon.reference.live.store.storage import Storage, StoreUnavailable
from gnomon.reference.schedule.clock import SECOND, write_instant
from gnomon.reference.schedule.zones import DIRECTORY_VARIABLE
from gnomon.reference.store.administration import ClusterOverview, Member

logger = logging.getLogger("gnomon.server")

PERIOD = 2 * SECOND
"""Time between two reads (µs): a fault is to be reported within five seconds."""

JOBS_NAMED = 10
"""The largest number of jobs, or of services, that the health names."""


class ClusterWatch:
    """Reads the reports in a thread, from the start until `close`.

    `warnings` has a sentence for each fault.
    """

    def __init__(self, storage: Storage, metrics: Metrics) -> None:
        self._storage = storage
        self._metrics = metrics
        self._is_closed = Event()
        self._difference: str | None = None
        self.warnings: tuple[str, ...] = ()
        Thread(target=self._watch, name="cluster-watch", daemon=True).start()

    def close(self) -> None:
        """Stop reading."""
        self._is_closed.set()

    def _watch(self) -> None:
        while not self._is_closed.wait(PERIOD / SECOND):
            try:
                overview = self._storage.overview()
            except StoreUnavailable as error:  # its calls report an outage
                logger.debug("the reports cannot be read: %s", error)
                continue
            self._metrics.waiting.set(overview.waiting)
            self._metrics.held.set(len(overview.held))
            alive = (member for member in overview.members if member.alive_until > overview.now)
            found = difference(alive)
            self._note(found)
            self._metrics.paused.set(overview.paused is not None)
            missing = [*pause(overview), *without_server(overview)]
            for sentence in missing:
                if sentence not in self.warnings:
                    logger.warning("%s", sentence)
            self.warnings = (
                *(() if found is None else (found,)), *missing, *unschedulable(overview)
            )  # fmt: skip

    def _note(self, found: str | None) -> None:
        """Log a new difference, and the end of one."""
        if found == self._difference:
            return
        self._difference = found
        self._metrics.zones_differ.set(found is not None)
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


def pause(overview: ClusterOverview) -> list[str]:
    """The sentence that the cluster is paused, if it is (PAUSE-1)."""
    if overview.paused is None:
        return []
    what = f"the cluster is paused since {write_instant(overview.paused.since)}"
    ends = "nothing is published as planned; gnomon cluster resume ends that"
    return [f"{what}, by {overview.paused.by}: {ends}"]


def without_server(overview: ClusterOverview) -> list[str]:
    """A sentence for each service that a job needs and no live server has (RUN-8)."""
    missing = overview.missing_services
    sentences = [
        f"no live server has the service {service!r}, which an active job needs, and each of its "
        "runs fails; deploy the service, or edit or delete the job"
        for service in missing[:JOBS_NAMED]
    ]
    if len(missing) > JOBS_NAMED:
        sentences.append(f"{len(missing) - JOBS_NAMED} more services are on no live server")
    return sentences


def unschedulable(overview: ClusterOverview) -> list[str]:
    """A sentence for each job that the leader cannot schedule; the last one counts the others."""
    leader, jobs = overview.lease.leader, overview.unschedulable
    sentences = [
        f"job {id} cannot be scheduled by {leader}, which leads, and is not published: {why}"
        for id, why in jobs[:JOBS_NAMED]
    ]
    if len(jobs) > JOBS_NAMED:
        sentences.append(f"{len(jobs) - JOBS_NAMED} more jobs cannot be scheduled")
    return sentences
