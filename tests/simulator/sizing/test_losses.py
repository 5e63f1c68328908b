"""Losses of servers: what the model of the queue knows of them, and the search for the worst."""

from itertools import chain

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from gnomon.reference.schedule.clock import MILLISECOND, SECOND
from gnomon.simulator.sizing import queue_model
from gnomon.simulator.sizing.figures import figures_of
from gnomon.simulator.sizing.losses.beats import replay_with_beats
from gnomon.simulator.sizing.losses.instants import losses_at, times_of, with_loss
from gnomon.simulator.sizing.losses.queue import LossModel, Present, messages_of
from gnomon.simulator.sizing.losses.worst import Doubt, Search, ranked_losses
from gnomon.simulator.sizing.measure import Shape, Task, measure, trace_of
from gnomon.simulator.sizing.targets import Target, parse
from gnomon.specs.recording.commands import CrashServer, Edit, Execute, StartServer
from gnomon.specs.recording.model import (
    ClusterSpec,
    Fixed,
    JobSpec,
    Lognormal,
    Recording,
    ServiceSpec,
)
from gnomon.specs.trace.summary import first_start, wait_begins
from gnomon.specs.trace.trace import Trace
from tests.simulator.sizing.loads import START, job, recording, recordings

SHAPES = st.sampled_from([Shape(2, 1), Shape(2, 2), Shape(3, 1)])
LATE = 20_000
"""By how much the model may expect a start too late (µs): a next leader asks up to twice."""


def targets(text: str) -> tuple[Target, ...]:
    return tuple(parse([text]))


def shortened(given: Recording) -> Recording:
    return replace(given, until=START + 20 * SECOND)


# --- the model of the queue


def starts_of(trace: Trace) -> dict[tuple[str, int], int]:
    """When each message starts, or the end, by its job and since when it waits (µs, UTC)."""
    begins = trace.cached(wait_begins)
    found: dict[tuple[str, int], int] = {}
    for id, record in trace.messages.items():
        started = first_start(record)
        starts = trace.end if started is None else started.at
        found[record.published.job, begins[id]] = starts
    return found


@settings(max_examples=20, deadline=None)
@given(drawn=recordings(fixed=True), shape=SHAPES, data=st.data())
def test_the_model_starts_messages_as_a_replay_of_the_loss_does(
    drawn: Recording, shape: Shape, data: st.DataObject
) -> None:
    """The times of starting, whichever message they are of: those of one instant may change."""
    given_ = Task(drawn, shape, 0, ()).to_replay
    trace, beats = replay_with_beats(given_)
    load = queue_model.load_of(trace, given_)
    messages = messages_of(trace, load, (shape.servers - 1) * shape.workers)
    model = LossModel(given_, trace, beats, messages)
    times = times_of(trace, given_)
    some = sorted(data.draw(st.sets(st.sampled_from(range(len(times))), min_size=1, max_size=9)))
    for loss in chain(*(losses_at(trace, model.present, times[number], 1) for number in some)):
        after = model.after(loss.at, loss.servers, loss.leader)
        modelled: dict[tuple[str, int], int] = {}
        for position, one in enumerate(messages):
            usual = one.started if position < after.calm else one.smaller
            starts = after.starts.get(position, usual)
            if starts is not None:
                modelled[one.job, one.since] = min(starts, trace.end)
        replayed = starts_of(trace_of(with_loss(given_, loss.at, loss.servers)))
        assert modelled.keys() == replayed.keys()
        for expected, starts in zip(
            sorted(modelled.values()), sorted(replayed.values()), strict=True
        ):
            assert expected - LATE <= starts <= expected


# --- the search


def test_a_lost_leader_makes_messages_wait_for_its_lease() -> None:
    small = recording()
    task = Task(small, Shape(3, 8), 0, tuple(parse(["longest wait <= 1h"])), survive=1)
    measured = measure(task)
    assert measured.figures.longest_wait < SECOND
    assert 5 * SECOND < measured.worst(0) < 20 * SECOND
    assert "the leader" in str(measured.worst_loss(0))


