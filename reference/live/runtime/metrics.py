r"""What a server measures, in the text format that Prometheus reads (version 0.0.4).

The one idea: what is measured is whole numbers: things that are counted, and durations in µs. They
are added up exactly, and written in seconds, digit by digit, only when somebody asks.

    metrics = Metrics(services, workers=4)
    metrics.run_ended(ended)              every method may be called by any thread
    metrics.lateness.observe(now - due)   durations are in µs
    metrics.refused.add("early")          a value for each label
    metrics.leads.set(1)
    metrics.text()                        to be served as `CONTENT_TYPE`

A label has few values, known beforehand: a message may name a service that is not here, and counts
as `UNKNOWN`. We write the format ourselves, a screen of code, because client libraries count in
floats.
"""

from bisect import bisect_left
from collections.abc import Collection, Iterable
from threading import Lock
from typing import ClassVar, get_args

from gnomon.reference.events import Outcome
from gnomon.reference.live.runtime.worker_pool import Ended
from gnomon.reference.schedule.clock import MILLISECOND, MINUTE, SECOND
from gnomon.reference.store.operations import Outcomes, Publish, Refusal

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
UNKNOWN = "(unknown)"
"""The label of services that this server does not have."""

BUCKETS = (
    *(digit * scale for scale in (100, MILLISECOND, 10 * MILLISECOND, 100 * MILLISECOND)
      for digit in (1, 2, 5)),
    *(seconds * SECOND for seconds in (1, 2, 5, 10, 30)),
    *(minutes * MINUTE for minutes in (1, 5, 30)),
)  # fmt: skip
"""The upper bounds of what a histogram tells apart (µs): 100 µs to 30 min."""


class Metrics:
    """What one server with these services and `workers` measures."""

    def __init__(self, services: Collection[str], workers: int) -> None:
        self._services = frozenset(services)
        names = [*sorted(self._services), UNKNOWN]
        self.runs = Counter(
            "gnomon_runs_total",
            "Runs that have ended.",
            ("service", "outcome"),
            [(name, outcome) for name in names for outcome in get_args(Outcome)],
        )
        self.slow_runs = Counter(
            "gnomon_slow_runs_total",
            "Runs that took longer than their service's slow_threshold.",
            ("service",),
            [(name,) for name in names],
        )
        self.run_time = Histogram("gnomon_run_seconds", "How long services ran.")
        self.lateness = Histogram(
            "gnomon_lateness_seconds", "From when an occurrence was due to when its run started."
        )
        self.workers = Gauge("gnomon_workers", "Workers of this server.")
        self.workers.set(workers)
        self.busy = Gauge("gnomon_workers_busy", "Workers that are running a service.")
        self.leads = Gauge("gnomon_leads", "1 while this server leads the cluster, else 0.")
        self.epoch = Gauge("gnomon_epoch", "The latest epoch that this server has led in.")
        self.published = Counter(
            "gnomon_published_total", "Messages that this server has published as the leader."
        )
        self.refused = Counter(
            "gnomon_publish_refused_total",
            "Entries that the store did not accept.",
            ("why",),
            [(why,) for why in get_args(Refusal)],
        )
        self.store_errors = Counter(
            "gnomon_store_errors_total",
            "What went wrong between here and the store.",
            ("kind",),
        )
        self.exchange_time = Histogram(
            "gnomon_store_exchange_seconds", "From asking the store to its answer."
        )

    def run_ended(self, ended: Ended) -> None:
        """Count a run that has ended."""
        service = ended.run.message.service
        if service not in self._services:
            service = UNKNOWN
        self.runs.add(service, ended.outcome)
        self.run_time.observe(ended.took)
        if ended.is_slow:
            self.slow_runs.add(service)

    def publish_answered(self, publish: Publish, outcomes: Outcomes) -> None:
        """Count what became of each entry of a Publish."""
        refusals = outcomes.refusals or (None,) * len(publish.entries)
        accepted = 0
        for entry, refusal in zip(publish.entries, refusals, strict=True):
            if refusal is not None:
                self.refused.add(refusal)
            elif entry.due is not None:
                accepted += 1
        self.published.add(count=accepted)

    def text(self) -> str:
        """All of it, as Prometheus reads it."""
        metrics = [metric for metric in vars(self).values() if isinstance(metric, Metric)]
        return "".join(f"{line}\n" for metric in metrics for line in metric.lines())


# --- the kinds of metrics


class Metric:
    """Something with a name that is measured."""

    kind: ClassVar[str]

    def __init__(self, name: str, help: str) -> None:
        self.name = name
        self._help = help
        self._lock = Lock()

    def lines(self) -> list[str]:
        """What is told of it, a line each."""
        about = self._help.replace("\\", r"\\").replace("\n", r"\n")
        return [
            f"# HELP {self.name} {about}",
            f"# TYPE {self.name} {self.kind}",
            *self._samples(),
        ]

    def _samples(self) -> Iterable[str]:
        raise NotImplementedError


class Counter(Metric):
    """How often something has happened, for each combination of its labels' values.

    Those of `known` are told of from the start, with 0; so is one without labels.
    """

    kind = "counter"

    def __init__(
        self,
        name: str,
        help: str,
        labels: tuple[str, ...] = (),
        known: Iterable[tuple[str, ...]] = (),
    ) -> None:
        super().__init__(name, help)
        self._labels = labels
        self._counts = dict.fromkeys(known if labels else [()], 0)

    def add(self, *values: str, count: int = 1) -> None:
        """It has happened again, `count` times, with these values of the labels."""
        assert len(values) == len(self._labels)
        with self._lock:
            self._counts[values] = self._counts.get(values, 0) + count

    def _samples(self) -> Iterable[str]:
        with self._lock:
            counts = [*self._counts.items()]
        for values, count in counts:
            yield f"{self.name}{_labelled(zip(self._labels, values, strict=True))} {count}"


class Gauge(Metric):
    """A whole number that goes up and down."""

    kind = "gauge"
    _value = 0

    def set(self, value: int) -> None:
        """It is `value` now."""
        self._value = value

    def _samples(self) -> Iterable[str]:
        yield f"{self.name} {self._value}"


class Histogram(Metric):
    """How many durations were at most so long, for each of `BUCKETS`."""

    kind = "histogram"

    def __init__(self, name: str, help: str) -> None:
        super().__init__(name, help)
        self._counts = [0] * (len(BUCKETS) + 1)
        self._sum = 0

    def observe(self, duration: int) -> None:
        """Something took that long (µs). Less than nothing, as clocks may tell, is nothing."""
        duration = max(duration, 0)
        bucket = bisect_left(BUCKETS, duration)
        with self._lock:
            self._counts[bucket] += 1
            self._sum += duration

    def _samples(self) -> Iterable[str]:
        with self._lock:
            counts, total = self._counts.copy(), self._sum
        cumulative = 0
        for bound, count in zip([*map(_seconds, BUCKETS), "+Inf"], counts, strict=True):
            cumulative += count
            yield f"{self.name}_bucket{_labelled([('le', bound)])} {cumulative}"
        yield f"{self.name}_sum {_seconds(total)}"
        yield f"{self.name}_count {cumulative}"


def _labelled(labels: Iterable[tuple[str, str]]) -> str:
    written = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels)
    return f"{{{written}}}" if written else ""


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _seconds(duration: int) -> str:
    """A duration (µs, not negative) in seconds, exactly."""
    whole, fraction = divmod(duration, SECOND)
    return f"{whole}.{fraction:06}".rstrip("0").rstrip(".")
