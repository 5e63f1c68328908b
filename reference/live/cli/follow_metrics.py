"""The metrics of ``gnomon check --follow``, for Prometheus.

The one idea: they are about the judgement, not about the cluster, whose servers have their own.
"""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Gauge, start_http_server
from prometheus_client.metrics_core import CounterMetricFamily
from prometheus_client.registry import Collector

from gnomon.specs.rules import RULES


class _Violations(Collector):
    """The number of violations of each rule: 0 before the first, because a rate needs that."""

    def __init__(self) -> None:
        self.count = dict.fromkeys(RULES, 0)

    def collect(self) -> Iterator[CounterMetricFamily]:
        """The metric as it is now."""
        text = "Violations that are certain, by the id of the rule"
        family = CounterMetricFamily("gnomon_check_violations", text, labels=["rule"])
        for id, count in self.count.items():
            family.add_metric([id], count)
        yield family


class FollowMetrics:
    """What a monitor has found, and whether it still judges."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._violations = _Violations()
        self.registry.register(self._violations)
        self._events = Gauge(
            "gnomon_check_events",
            "Events of the history that have been judged, since judging began",
            registry=self.registry,
        )
        self._window = Gauge(
            "gnomon_check_window_events", "Events that are judged at once", registry=self.registry
        )
        self._exercised = Gauge(
            "gnomon_check_exercised_rules",
            "Rules that have examined at least one case",
            registry=self.registry,
        )
        self._judged = Gauge(
            "gnomon_check_judged_timestamp_seconds",
            "The latest instant up to which the history is judged, by the store's clock",
            registry=self.registry,
        )
        self._duration = Gauge(
            "gnomon_check_judging_seconds",
            "How long the latest judgement took, reading included",
            registry=self.registry,
        )
        self._connected = Gauge(
            "gnomon_check_connected",
            "1 if the latest request to the cluster succeeded, else 0",
            registry=self.registry,
        )

    def serve(self, host: str, port: int) -> int:
        """Serve the metrics over HTTP, and return the port. Raises OSError."""
        server, _ = start_http_server(port, host, self.registry)
        return int(server.server_port)

    def broken(self, rule: str) -> None:
        """A violation has become certain."""
        self._violations.count[rule] += 1

    def judged(self, now: int, events: int, window: int, exercised: int, seconds: float) -> None:
        """The history has been judged up to the instant `now` (µs, UTC)."""
        self._connected.set(1)
        self._judged.set(now / 1_000_000)
        self._events.set(events)
        self._window.set(window)
        self._exercised.set(exercised)
        self._duration.set(seconds)

    def lost_connection(self) -> None:
        """A request failed."""
        self._connected.set(0)
