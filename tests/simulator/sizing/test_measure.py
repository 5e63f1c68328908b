"""The figures of one replay, beside the summary that ``gnomon replay`` prints."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from gnomon.reference.schedule.clock import MILLISECOND, SECOND
from gnomon.simulator.fuzz import generator
from gnomon.simulator.sizing import queue_model
from gnomon.simulator.sizing.losses import Loss, losses_of, with_loss
from gnomon.simulator.sizing.measure import (
    Shape,
    Task,
    figures_of,
    heaviest,
    measure,
    trace_of,
    waits_of,
)
from gnomon.simulator.sizing.targets import parse
from gnomon.simulator.world.replay import replay
from gnomon.specs.recording.commands import CrashServer, StartServer
from gnomon.specs.recording.model import ClusterSpec, Fixed, Recording
from gnomon.specs.trace.summary import summarise
from gnomon.specs.trace.trace import Trace
from tests.simulator.sizing.loads import START, job, recording, recordings

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


# --- losses


def test_a_lost_leader_makes_messages_wait_for_its_lease() -> None:
    small = recording()
    task = Task(small, Shape(3, 8), 0, tuple(parse(["longest wait <= 1h"])), survive=1)
    measured = measure(task)
    assert measured.figures.longest_wait < SECOND
    assert len(measured.with_losses) >= 3
    assert 5 * SECOND < measured.worst(0) < 20 * SECOND
    assert "the leader" in str(measured.worst_loss(0))


def test_losses_are_replayed_only_if_the_targets_are_met_without() -> None:
    task = Task(recording(), Shape(2, 1), 0, tuple(parse(["longest wait <= 1s"])), survive=1)
    assert measure(task).with_losses == ()


@pytest.mark.parametrize("count", [1, 2])
def test_lost_servers_never_return(count: int) -> None:
    small = recording()
    commands = (
        CrashServer(at=START + 20 * SECOND, server="s1"),
        StartServer(at=START + 40 * SECOND, server="s1"),
    )
    small = replace(small, cluster=ClusterSpec(servers=4, workers=2), commands=commands)
    found = losses_of(trace_of(small), count, most_messages=0).losses
    assert len({loss.at for loss in found}) == 3
    assert {len(set(loss.servers)) for loss in found} == {count}
    for loss in found:
        after = trace_of(with_loss(small, loss))
        ends = {m.server: m.ends for m in after.memberships if m.server in loss.servers}
        assert set(ends.values()) == {loss.at}


@settings(max_examples=3, deadline=None)
@given(recording=recordings(), shape=st.sampled_from([Shape(2, 1), Shape(2, 2), Shape(3, 1)]))
def test_no_instant_is_much_worse_than_those_that_are_tried(
    recording: Recording, shape: Shape
) -> None:
    """All instants at which anything happens in the first 20 s, the ones before and after them."""
    recording = replace(recording, until=START + 20 * SECOND)
    targets = tuple(parse(["p90 wait <= 1h, longest wait <= 1h, backlog <= 1000"]))
    task = Task(recording, shape, 0, targets, survive=1, most_messages=10**6)
    measured, trace = measure(task), trace_of(task.to_replay)
    assert measured.tried == measured.instants
    happens = {event.at + more for event in trace.events for more in (-1, 0, 1)}
    worst = [0.0] * len(targets)
    for at in sorted(happens):
        for server in task.to_replay.cluster.server_names:
            if trace.start <= at < trace.end:
                lossy = with_loss(task.to_replay, Loss(at, (server,), ""))
                worst = list(map(max, worst, figures_of(trace_of(lossy), targets).targeted))
    for number, value in enumerate(worst):
        assert value <= measured.worst(number) * 1.1 + SLACK[number]


SLACK = (SECOND, SECOND, 1)
"""How much worse another instant may be, beside a tenth: µs, µs, messages."""


def test_a_search_finds_a_worse_instant_than_the_named_ones() -> None:
    """For the quantile, a leader lost before a later burst is worse than one before the largest."""
    jobs = tuple(job(number, seconds=seconds) for number, seconds in enumerate((7, 11, 17)))
    targets = tuple(parse(["p80 wait <= 1h"]))
    task = Task(replace(recording(), jobs=jobs), Shape(2, 2), 0, targets, survive=1)
    named = measure(replace(task, most_messages=0))
    searched = measure(task)
    assert {words for words, _ in named.with_losses} < {words for words, _ in searched.with_losses}
    assert searched.tried == searched.instants > named.tried
    assert searched.worst(0) > 2 * named.worst(0)
    assert "the leader" in str(searched.worst_loss(0))
    assert ", at 2026-01-05T00:00:" in str(searched.worst_loss(0))


def test_a_budget_takes_the_instants_with_most_at_stake() -> None:
    """24 messages of 6 jobs, all due at once; a replay of all is 24 of the budget."""
    trace = trace_of(recording(jobs=6, seconds=17))
    assert len(trace.messages) == 24
    few, all_of_them = losses_of(trace, 1, most_messages=24 * 6), losses_of(trace, 1)
    assert len(few.losses) in {6, 7}  # an instant has two losses, and is tried whole
    assert few.tried < few.instants == all_of_them.instants == all_of_them.tried
    assert few.losses == all_of_them.losses[: len(few.losses)]


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
