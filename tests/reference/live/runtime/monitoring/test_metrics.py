"""Metrics: an independent parser of the text format reads the values that were observed."""

import re
import threading
from fractions import Fraction
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import generate_latest

from gnomon.reference.cluster.outputs import Run
from gnomon.reference.live.runtime.monitoring.job_metrics import MOST_JOBS, OTHER
from gnomon.reference.live.runtime.monitoring.metrics import UNKNOWN, Metrics
from gnomon.reference.live.runtime.worker_pool import Ended
from gnomon.reference.schedule.zones import zone_database
from gnomon.reference.store.operations import Entry, Message, Outcomes, Publish

Labels = frozenset[tuple[str, str]]


class Family(NamedTuple):
    kind: str
    help: str
    samples: dict[tuple[str, Labels], Fraction]


SAMPLE = re.compile(
    r'([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\[\\"n])*",?)*)\})? (\S+)'
)
LABEL = re.compile(r'([a-zA-Z_]\w*)="((?:[^"\\\n]|\\[\\"n])*)"')
SUFFIXES = {
    "histogram": ("_bucket", "_sum", "_count"),
    "summary": ("_sum", "_count"),
    "counter": ("",),
    "gauge": ("",),
}
UNESCAPED = {r"\\": "\\", r"\"": '"', r"\n": "\n"}


def read(text: str) -> dict[str, Family]:
    """The families in a text of format 0.0.4. Fails at whatever the format does not allow."""
    assert text.endswith("\n")
    families: dict[str, Family] = {}
    for line in text.split("\n")[:-1]:
        if line.startswith("# HELP "):
            name, about = line.removeprefix("# HELP ").split(" ", 1)
        elif line.startswith("# TYPE "):
            typed, kind = line.removeprefix("# TYPE ").split(" ")
            assert typed == name and name not in families
            families[name] = Family(kind, about, {})
        else:
            found = SAMPLE.fullmatch(line)
            assert found, line
            sample, labels, value = found.groups()
            assert sample in [name + suffix for suffix in SUFFIXES[families[name].kind]]
            key = (
                sample,
                frozenset(
                    (label, re.sub(r'\\[\\"n]', lambda m: UNESCAPED[m[0]], escaped))
                    for label, escaped in LABEL.findall(labels or "")
                ),
            )
            assert key not in families[name].samples, "exported twice"
            families[name].samples[key] = Fraction(value)
    return families


def value_of(text: str, name: str, **labels: str) -> Fraction:
    for family in read(text).values():
        if (name, frozenset(labels.items())) in family.samples:
            return family.samples[name, frozenset(labels.items())]
    raise AssertionError(f"{name} {labels} is not exported")


def ended(
    service: str, outcome: str, took: int = 1, *, is_slow: bool = False, job: str = "7"
) -> Ended:
    message = Message(1, "K1", job, 1, 0, 1, f"job {job}", "one_time", service, None)
    error = None if outcome == "ok" else "no"
    return Ended(Run(1, message, 1), "ok" if error is None else "failed", error, took, is_slow)


# --- the metrics of a server


def test_everything_is_exported_from_the_start() -> None:
    families = read(Metrics(["b", "a"], workers=4).text())
    assert {name: family.kind for name, family in families.items()} == {
        "gnomon_runs_total": "counter",
        "gnomon_slow_runs_total": "counter",
        "gnomon_overdue_runs_total": "counter",
        "gnomon_run_seconds": "histogram",
        "gnomon_lateness_seconds": "histogram",
        "gnomon_workers": "gauge",
        "gnomon_workers_busy": "gauge",
        "gnomon_leads": "gauge",
        "gnomon_epoch": "gauge",
        "gnomon_jobs_unschedulable": "gauge",
        "gnomon_zone_databases_differ": "gauge",
        "gnomon_cluster_paused": "gauge",
        "gnomon_published_total": "counter",
        "gnomon_publish_refused_total": "counter",
        "gnomon_store_errors_total": "counter",
        "gnomon_incidents_total": "counter",
        "gnomon_dead_letters": "gauge",
        "gnomon_dead_lettered_total": "counter",
        "gnomon_store_exchange_seconds": "histogram",
        "gnomon_job_runs_total": "counter",
        "gnomon_job_run_seconds": "summary",
        "gnomon_messages_waiting": "gauge",
        "gnomon_messages_held": "gauge",
        "gnomon_store_clock_offset_seconds": "gauge",
        "gnomon_zone_database_info": "gauge",
        "gnomon_failed_logins_total": "counter",
    }
    assert all(family.help for family in families.values())
    assert len(families["gnomon_runs_total"].samples) == 3 * 2
    assert families["gnomon_published_total"].samples == {
        ("gnomon_published_total", frozenset()): 0
    }


def test_runs_are_counted_by_service_and_outcome() -> None:
    metrics = Metrics(["a", "b"], workers=4)
    for run in [
        ended("a", "ok", 250_000),
        ended("a", "ok", 1_000_000),
        ended("a", "failed", 3),
        ended("b", "ok", 7, is_slow=True),
    ]:
        metrics.run_ended(run)
    text = metrics.text()
    assert value_of(text, "gnomon_runs_total", service="a", outcome="ok") == 2
    assert value_of(text, "gnomon_runs_total", service="a", outcome="failed") == 1
    assert value_of(text, "gnomon_runs_total", service="b", outcome="ok") == 1
    assert value_of(text, "gnomon_slow_runs_total", service="b") == 1
    assert value_of(text, "gnomon_slow_runs_total", service="a") == 0
    assert value_of(text, "gnomon_run_seconds_count", service="a") == 3
    assert value_of(text, "gnomon_run_seconds_sum", service="a") == Fraction("1.250003")
    assert value_of(text, "gnomon_run_seconds_sum", service="b") == Fraction("0.000007")
    assert value_of(text, "gnomon_workers") == 4


