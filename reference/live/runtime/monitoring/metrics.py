r"""The metrics of one server, in the text format of Prometheus.

The one idea: each server has a registry of its own, so that several servers can run in one process
(tests do that), and a user's service keeps prometheus-client's default registry to itself.

    metrics = Metrics(services, workers=4)
    metrics.run_ended(ended)              every method may be called by any thread
    metrics.lateness.observe(now - due)   durations are in µs
    metrics.store_errors.labels("timeout").inc()
    metrics.leads.set(1)
    metrics.text()                        to be served as `CONTENT_TYPE`

A label has few values: a message may name a service that this server does not have, and counts as
`UNKNOWN`; `job_metrics` limits those of jobs.
"""

from collections.abc import Collection, Iterator
from itertools import product
from typing import Literal, get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.metrics_core import Metric

from gnomon.reference.events import DeadLetterCause, Outcome
from gnomon.reference.live.runtime.monitoring.job_metrics import JobMetrics
from gnomon.reference.live.runtime.worker_pool import Ended
from gnomon.reference.schedule.clock import MILLISECOND, MINUTE, SECOND
from gnomon.reference.schedule.zones import zone_database
from gnomon.reference.store.operations import Outcomes, Publish, Refusal

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
Scheme = Literal["basic", "bearer", "form", "other"]
"""How a login carries its credentials; a form is that of the pages."""

UNKNOWN = "(unknown)"
"""The label of services that this server does not have."""

BUCKETS = (
    *(digit * scale for scale in (100, MILLISECOND, 10 * MILLISECOND, 100 * MILLISECOND)
      for digit in (1, 2, 5)),
    *(seconds * SECOND for seconds in (1, 2, 5, 10, 30)),
    *(minutes * MINUTE for minutes in (1, 5, 30)),
)  # fmt: skip
"""The upper bounds of the buckets of every histogram (µs): 100 µs to 30 min."""


class Durations:
    """A histogram of durations: observed in µs, exported in seconds."""

    def __init__(self, histogram: Histogram) -> None:
        self._histogram = histogram

    def observe(self, duration: int) -> None:
        """Count a duration (µs). Clocks may make one negative; it counts as 0."""
        self._histogram.observe(max(duration, 0) / SECOND)


def _durations(
    name: str, help: str, registry: CollectorRegistry, labels: tuple[str, ...] = ()
) -> Histogram:
    bounds = [bound / SECOND for bound in BUCKETS]
    return Histogram(name, help, labels, buckets=bounds, registry=registry)