def test_losses_are_replayed_only_if_the_targets_are_met_without() -> None:
    task = Task(recording(), Shape(2, 1), 0, tuple(parse(["longest wait <= 1s"])), survive=1)
    assert measure(task).with_losses == ()


@pytest.mark.parametrize("count", [1, 2])
def test_lost_servers_never_return(count: int) -> None:
    commands = (
        CrashServer(at=START + 20 * SECOND, server="s1"),
        StartServer(at=START + 40 * SECOND, server="s1"),
    )
    cluster = ClusterSpec(servers=4, workers=2)
    small = replace(recording(), cluster=cluster, commands=commands)
    trace = trace_of(small)
    messages = messages_of(trace, queue_model.load_of(trace, small), 6)
    present = Present(messages, (), START)
    for time in times_of(trace, small)[::40]:
        for loss in losses_at(trace, present, time, count):
            assert len(set(loss.servers)) == count
            assert loss.leader is None or loss.leader == loss.servers[0]
            after = trace_of(with_loss(small, loss.at, loss.servers))
            ends = {m.server: m.ends for m in after.memberships if m.server in loss.servers}
            assert set(ends.values()) == {loss.at}


@settings(max_examples=4, deadline=None)
@given(drawn=recordings(), shape=SHAPES)
def test_no_instant_is_much_worse_than_those_that_are_tried(drawn: Recording, shape: Shape) -> None:
    """All instants at which anything happens or is due in 20 s, the ones before and after them."""
    wanted = targets("p90 wait <= 1h, longest wait <= 1h, backlog <= 1000")
    task = Task(shortened(drawn), shape, 0, wanted, survive=1, most_messages=10**6)
    measured, trace = measure(task), trace_of(task.to_replay)
    happens = {event.at for event in trace.events} | {*trace.cached(wait_begins).values()}
    worst = [0.0] * len(wanted)
    for at in sorted({at + more for at in happens for more in (-1, 0, 1)}):
        for server in task.to_replay.cluster.server_names:
            if trace.start <= at < trace.end:
                lossy = with_loss(task.to_replay, at, (server,))
                worst = list(map(max, worst, figures_of(trace_of(lossy), wanted).targeted))
    for number, value in enumerate(worst):
        assert value <= measured.worst(number) * 1.1 + SLACK[number]
        assert measured.at_most is None or value <= measured.at_most[number] * 1.1 + SLACK[number]


SLACK = (SECOND, SECOND, 1)
"""How much worse another instant may be, beside a tenth: µs, µs, messages."""


ROUNDING = 1e-9
"""By how much a share may differ."""


@st.composite
def varied(draw: st.DrawFn) -> Recording:
    """Jobs with every policy of misfires, grace and ends; leases and latencies of several sizes."""
    drawn = shortened(draw(recordings(fixed=True)))
    policies = st.fixed_dictionaries(
        {
            "misfire": st.sampled_from(["once", "all", "skip"]),
            "grace": st.sampled_from([0, SECOND, 30 * SECOND]),
            "ends": st.none() | st.integers(8, 30).map(lambda seconds: START + seconds * SECOND),
        }
    )
    jobs = tuple(
        replace(one, definition=replace(one.definition, **draw(policies))) for one in drawn.jobs
    )
    lease = draw(st.sampled_from([3, 6, 9, 10])) * SECOND
    latency = Fixed(draw(st.sampled_from([0, 1, 2, 5])) * MILLISECOND)
    return replace(drawn, jobs=jobs, cluster=replace(drawn.cluster, lease=lease, latency=latency))


