"""The figures of one replay, beside the summary that ``gnomon replay`` prints."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from gnomon.reference.schedule.clock import MILLISECOND, SECOND
from gnomon.simulator.fuzz import generator
from gnomon.simulator.sizing import queue_model
from gnomon.simulator.sizing.figures import figures_of, heaviest, waits_of
from gnomon.simulator.sizing.measure import trace_of
from gnomon.simulator.sizing.targets import parse
from gnomon.simulator.world.replay import replay
from gnomon.specs.recording.model import ClusterSpec, Fixed, Recording
from gnomon.specs.trace.summary import summarise
from gnomon.specs.trace.trace import Trace
from tests.simulator.sizing.loads import START, recording, recordings

TARGETS = tuple(parse(["p50 wait <= 1s", "longest wait <= 2s, backlog <= 3, utilisation <= 50%"]))


@settings(max_examples=25, deadline=None)
@given(recording=recordings())
def test_the_figures_are_those_of_the_summary(recording: Recording) -> None:
    trace = Trace(replay(recording))
    figures, summary = figures_of(trace, TARGETS), summarise(trace)
    assert figures.backlog == summary.peak_waiting
    assert figures.messages == summary.published
    shares = list(summary.utilisation.values())
    assert figures.utilisation == pytest.approx(sum(shares) / len(shares), abs=0.001)
    if summary.runs.waiting == 0 and summary.wait_us is not None:
        waits = (figures.p50_wait, figures.p99_wait, figures.longest_wait)
        assert waits == (summary.wait_us.p50, summary.wait_us.p99, summary.wait_us.max)
        assert figures.targeted[:3] == (waits[0], waits[2], figures.backlog)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), profile=st.sampled_from(["durable", "classic"]))
def test_littles_law_holds_to_the_microsecond(seed: int, profile: str) -> None:
    """In every history, also with faults: the two sides are computed in different ways."""
    drawn = generator.drawn_from(seed, "classic" if profile == "classic" else "durable")
    trace = Trace(replay(drawn))
    figures = figures_of(trace, TARGETS)
    if not trace.misplaced:
        assert figures.waiting == figures.waited


def test_a_message_that_never_starts_has_waited_until_the_end() -> None:
    """Two are run, each for longer than the recording; four wait."""
    trace = trace_of(recording(jobs=6, seconds=3600, duration=100 * SECOND))
    ends = START + 60 * SECOND
    waited = sorted(wait for _, wait in waits_of(trace))
    assert all(wait < SECOND for wait in waited[:4])
    assert waited[4:] == [ends - START] * 2
    assert figures_of(trace, TARGETS).longest_wait == 60 * SECOND


def test_what_waits_names_the_largest_burst_before_it() -> None:
    """Three at 0 make those at 5 wait; the one at 100 waits for nobody."""
    waited = [(0, 2), (0, 12), (0, 12), (5, 20), (100, 2)]
    assert heaviest(waited, longest=11) == ([0], 3)
    assert heaviest(waited, longest=19) == ([0], 3)
    assert heaviest(waited, longest=20) == ([], 0)
    assert heaviest(waited, longest=0, at=101) == ([100], 1)


@settings(max_examples=25, deadline=None)
@given(recording=recordings(), workers=st.integers(1, 6))
def test_the_model_of_one_queue_is_near_the_replay(recording: Recording, workers: int) -> None:
    """With neither faults nor limits they part by a few journeys between server and store."""
    cluster = ClusterSpec(servers=1, workers=workers, latency=Fixed(MILLISECOND))
    recording = replace(recording, cluster=cluster)
    trace = trace_of(recording)
    load = queue_model.load_of(trace, recording)
    modelled = queue_model.started(load, workers)
    for at, record in zip(modelled, trace.messages.values(), strict=True):
        if record.started is not None and record.finished is not None:
            assert abs(at - record.started.at) < 50 * MILLISECOND


def test_a_guess_is_the_smallest_number_that_is_as_good_as_the_most() -> None:
    """12 runs of 2 s at once: the last begin after 0 s with 12 workers, 2 s with 6, 4 s with 4."""
    requests = [queue_model.Request(START, START, 2 * SECOND, "a", "b")] * 12
    load = queue_model.Load(requests, START, START + 60 * SECOND, 0)
    limits = {"0s": 12, "1s": 12, "2s": 6, "3s": 6, "4s": 4, "22s": 1}
    for limit, workers in limits.items():
        assert queue_model.guess(load, parse([f"longest wait <= {limit}"]), 64) == workers
    late = load._replace(requests=[r._replace(published=START + 9 * SECOND) for r in requests])
    assert queue_model.guess(late, parse(["longest wait <= 1s"]), 64) == 12
    assert queue_model.guess(load, parse(["backlog <= 2"]), 64) == 10
    assert queue_model.guess(load, parse(["utilisation <= 10%, misfires <= 0"]), 64) == 4
