"""Pausing the whole cluster: while it is paused, nothing is published as planned (PAUSE-1).

The one idea: the pause is a state of the store, so it survives restarts and failovers, and the
store refuses what a leader asks that does not know of it yet. A pause and its end count as changes
of the job table: they wake the leader. Runs on demand are an operator's act, and go on.

    operation        reply             asked by
    PauseCluster     Done or Refused   people
    ResumeCluster    Done or Refused   people
"""

from gnomon.reference import events
from gnomon.reference.events import Record
from gnomon.reference.store.administration import Paused
from gnomon.reference.store.jobs import JobTable
from gnomon.reference.store.operations import Delivery, Done, Operation, Refused

PAUSED_ALREADY = "the cluster is paused already"
"""Why a cluster is not paused."""
NOT_PAUSED = "the cluster is not paused"
"""Why a cluster is not resumed."""


class PauseCluster(Operation, frozen=True, gc=False):
    """Publish nothing as planned until the cluster is resumed; `by` names who asked for it."""

    by: str


class ResumeCluster(Operation, frozen=True, gc=False):
    """Publish again; what was due meanwhile is a misfire by the policy of its job (MISS-2)."""

    by: str


class PauseSwitch:
    """Pauses and resumes the publishing of the jobs of a table."""

    __slots__ = ("_jobs", "_record")

    def __init__(self, record: Record, jobs: JobTable) -> None:
        self._record = record
        self._jobs = jobs

    def pause(self, now: int, server: str, operation: PauseCluster) -> list[Delivery]:
        """Pause the cluster, unless it is paused."""
        if self._jobs.paused is not None:
            return [(server, operation, Refused(now, PAUSED_ALREADY))]
        self._record(events.ClusterPaused(now, operation.by))
        self._jobs.paused = Paused(now, operation.by)
        return [(server, operation, Done(now)), *self._jobs.report_pause(now)]

    def resume(self, now: int, server: str, operation: ResumeCluster) -> list[Delivery]:
        """Resume the cluster, if it is paused."""
        if self._jobs.paused is None:
            return [(server, operation, Refused(now, NOT_PAUSED))]
        self._record(events.ClusterResumed(now, operation.by))
        self._jobs.paused = None
        return [(server, operation, Done(now)), *self._jobs.report_pause(now)]