@given(drawn=varied(), shape=SHAPES, data=st.data())
def test_no_loss_is_worse_than_its_estimate(
    drawn: Recording, shape: Shape, data: st.DataObject
) -> None:
    """Some losses of each recording, each beside its own estimate."""
    wanted = targets(
        "p50 wait <= 1h, p80 wait <= 1h, longest wait <= 1h, backlog <= 1000, misfires <= 1000, "
        "utilisation <= 100%"
    )
    given_ = Task(drawn, shape, 0, wanted).to_replay
    trace, beats = replay_with_beats(given_)
    search = Search(given_, trace, beats, figures_of(trace, wanted), wanted, 1, settles=False)
    ranked = ranked_losses(search)
    some = data.draw(st.sets(st.sampled_from(range(len(ranked))), min_size=1, max_size=9))
    for loss, estimate in (ranked[number] for number in sorted(some)):
        values = figures_of(trace_of(with_loss(given_, loss.at, loss.servers)), wanted).targeted
        assert estimate is not None
        for target, value, estimated in zip(wanted, values, estimate, strict=True):
            assert value <= estimated + ROUNDING, (target.name, loss.words)


def worst_of_all(task: Task) -> float:
    """The worst value of the first target with any loss of a server."""
    given_ = task.to_replay
    trace, beats = replay_with_beats(given_)
    figures = figures_of(trace, task.targets)
    search = Search(given_, trace, beats, figures, task.targets, 1, settles=False)
    return max(
        figures_of(trace_of(with_loss(given_, loss.at, loss.servers)), task.targets).targeted[0]
        for loss, _ in ranked_losses(search)
    )


def of_services(first: int, second: int, latency: int, *jobs: JobSpec) -> Recording:
    """Forty seconds of jobs of two services, with fixed durations (µs)."""
    services = tuple(
        ServiceSpec(name=name, duration=Fixed(duration))
        for name, duration in (("v0", first), ("v1", second))
    )
    cluster = ClusterSpec(latency=Fixed(latency))
    return Recording(
        start=START, until=START + 40 * SECOND, cluster=cluster, jobs=jobs, services=services
    )


def test_a_message_that_is_due_when_the_next_leader_decides_is_published_with_the_others() -> None:
    """With a lease of 10 s and no latency: it is published beside those that are overdue."""
    jobs = (job(0, "v1", 10), job(1, "v1", 15))
    given_ = of_services(3_069_015, 2_919_977, 0, *jobs)
    task = Task(given_, Shape(2, 1), 0, targets("longest wait <= 1h"), survive=1)
    measured = measure(task)
    assert measured.at_most is not None
    assert worst_of_all(task) <= measured.at_most[0]


@pytest.mark.parametrize("is_created", [False, True])
def test_the_number_of_repeats_is_not_modelled(is_created: bool) -> None:
    """Occurrences that a loss coalesces do not count, so that later ones are published."""
    kinds = [(0, 18, 1), (1, 3, 6), (0, 12, 6), (0, 7, 5), (1, 7, 1), (0, 20, 3)]
    jobs = [
        job(number, f"v{service}", seconds, repeats=repeats)
        for number, (service, seconds, repeats) in enumerate(kinds)
    ]
    given_ = of_services(3_887_398, 3_673_963, MILLISECOND, *jobs)
    if is_created:
        edit = Edit(at=START + SECOND, job="j0", set={"repeats": 3})
        given_ = replace(given_, jobs=(job(0, "v0", 9),), commands=(edit,))
    measured = measure(Task(given_, Shape(2, 1), 0, targets("p80 wait <= 1h"), survive=1))
    assert measured.at_most is None
    assert measured.doubt == Doubt("a job has repeats", is_estimated=False)


def test_a_publishing_in_the_instant_of_a_reclaim_is_estimated_in_both_orders() -> None:
    """A third of the lease is a second, and jobs are due at whole seconds."""
    given_ = of_services(1_650_114, 3_201_594, MILLISECOND, job(0, "v1", 3))
    given_ = replace(given_, cluster=replace(given_.cluster, lease=3 * SECOND))
    task = Task(given_, Shape(2, 2), 0, targets("longest wait <= 1h"), survive=1)
    measured = measure(task)
    assert measured.at_most is not None
    assert worst_of_all(task) <= measured.at_most[0]


