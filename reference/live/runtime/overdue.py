"""Overdue runs of a live server: reported once, and in its health while they go on (LIMIT-3).

The one idea: the owner of the `Server` looks when the first limit has passed, and when a run ends.
Limits are measured by a clock that nobody sets, since a run may last for hours.
"""

import logging
from collections.abc import Iterable, Iterator

from gnomon.reference import events
from gnomon.reference.cluster.outputs import Run
from gnomon.reference.cluster.overdue import RuntimeLimits
from gnomon.reference.live.runtime.clock import elapsed
from gnomon.reference.live.runtime.monitoring.metrics import Metrics
from gnomon.reference.live.runtime.store_link import StoreLink
from gnomon.reference.live.runtime.worker_pool import RunUnderWay, WorkerPool, identity
from gnomon.reference.schedule.clock import SECOND, write_duration

_log = logging.getLogger("gnomon.run")


class OverdueRuns:
    """Reports the runs of the server `name` that exceed their `max_runtime`, and cancels them."""

    def __init__(self, name: str, link: StoreLink, metrics: Metrics, workers: WorkerPool) -> None:
        self._name = name
        self._link = link
        self._metrics = metrics
        self._workers = workers
        self._limits = RuntimeLimits()
        self._stores: dict[int, int] = {}  # worker -> the store that assigned its run

    def wakes(self, now: int) -> Iterator[int]:
        """When to call `report` next (µs), if ever, by the clock that reads `now`."""
        next_at = self._limits.next_at
        if next_at is not None:
            yield now + next_at - elapsed()

    def begin(self, run: Run, store: int) -> None:
        """A run begins that the store of this identity has assigned."""
        self._stores[run.worker] = store
        self._limits.begin(elapsed(), run)

    def report(self) -> None:
        """Report and cancel the runs that have exceeded their limit since the last call."""
        for run in self._limits.exceeded(elapsed()):
            self._workers.cancel(run.worker)
            self._report(run, "still running after")

    def end(self, run: Run, took: int) -> None:
        """A run has ended after `took` µs; report it if it had exceeded its limit unreported."""
        limit = run.message.max_runtime
        if limit is None:
            return
        if self._limits.end(elapsed(), run.worker) and took > limit:
            self._report(run, "ended after more than")

    def _report(self, run: Run, what: str) -> None:
        message = run.message
        assert message.max_runtime is not None
        event = events.Overdue(0, message.id, self._name, run.worker, run.attempt)
        self._link.report(event, self._stores[run.worker])
        self._metrics.run_overdue(message.service)
        fields = {**identity(run), "worker": f"{self._name}/{run.worker}"}
        text = "run is overdue: %s %s"
        limit = write_duration(message.max_runtime)
        _log.warning(text, what, limit, extra={"fields": fields})


def describe_stuck(server: str, running: Iterable[RunUnderWay]) -> list[str]:
    """A sentence for each worker of a server whose run is overdue."""
    return [
        f"worker {server}/{run.worker} is stuck: run {run.message.id} of job {run.message.name} "
        f"has lasted {write_duration(duration // SECOND * SECOND)}, and its max_runtime is "
        f"{write_duration(limit)}"
        for run, duration in running
        if (limit := run.message.max_runtime) is not None and duration > limit
    ]
