"""Metrics: an independent reader finds in the text what was measured, exactly."""

import re
import threading
from fractions import Fraction
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gnomon.reference.cluster.outputs import Run
from gnomon.reference.live.runtime.metrics import UNKNOWN, Counter, Gauge, Histogram, Metrics
from gnomon.reference.live.runtime.worker_pool import Ended
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
            suffixes = (
                ("_bucket", "_sum", "_count") if families[name].kind == "histogram" else ("",)
            )
            assert sample in [name + suffix for suffix in suffixes]
            key = (
                sample,
                frozenset(
                    (label, re.sub(r'\\[\\"n]', lambda m: UNESCAPED[m[0]], escaped))
                    for label, escaped in LABEL.findall(labels or "")
                ),
            )
            assert key not in families[name].samples, "told twice"
            families[name].samples[key] = Fraction(value)
    return families


def value_of(text: str, name: str, **labels: str) -> Fraction:
    for family in read(text).values():
        if (name, frozenset(labels.items())) in family.samples:
            return family.samples[name, frozenset(labels.items())]
    raise AssertionError(f"{name} {labels} is not told")


def text_of(*metrics: Counter | Gauge | Histogram) -> str:
    return "".join(f"{line}\n" for metric in metrics for line in metric.lines())


def ended(service: str, outcome: str, took: int = 1, *, is_slow: bool = False) -> Ended:
    message = Message(1, "K1", "7", 1, 0, 1, "job", "one_time", service, None)
    error = None if outcome == "ok" else "no"
    return Ended(Run(1, message, 1), "ok" if error is None else "failed", error, took, is_slow)


# --- what a server measures


def test_everything_is_told_of_from_the_start() -> None:
    families = read(Metrics(["b", "a"], workers=4).text())
    assert {name: family.kind for name, family in families.items()} == {
        "gnomon_runs_total": "counter",
        "gnomon_slow_runs_total": "counter",
        "gnomon_run_seconds": "histogram",
        "gnomon_lateness_seconds": "histogram",
        "gnomon_workers": "gauge",
        "gnomon_workers_busy": "gauge",
        "gnomon_leads": "gauge",
        "gnomon_epoch": "gauge",
        "gnomon_published_total": "counter",
        "gnomon_publish_refused_total": "counter",
        "gnomon_store_errors_total": "counter",
        "gnomon_store_exchange_seconds": "histogram",
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
    assert value_of(text, "gnomon_run_seconds_count") == 4
    assert value_of(text, "gnomon_run_seconds_sum") == Fraction(1_250_010, 1_000_000)
    assert value_of(text, "gnomon_workers") == 4


def test_what_became_of_a_publish_is_counted_entry_by_entry() -> None:
    """Published is what was accepted, and only where there was something to publish."""
    due = Entry("a", 1, 5, 5, 6, "K1")
    skipped = Entry("b", 1, 5, None, 6, "", (), (5,))
    publish = Publish(1, (due, skipped, due), 10)
    metrics = Metrics(["s"], 1)
    metrics.publish_answered(publish, Outcomes(7, ()))
    metrics.publish_answered(publish, Outcomes(8, ("cursor", None, None)))
    text = metrics.text()
    assert value_of(text, "gnomon_published_total") == 2 + 1
    assert value_of(text, "gnomon_publish_refused_total", why="cursor") == 1
    assert value_of(text, "gnomon_publish_refused_total", why="deposed") == 0


def test_services_that_are_not_here_share_one_label() -> None:
    metrics = Metrics(["a"], workers=1)
    before = len(metrics.text().splitlines())
    for number in range(100):
        metrics.run_ended(ended(f"made up {number}", "failed"))
    text = metrics.text()
    assert len(text.splitlines()) == before
    assert value_of(text, "gnomon_runs_total", service=UNKNOWN, outcome="failed") == 100


# --- the format


@given(st.lists(st.text(), min_size=1, unique=True))
def test_any_label_comes_back(values: list[str]) -> None:
    counter = Counter("c_total", "help", ("what", "else"))
    for count, value in enumerate(values, start=1):
        counter.add(value, "x", count=count)
    assert read(text_of(counter))["c_total"].samples == {
        ("c_total", frozenset({("what", value), ("else", "x")})): count
        for count, value in enumerate(values, start=1)
    }


def test_a_help_text_stays_on_its_line() -> None:
    gauge = Gauge("g", "one\ntwo \\ three")
    gauge.set(-3)
    assert text_of(gauge) == "# HELP g one\\ntwo \\\\ three\n# TYPE g gauge\ng -3\n"


@given(st.lists(st.integers(0, 10_000_000_000) | st.sampled_from([100, 101, 500_000, 500_001])))
def test_a_histogram_counts_exactly(durations: list[int]) -> None:
    histogram = Histogram("h", "help")
    for duration in durations:
        histogram.observe(duration)
    samples = read(text_of(histogram))["h"].samples
    seconds = [Fraction(duration, 1_000_000) for duration in durations]
    buckets = [(dict(labels)["le"], n) for (name, labels), n in samples.items() if labels]
    assert buckets[-1] == ("+Inf", Fraction(len(durations)))
    bounds = [Fraction(bound) for bound, _ in buckets[:-1]]
    assert bounds == sorted(set(bounds)) and len(bounds) > 10
    for bound, count in zip(bounds, [n for _, n in buckets], strict=False):
        assert count == sum(second <= bound for second in seconds)
    assert samples["h_sum", frozenset()] == sum(seconds)
    assert samples["h_count", frozenset()] == len(durations)


def test_less_than_nothing_is_nothing() -> None:
    histogram = Histogram("h", "help")
    histogram.observe(-5_000_000)
    text = text_of(histogram)
    assert value_of(text, "h_sum") == 0
    assert value_of(text, "h_bucket", le="0.0001") == 1


def test_a_label_that_is_left_out_is_a_mistake() -> None:
    with pytest.raises(AssertionError):
        Counter("c", "help", ("what",)).add()


def test_threads_lose_nothing() -> None:
    counter, histogram = Counter("c", "help"), Histogram("h", "help")

    def count() -> None:
        for _ in range(5_000):
            counter.add()
            histogram.observe(3)

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    text = text_of(counter, histogram)
    assert value_of(text, "c") == 20_000
    assert value_of(text, "h_sum") == Fraction(60_000, 1_000_000)