def test_estimates_only_give_the_order_where_they_are_not_certain() -> None:
    small = recording(minutes=1)
    far = replace(small, cluster=replace(small.cluster, latency=Fixed(50 * MILLISECOND)))
    drawn = replace(
        small, services=(ServiceSpec(name="work", duration=Lognormal(SECOND, 3 * SECOND)),)
    )
    changed = replace(small, commands=(Execute(at=START + 5 * SECOND, job="j0"),))
    for given_, survive, why in (
        (far, 1, "links take more than 5 ms"),
        (drawn, 1, "runs take drawn times"),
        (changed, 1, "commands change or run jobs"),
        (small, 2, "several servers are lost at once"),
    ):
        wanted = targets("longest wait <= 1h")
        measured = measure(Task(given_, Shape(4, 8), 0, wanted, survive, most_messages=1))
        assert measured.at_most is None
        assert measured.doubt == Doubt(why, is_estimated=True)
        assert measured.left > 0


def test_a_long_recording_is_searched_by_few_replays() -> None:
    """300 messages of jobs that are due at different times; few losses are as bad as the worst."""
    jobs = tuple(job(number, seconds=seconds) for number, seconds in enumerate((7, 11, 17, 4)))
    long = replace(recording(minutes=10), jobs=jobs)
    wanted = targets("longest wait <= 1h")
    measured = measure(Task(long, Shape(2, 2), 0, wanted, survive=1))
    assert measured.instants > 500 > 10 > measured.tried
    assert measured.at_most == (measured.worst(0),)
    assert measured.worst(0) > 9.9 * SECOND


def test_a_search_finds_a_worse_instant_than_the_named_ones() -> None:
    """For the quantile, a leader lost before a later burst is worse than one at the start."""
    jobs = tuple(job(number, seconds=seconds) for number, seconds in enumerate((7, 11, 17)))
    given_ = Task(replace(recording(), jobs=jobs), Shape(2, 2), 0, targets("p80 wait <= 1h"), 1)
    measured = measure(given_)
    at_start = with_loss(given_.to_replay, START + SECOND, ("s1",))
    early = figures_of(trace_of(at_start), given_.targets).targeted[0]
    assert measured.worst(0) > 2 * early
    assert "the leader" in str(measured.worst_loss(0))
    assert ", at 2026-01-05T00:00:" in str(measured.worst_loss(0))


def test_a_loss_with_which_a_target_is_missed_settles_it_if_the_seed_is_the_only_one() -> None:
    limited = [job(number, seconds=17, max_parallel=9) for number in range(6)]
    given_ = replace(recording(), jobs=tuple(limited))
    task = Task(given_, Shape(3, 8), 0, targets("longest wait <= 5s"), survive=1)
    found, all_of_them = measure(replace(task, only=True)), measure(task)
    missed = [figures.longest_wait > 5 * SECOND for _, figures in found.with_losses]
    assert missed == [*[False] * (len(missed) - 1), True]
    assert found.with_losses == all_of_them.with_losses[: len(missed)] != all_of_them.with_losses


def test_where_nothing_is_estimated_a_budget_takes_the_instants_with_most_at_stake() -> None:
    """24 messages of 6 jobs, all due at once; a replay of all is 24 of the budget."""
    limited = [job(number, seconds=17, max_parallel=9) for number in range(6)]
    given_ = replace(recording(), jobs=tuple(limited))
    task = Task(given_, Shape(2, 2), 0, targets("longest wait <= 1h"), survive=1)
    few, all_of_them = measure(replace(task, most_messages=24 * 8)), measure(task)
    assert len(few.with_losses) == 8
    assert few.tried < few.instants == all_of_them.instants == all_of_them.tried
    assert few.with_losses == all_of_them.with_losses[:8]
    assert few.at_most is all_of_them.at_most is None
