"""The monitor: what it reports is broken in the whole history; once, and in bounded memory."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from gnomon.reference import events
from gnomon.reference.history import History
from gnomon.reference.schedule.clock import SECOND
from gnomon.reference.store.messages import Profile
from gnomon.simulator.fuzz import generator
from gnomon.simulator.world.replay import replay
from gnomon.specs.monitor.monitor import Monitor, UndoneWritesError
from gnomon.specs.monitor.state import ClusterState
from gnomon.specs.recording.model import Fixed
from gnomon.specs.rules import Violation, judge_trace
from gnomon.specs.trace.trace import Trace
from tests.support.worlds import interval_job, world


def followed(history: History, most: int, step: int) -> tuple[Monitor, list[Violation]]:
    """A monitor after the whole history, of which `step` events came at a time; its reports."""
    monitor = Monitor(history.header, most)
    reported: list[Violation] = []
    for first in range(0, len(history.events), step):
        arrived = history.events[first : first + step]
        monitor.add(arrived)
        reported += monitor.judge(arrived[-1].at)
    reported += monitor.judge(history.header.end, is_over=True)
    return monitor, reported


def broken(history: History) -> set[str]:
    return {id for id, finding in judge_trace(Trace(history)).items() if finding.violations}


def steady(runs: int) -> History:
    """A history of a job that runs every second, without faults."""
    job = interval_job("a", 0, 1)
    return replay(world([job], span=runs * SECOND, duration=Fixed(SECOND // 2)))


def doubled(history: History, at: int) -> History:
    """The history with a message published twice: that of the first occurrence from `at` on."""
    place, event = next(
        (n, e)
        for n, e in enumerate(history.events)
        if isinstance(e, events.Published) and e.due >= at
    )
    again = replace(event, message=event.message + 10**6)
    changed = [*history.events[: place + 1], again, *history.events[place + 1 :]]
    return History(history.header, changed)


@given(
    st.integers(0, 2**31),
    st.sampled_from(["durable", "classic"]),
    st.integers(10, 60),
    st.integers(20, 60),
)
@settings(max_examples=settings().max_examples // 25)
def test_no_rule_is_reported_that_the_whole_history_keeps(
    seed: int, profile: Profile, most: int, step: int
) -> None:
    history = replay(generator.drawn_from(seed, profile))
    undone = (e for e in history.events if isinstance(e, events.WritesLost) and e.undone)
    assume(next(undone, None) is None)
    _, reported = followed(history, most, step)
    assert {violation.rule for violation in reported} <= broken(history)


@given(st.integers(30, 110), st.integers(20, 200), st.integers(1, 40))
@settings(max_examples=settings().max_examples // 25)
def test_what_is_broken_is_reported_once(second: int, most: int, step: int) -> None:
    whole = steady(120)
    history = doubled(whole, whole.header.start + second * SECOND)
    monitor, reported = followed(history, most, step)
    (found,) = judge_trace(Trace(history))["PUB-1"].violations
    of_rule = [violation for violation in reported if violation.rule == "PUB-1"]
    assert [(one.at, one.job, one.due) for one in of_rule] == [(found.at, found.job, found.due)]
    assert monitor.broken["PUB-1"] == 1


def test_a_violation_is_reported_when_it_is_certain() -> None:
    whole = steady(120)
    fault = whole.header.start + 40 * SECOND
    history = doubled(whole, fault)
    monitor = Monitor(history.header, 10**6)
    seen = []
    for second in range(120):
        now = whole.header.start + second * SECOND
        monitor.add(e for e in history.events if now - SECOND < e.at <= now)
        seen += [(second, one.rule) for one in monitor.judge(now) if one.rule == "PUB-1"]
    settled = 41 + monitor.settling_time // SECOND
    assert len(seen) == 1
    assert seen[0][0] in (settled, settled + 1)


def test_a_window_forgets() -> None:
    history = steady(600)
    monitor, reported = followed(history, 200, 50)
    assert reported == []
    assert monitor.events == len(history.events) > 2_000
    per_second = len(history.events) / 600
    kept = 4 * monitor.settling_time / SECOND * per_second
    assert monitor.window <= max(200, kept) + 50


def test_a_part_of_a_history_is_judged_with_the_state_after_it() -> None:
    """As `gnomon check --follow` does when the store has forgotten the beginning."""
    history = steady(60)
    state = ClusterState()
    half = len(history.events) // 2
    for event in history.events[:half]:
        state.add(event)
    begun = history.events[half // 2 : half]
    monitor = Monitor(history.header, 10**6, begun, state.known())
    monitor.add(history.events[half:])
    assert monitor.judge(history.header.end, is_over=True) == []
    assert {"FIRE-2", "PUB-1", "WORK-2"} <= monitor.exercised


def test_a_silent_server_excuses_nothing_that_is_seen_and_its_crash_is_given() -> None:
    history = steady(30)
    monitor = Monitor(history.header, 10**6)
    monitor.add(history.events)
    end = history.header.end + 600 * SECOND  # nobody is heard for ten minutes
    assert {one.rule for one in monitor.judge(end, is_over=True)} >= {"FIRE-2"}
    monitor = Monitor(history.header, 10**6)
    monitor.add(history.events)
    crashed = [events.ServerCrashed(end, name, history.header.end) for name in ("s1", "s2")]
    assert monitor.judge(end, crashed, is_over=True) == []


def test_events_that_were_forgotten_cannot_be_undone() -> None:
    history = steady(60)
    monitor = Monitor(history.header, 10**6, history.events, ClusterState().known())
    with pytest.raises(UndoneWritesError, match="judge it whole"):
        monitor.add([events.WritesLost(history.header.end, 1, history.header.end, (5,), ())])