def test_runs_are_counted_by_job_and_the_number_of_labels_is_bounded() -> None:
    metrics = Metrics(["a"], 1)
    for number in range(3 * MOST_JOBS):
        for _ in range(2):
            metrics.run_ended(ended("a", "ok", 500_000, job=str(number)))
    metrics.run_ended(ended("a", "failed", job="0"))
    text = metrics.text()
    of_first = {"job": "0", "job_name": "job 0"}
    assert value_of(text, "gnomon_job_runs_total", outcome="ok", **of_first) == 2
    assert value_of(text, "gnomon_job_runs_total", outcome="failed", **of_first) == 1
    assert value_of(text, "gnomon_job_run_seconds_sum", **of_first) == Fraction("1.000001")
    of_others = {"job": OTHER, "job_name": OTHER}
    assert value_of(text, "gnomon_job_runs_total", outcome="ok", **of_others) == 4 * MOST_JOBS
    assert value_of(text, "gnomon_job_run_seconds_count", **of_others) == 4 * MOST_JOBS
    assert len(read(text)["gnomon_job_runs_total"].samples) == 2 * (MOST_JOBS + 1)


def test_the_version_of_the_time_zone_database_is_a_label() -> None:
    text = Metrics([], 1).text()
    assert value_of(text, "gnomon_zone_database_info", version=zone_database()) == 1


def test_each_entry_of_a_publish_is_counted() -> None:
    """An accepted entry counts as published only if it had an occurrence to publish."""
    due = Entry("a", 1, 5, 5, False, "K1")
    skipped = Entry("b", 1, 5, None, False, "", (), (5,))
    publish = Publish(1, (due, skipped, due), 10)
    metrics = Metrics(["s"], 1)
    metrics.publish_answered(publish, Outcomes(7, ()))
    metrics.publish_answered(publish, Outcomes(8, ("cursor", None, None)))
    text = metrics.text()
    assert value_of(text, "gnomon_published_total") == 2 + 1
    assert value_of(text, "gnomon_publish_refused_total", why="cursor") == 1
    assert value_of(text, "gnomon_publish_refused_total", why="deposed") == 0


def test_unknown_services_share_one_label() -> None:
    metrics = Metrics(["a"], workers=1)
    metrics.run_ended(ended("a", "ok"))  # the job has series from now on
    before = len(metrics.text().splitlines())
    for number in range(100):
        metrics.run_ended(ended(f"made up {number}", "failed"))
    text = metrics.text()
    assert len(text.splitlines()) == before
    assert value_of(text, "gnomon_runs_total", service=UNKNOWN, outcome="failed") == 100


# --- the format


def durations_of(*observed: int) -> str:
    metrics = Metrics(["a"], 1)
    for duration in observed:
        metrics.lateness.observe(duration)
    return metrics.text()


@given(st.lists(st.text(), min_size=1, unique=True))
def test_any_label_comes_back(services: list[str]) -> None:
    metrics = Metrics(services, 1)
    for count, service in enumerate(services, start=1):
        for _ in range(count):
            metrics.run_ended(ended(service, "ok"))
    text = metrics.text()
    for count, service in enumerate(services, start=1):
        assert value_of(text, "gnomon_runs_total", service=service, outcome="ok") == count


@given(st.lists(st.integers(0, 10_000_000_000) | st.sampled_from([100, 101, 500_000, 500_001])))
def test_a_histogram_counts_every_duration(durations: list[int]) -> None:
    samples = read(durations_of(*durations))["gnomon_lateness_seconds"].samples
    seconds = [Fraction(duration, 1_000_000) for duration in durations]
    buckets = [(dict(labels)["le"], n) for (_, labels), n in samples.items() if labels]
    assert buckets[-1] == ("+Inf", Fraction(len(durations)))
    bounds = [Fraction(bound) for bound, _ in buckets[:-1]]
    assert bounds == sorted(set(bounds)) and len(bounds) > 10
    for bound, count in zip(bounds, [n for _, n in buckets], strict=False):
        assert count == sum(second <= bound for second in seconds)
    total = samples["gnomon_lateness_seconds_sum", frozenset()]
    assert float(total) == pytest.approx(float(sum(seconds)))
    assert samples["gnomon_lateness_seconds_count", frozenset()] == len(durations)


def test_a_negative_duration_counts_as_zero() -> None:
    text = durations_of(-5_000_000)
    assert value_of(text, "gnomon_lateness_seconds_sum") == 0
    assert value_of(text, "gnomon_lateness_seconds_bucket", le="0.0001") == 1


def test_threads_lose_nothing() -> None:
    metrics = Metrics(["a"], 1)

    def count() -> None:
        for _ in range(2_000):
            metrics.run_ended(ended("a", "ok", 3))

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    text = metrics.text()
    assert value_of(text, "gnomon_runs_total", service="a", outcome="ok") == 8_000
    assert value_of(text, "gnomon_run_seconds_count", service="a") == 8_000


def test_servers_in_one_process_share_nothing() -> None:
    one, other = Metrics(["a"], 1), Metrics(["a"], 2)
    one.run_ended(ended("a", "ok"))
    one.leads.set(1)
    assert value_of(other.text(), "gnomon_runs_total", service="a", outcome="ok") == 0
    assert value_of(other.text(), "gnomon_leads") == 0
    assert value_of(one.text(), "gnomon_workers") == 1
    assert "gnomon" not in generate_latest().decode()  # the default registry is the user's


def test_there_are_no_series_of_creation_times() -> None:
    metrics = Metrics(["a"], 1)
    metrics.run_ended(ended("a", "ok"))
    assert "_created" not in metrics.text()
