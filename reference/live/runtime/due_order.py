"""Keeps the store's order of what is due next right, for the next leader.

The one idea: a new leader leads from the first page of that order on, so a handover is as fast as
what is due soon stands first. A Publish moves its job; all else is known to the leader alone. A job
whose start_date has passed is due next at an instant that the store cannot compute, and one that is
inactive or has ended is not due at all. Without a report such jobs stand first, and a new leader
reads them all before it publishes anything.

Nothing is decided by the order: a report that is lost costs the next leader time, and no more.
"""

from itertools import islice

from gnomon.reference.cluster.server import Server
from gnomon.reference.live.runtime.store_link import StoreLink
from gnomon.reference.schedule.clock import LAST_INSTANT
from gnomon.reference.schedule.trigger import Unschedulable, trigger
from gnomon.reference.store.administration import ExpectJobs
from gnomon.reference.store.operations import (
    Changes,
    Job,
    JobList,
    Jobs,
    Operation,
    Publish,
    Reply,
    place_of,
)

MOST_AT_ONCE = 1_000
"""Jobs in one report, so that no report keeps a Publish waiting for long."""


class DueOrder:
    """What one server knows of the order, and the store does not, while it leads."""

    def __init__(self, link: StoreLink) -> None:
        self._link = link
        self._unreported: dict[str, tuple[Job, str]] = {}  # with the place after which it belongs

    def receive(self, operation: Operation, reply: Reply) -> None:
        """The leader has read jobs: in a page of the order, or because they have changed.

        A job that it has published meanwhile has got its place by that Publish.
        """
        if type(operation) is Publish:
            if self._unreported:
                for entry in operation.entries:
                    self._unreported.pop(entry.job, None)
        elif type(reply) is JobList:
            if type(operation) is Changes:
                self._unreported |= {job.id: (job, "") for job in reply.jobs}
            elif type(operation) is Jobs and isinstance(operation.after, str):
                self._look_for_misplaced(operation.after, reply)

    def _look_for_misplaced(self, after: str, page: JobList) -> None:
        """Note the jobs of a page that may be due after its end: O(page).

        A place is wrong only if its instant has passed, so later pages are not looked at.
        """
        if after < place_of(page.now, ""):
            last = str(page.more or "")
            self._unreported |= {job.id: (job, last) for job in page.jobs}

    def note(self, server: Server) -> None:
        """Report some of what is known, once all jobs are loaded: what is due goes before.

        Only then is it computed when jobs are due next, for the same reason.
        """
        if server.epoch is None:
            self._unreported.clear()
        elif self._unreported and server.state_of_leader_role == "leading":
            some = list(islice(self._unreported.values(), MOST_AT_ONCE))
            due = {job.id: _due_next(job) for job, _ in some}
            jobs = tuple(
                (job.id, due[job.id]) for job, last in some if place_of(due[job.id], job.id) > last
            )
            for id in due:
                del self._unreported[id]
            if jobs:
                self._link.send(ExpectJobs(jobs))


def _due_next(job: Job) -> int:
    """When a job is due next (µs, UTC); the last instant of all if it is not."""
    if job.cursor is None or not job.definition.is_active:
        return LAST_INSTANT
    try:
        due = trigger(job.definition).first(job.cursor)
    except Unschedulable:
        return LAST_INSTANT
    return job.cursor if due is None else due  # without another one, it is to end now
