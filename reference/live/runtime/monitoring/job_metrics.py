"""The runs of each job, as metrics whose number is bounded.

The one idea: a label must not have as many values as there are jobs. The first `MOST_JOBS` jobs
that a server runs have labels of their own until it ends; all others count together as `OTHER`. A
job that is renamed counts as another one.
"""

from threading import Lock
from typing import NamedTuple, get_args

from prometheus_client import CollectorRegistry, Counter, Summary

from gnomon.reference.events import Outcome
from gnomon.reference.live.runtime.worker_pool import Ended
from gnomon.reference.schedule.clock import SECOND

MOST_JOBS = 100
"""The largest number of jobs of a server with metrics of their own."""
OTHER = "(other)"
"""The label of all other jobs."""


class _OfJob(NamedTuple):
    """The series of one job."""

    runs: dict[Outcome, Counter]
    time: Summary


class JobMetrics:
    """The runs and the durations of each job; any thread may count."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._runs = Counter(
            "gnomon_job_runs_total",
            f"Runs that have ended, of the first {MOST_JOBS} jobs that this server has run.",
            ("job", "job_name", "outcome"),
            registry=registry,
        )
        self._time = Summary(
            "gnomon_job_run_seconds",
            "How long those runs took.",
            ("job", "job_name"),
            registry=registry,
        )
        self._lock = Lock()
        self._known: dict[tuple[str, str], _OfJob] = {}
        self._other = self._series(OTHER, OTHER)

    def _series(self, job: str, name: str) -> _OfJob:
        runs = {outcome: self._runs.labels(job, name, outcome) for outcome in get_args(Outcome)}
        return _OfJob(runs, self._time.labels(job, name))

    def run_ended(self, ended: Ended) -> None:
        """Count a run that has ended."""
        message = ended.run.message
        series = self._of(message.job, message.name)
        series.runs[ended.outcome].inc()
        series.time.observe(max(ended.took, 0) / SECOND)

    def _of(self, job: str, name: str) -> _OfJob:
        with self._lock:
            found = self._known.get((job, name))
            if found is None and len(self._known) < MOST_JOBS:
                found = self._known[job, name] = self._series(job, name)
        return self._other if found is None else found