class Metrics:
    """The metrics of one server that has these services and `workers`."""

    def __init__(self, services: Collection[str], workers: int) -> None:
        self._services = frozenset(services)
        self._registry = registry = CollectorRegistry()
        names = [*sorted(self._services), UNKNOWN]
        runs = Counter(
            "gnomon_runs_total",
            "Runs that have ended.",
            ("service", "outcome"),
            registry=registry,
        )
        slow_runs = Counter(
            "gnomon_slow_runs_total",
            "Runs that took longer than their service's slow_threshold.",
            ("service",),
            registry=registry,
        )
        overdue_runs = Counter(
            "gnomon_overdue_runs_total",
            "Runs that lasted longer than the max_runtime of their job.",
            ("service",),
            registry=registry,
        )
        run_time = _durations(
            "gnomon_run_seconds", "How long services ran.", registry, ("service",)
        )
        self._jobs = JobMetrics(registry)
        self.lateness = Durations(
            _durations(
                "gnomon_lateness_seconds",
                "From when an occurrence was due to when its run started.",
                registry,
            )
        )
        self.workers = Gauge("gnomon_workers", "Workers of this server.", registry=registry)
        self.busy = Gauge(
            "gnomon_workers_busy", "Workers that are running a service.", registry=registry
        )
        self.leads = Gauge(
            "gnomon_leads", "1 while this server leads the cluster, else 0.", registry=registry
        )
        self.epoch = Gauge(
            "gnomon_epoch", "The latest epoch that this server has led in.", registry=registry
        )
        self.unschedulable = Gauge(
            "gnomon_jobs_unschedulable",
            "Active jobs that this server cannot schedule while it leads.",
            registry=registry,
        )
        self.zones_differ = Gauge(
            "gnomon_zone_databases_differ",
            "1 while live servers differ in the version of their time zone database, else 0.",
            registry=registry,
        )
        self.paused = Gauge(
            "gnomon_cluster_paused",
            "1 while the cluster is paused, else 0.",
            registry=registry,
        )
        self.published = Counter(
            "gnomon_published_total",
            "Messages that this server has published as the leader.",
            registry=registry,
        )
        refused = Counter(
            "gnomon_publish_refused_total",
            "Entries that the store did not accept.",
            ("why",),
            registry=registry,
        )
        self.store_errors = Counter(
            "gnomon_store_errors_total",
            "What went wrong between here and the store.",
            ("kind",),
            registry=registry,
        )
        self.incidents = Counter(
            "gnomon_incidents_total",
            "Faults of an instant that this server noticed, such as a store that was emptied.",
            ("kind",),
            registry=registry,
        )
        self.dead_letters = Gauge(
            "gnomon_dead_letters",
            "Dead-lettered messages that the store keeps, of the whole cluster.",
            registry=registry,
        )
        dead_lettered = Counter(
            "gnomon_dead_lettered_total",
            "Messages of the cluster that were dead-lettered while this server ran.",
            ("why",),
            registry=registry,
        )
        self.exchange_time = Durations(
            _durations(
                "gnomon_store_exchange_seconds", "From asking the store to its answer.", registry
            )
        )
        self.waiting = Gauge(
            "gnomon_messages_waiting",
            "Messages that wait for a worker, of the whole cluster.",
            registry=registry,
        )
        self.held = Gauge(
            "gnomon_messages_held",
            "Messages that workers hold, of the whole cluster.",
            registry=registry,
        )
        self.clock_offset = Gauge(
            "gnomon_store_clock_offset_seconds",
            "How far the store's clock is ahead of this server's, negative if it is behind.",
            registry=registry,
        )
        zones = Gauge(
            "gnomon_zone_database_info",
            "1, with the version of this server's time zone database.",
            ("version",),
            registry=registry,
        )
        zones.labels(zone_database()).set(1)
        failed_logins = Counter(
            "gnomon_failed_logins_total",
            "Requests with credentials that the API does not know.",
            ("scheme",),
            registry=registry,
        )
        self.workers.set(workers)
        # A child for each known label exports its 0 from the start, and is not looked up per run.
        self._runs = {
            (name, outcome): runs.labels(name, outcome)
            for name, outcome in product(names, get_args(Outcome))
        }
        self._run_time = {name: Durations(run_time.labels(name)) for name in names}
        self._slow_runs = {name: slow_runs.labels(name) for name in names}
        self._overdue_runs = {name: overdue_runs.labels(name) for name in names}
        self._failed_logins = {name: failed_logins.labels(name) for name in get_args(Scheme)}
        self._refused = {why: refused.labels(why) for why in get_args(Refusal)}
        self._dead_lettered = {why: dead_lettered.labels(why) for why in get_args(DeadLetterCause)}

    def run_ended(self, ended: Ended) -> None:
        """Count a run that has ended."""
        service = ended.run.message.service
        if service not in self._services:
            service = UNKNOWN
        self._runs[service, ended.outcome].inc()
        self._run_time[service].observe(ended.took)
        self._jobs.run_ended(ended)
        if ended.is_slow:
            self._slow_runs[service].inc()

    def run_overdue(self, service: str) -> None:
        """Count a run of this service that has exceeded its max_runtime."""
        self._overdue_runs[service if service in self._services else UNKNOWN].inc()

    def publish_answered(self, publish: Publish, outcomes: Outcomes) -> None:
        """Count each entry of a Publish as published or refused; a skip is neither."""
        refusals = outcomes.refusals or (None,) * len(publish.entries)
        published = 0
        for entry, refusal in zip(publish.entries, refusals, strict=True):
            if refusal is not None:
                self._refused[refusal].inc()
            elif entry.due is not None:
                published += 1
        self.published.inc(published)

    def dead_lettered(self, why: DeadLetterCause) -> None:
        """Count a message that was dead-lettered, by any server of the cluster."""
        self._dead_lettered[why].inc()

    def login_failed(self, scheme: Scheme) -> None:
        """Count a request with credentials that are not known."""
        self._failed_logins[scheme].inc()

    def text(self) -> str:
        """All metrics in the text format 0.0.4."""
        return generate_latest(self).decode()

    def collect(self) -> Iterator[Metric]:
        """The metrics as prometheus-client exports them, without the series ``…_created``.

        The library can leave those out only for the whole process, a user's own metrics included.
        """
        for metric in self._registry.collect():
            metric.samples = [s for s in metric.samples if not s.name.endswith("_created")]
            yield metric
