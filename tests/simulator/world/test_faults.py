"""Faults: what each does to a cluster, and that no promise is broken by any of them."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from gnomon.reference import events
from gnomon.reference.events import STORE
from gnomon.reference.jobs import write
from gnomon.reference.schedule.clock import MILLISECOND, SECOND
from gnomon.simulator.world.link import SkewedClock
from gnomon.simulator.world.replay import replay
from gnomon.specs.recording.model import (
    FAULTS,
    ON_STORE,
    ClockDrift,
    ClockStep,
    Command,
    Cut,
    Disturbance,
    Emptied,
    Fault,
    Fixed,
    LostWrites,
    Outage,
    Pause,
    Recording,
)
from tests.simulator.world.test_crashes import broken
from tests.support.strategies_recording import faults
from tests.support.worlds import START, busy_worlds, definition, interval_job, world


def suffering(recording: Recording, *commands: tuple[int, str, str, Fault | None]) -> Recording:
    """`recording` with commands: (µs after its start, what, to whom, and how)."""
    ordered = tuple(
        Command(at=START + at, do=do, target=target, fault=fault)  # type: ignore[arg-type]
        for at, do, target, fault in sorted(commands, key=lambda command: command[0])
    )
    return replace(recording, commands=ordered)


def happened(recording: Recording, *kinds: type[Any]) -> list[Any]:
    """What happened of these kinds."""
    return [event for event in replay(recording).events if type(event) in kinds]


def accounted(recording: Recording) -> list[int]:
    """The seconds after the start that had their outcome, in order."""
    outcomes = happened(recording, events.Published, events.Coalesced, events.Skipped)
    return sorted((event.due - START) // SECOND for event in outcomes)


EVERY_SECOND = world(
    [interval_job("tick", 0, 1)],
    span=60 * SECOND,
    duration=Fixed(250 * MILLISECOND),
    latency=Fixed(MILLISECOND),
)


def test_a_leader_that_stood_still_is_refused_when_it_goes_on() -> None:
    paused = suffering(EVERY_SECOND, (10 * SECOND, "pause_server", "s1", Pause(15 * SECOND)))
    assert [e.server for e in happened(paused, events.LeaseAcquired)] == ["s1", "s2"]
    refused = happened(paused, events.PublishRefused)
    assert {(e.server, e.epoch, e.why) for e in refused} == {("s1", 1, "deposed")}
    assert {e.at for e in refused} == {START + 25 * SECOND + MILLISECOND}
    assert accounted(paused) == list(range(60))
    assert broken(paused) == {}


def test_a_run_that_was_given_up_comes_to_its_end_and_is_not_counted_twice() -> None:
    held = world(
        [interval_job("long", 0, 100)],
        span=60 * SECOND,
        duration=Fixed(2 * SECOND),
        workers=1,
        latency=Fixed(MILLISECOND),
    )
    paused = suffering(held, (SECOND, "pause_server", "s1", Pause(20 * SECOND)))
    told = happened(paused, events.Started, events.Reclaimed, events.Finished)
    assert [(type(e), e.server, e.attempt) for e in told] == [
        (events.Started, "s1", 1),
        (events.Reclaimed, "s1", 1),
        (events.Started, "s2", 2),
        (events.Finished, "s2", 2),
        (events.Finished, "s1", 1),
    ]
    assert broken(paused) == {}


def test_a_publish_whose_reply_was_lost_is_not_published_again() -> None:
    deaf = suffering(EVERY_SECOND, (9_500_000, "cut_server", "s1", Cut(3 * SECOND, "replies")))
    due = [e.due for e in happened(deaf, events.Published)]
    assert len(due) == len(set(due))
    assert accounted(deaf) == list(range(60))
    assert broken(deaf) == {}


def test_what_was_assigned_before_a_long_pause_is_not_started_after_it() -> None:
    """It had been taken back and run elsewhere; and a worker was busy with it once more."""
    follower = suffering(EVERY_SECOND, (10 * SECOND, "pause_server", "s2", Pause(15 * SECOND)))
    told = happened(follower, events.Reclaimed, events.Started)
    taken_back = {(e.message, e.attempt) for e in told if type(e) is events.Reclaimed}
    started = [(e.message, e.attempt) for e in told if type(e) is events.Started]
    assert taken_back
    late = happened(follower, events.Reclaimed)[0].at
    again = [e for e in told if type(e) is events.Started and e.at > late]
    assert not taken_back & {(e.message, e.attempt) for e in again}
    assert len(started) == len(set(started))
    assert broken(follower) == {}


def test_a_server_that_is_heard_and_hears_nothing_keeps_nothing_from_others() -> None:
    deaf = suffering(EVERY_SECOND, (10 * SECOND, "cut_server", "s1", Cut(50 * SECOND, "replies")))
    assert [e.server for e in happened(deaf, events.LeaseAcquired)] == ["s1", "s2"]
    late = [e for e in happened(deaf, events.Claimed) if e.at > START + 40 * SECOND]
    assert {e.server for e in late} == {"s2"}
    assert broken(deaf) == {}


def test_a_server_that_is_cut_off_loses_the_lease_and_comes_back() -> None:
    cut = suffering(EVERY_SECOND, (10 * SECOND, "cut_server", "s1", Cut(20 * SECOND)))
    assert [e.server for e in happened(cut, events.LeaseAcquired)] == ["s1", "s2"]
    claims = happened(cut, events.Claimed)
    assert not any(
        e.server == "s1" and START + 21 * SECOND < e.at < START + 30 * SECOND for e in claims
    )
    assert any(e.server == "s1" and e.at > START + 35 * SECOND for e in claims)
    assert accounted(cut) == list(range(60))
    assert broken(cut) == {}


def test_a_link_that_loses_doubles_and_reorders_costs_time_and_nothing_else() -> None:
    disturbance = Disturbance(40 * SECOND, lose=30, repeat=30, delay=3 * SECOND)
    rough = suffering(
        EVERY_SECOND,
        (5 * SECOND, "disturb_server", "s1", disturbance),
        (5 * SECOND, "disturb_server", "s2", disturbance),
    )
    assert accounted(rough) == list(range(60))
    ended = [e.message for e in happened(rough, events.Finished)]
    assert len(ended) == len(set(ended))
    assert broken(rough) == {}


def test_a_clock_that_is_wrong_costs_no_occurrence() -> None:
    for by in (-3600 * SECOND, -5 * SECOND, 5 * SECOND, 3600 * SECOND):
        stepped = suffering(EVERY_SECOND, (10_100_000, "step_clock", "s1", ClockStep(by)))
        assert [e.server for e in happened(stepped, events.LeaseAcquired)] == ["s1"]
        assert accounted(stepped) == list(range(60))
        late = [e.at - e.due for e in happened(stepped, events.Published)]
        assert max(late[20:]) <= 5 * MILLISECOND  # it has been found out by then
        assert broken(stepped) == {}


def test_a_clock_that_drifts_is_put_right_again_and_again() -> None:
    drifting = suffering(
        EVERY_SECOND, (0, "drift_clock", "s1", ClockDrift(60 * SECOND, gains=-100_000))
    )
    late = [e.at - e.due for e in happened(drifting, events.Published)]
    assert max(late) < SECOND  # a tenth of the time between two beats
    assert broken(drifting) == {}


def test_while_the_store_is_away_nothing_happens_and_afterwards_all_of_it() -> None:
    away = suffering(EVERY_SECOND, (10 * SECOND, "stop_store", STORE, Outage(20 * SECOND)))
    asked = happened(away, events.Published, events.Claimed, events.LeaseAcquired)
    assert not any(START + 10 * SECOND < e.at < START + 30 * SECOND for e in asked)
    assert accounted(away) == list(range(60))
    assert broken(away) == {}


def test_what_lost_writes_held_happens_again() -> None:
    at = 10_300_000
    forgetful = suffering(EVERY_SECOND, (at, "lose_writes", STORE, LostWrites(6)))
    (lost,) = happened(forgetful, events.WritesLost)
    assert (lost.at, lost.writes) == (START + at, 6)
    all_of_it = replay(forgetful).events
    undone = [type(all_of_it[seq - 1]) for seq in lost.undone]
    assert events.Published in undone and events.Claimed in undone
    again = sorted([*range(60), 9, 10])  # 9 was not accounted for any more, nor 10
    assert accounted(forgetful) == again
    assert broken(forgetful) == {}


def test_a_store_that_begins_with_nothing_is_served_again() -> None:
    emptied = suffering(EVERY_SECOND, (10_300_000, "empty_store", STORE, Emptied()))
    again = Command(
        at=START + 20 * SECOND,
        do="create",
        target="new",
        fields=write(definition("new", 20 * SECOND, seconds=1)),
    )
    emptied = replace(emptied, commands=(*emptied.commands, again))
    (lost,) = happened(emptied, events.WritesLost)
    assert lost.undone[0] == 1  # the first job created
    ended = happened(emptied, events.Finished)
    assert not any(START + 11 * SECOND < e.at < START + 20 * SECOND for e in ended)
    assert {e.server for e in ended if e.at > START + 30 * SECOND} == {"s1", "s2"}
    assert broken(emptied) == {}


def test_the_history_tells_when_a_fault_began_and_ended() -> None:
    cut = Cut(2 * SECOND, "requests")
    told = happened(
        suffering(
            EVERY_SECOND,
            (SECOND, "cut_server", "s2", cut),
            (2 * SECOND, "step_clock", "s1", ClockStep(1)),
            (59 * SECOND, "pause_server", "s1", Pause(10 * SECOND)),
        ),
        events.FaultBegan,
        events.FaultEnded,
    )
    assert told == [
        events.FaultBegan(START + SECOND, "cut_server", "s2"),
        events.FaultBegan(START + 2 * SECOND, "step_clock", "s1"),
        events.FaultEnded(START + 2 * SECOND, "step_clock", "s1"),
        events.FaultEnded(START + 3 * SECOND, "cut_server", "s2"),
        events.FaultBegan(START + 59 * SECOND, "pause_server", "s1"),
    ]


def test_a_server_that_is_down_cannot_stand_still() -> None:
    down = suffering(
        EVERY_SECOND,
        (SECOND, "crash_server", "s2", None),
        (2 * SECOND, "pause_server", "s2", Pause(SECOND)),
    )
    assert happened(down, events.FaultBegan) == []


instants = st.integers(0, 10**9)


@given(st.lists(st.tuples(instants, st.integers(-(10**9), 10**9), st.integers(-500_000, 500_000))))
def test_a_clock_says_when_it_will_show_something(
    changes: list[tuple[int, int, int]],
) -> None:
    clock, now, gained = SkewedClock(), 0, 0
    for wait, by, gains in changes:
        now += wait
        clock.step(now, by)
        clock.gain(now, gains - gained)
        gained = gains
        shown = clock.read(now) + abs(by)
        when = clock.when(now, shown)
        assert when >= now
        assert clock.read(when) >= shown
        assert when == now or clock.read(when - 1) < shown


@st.composite
def troubled_worlds(draw: st.DrawFn) -> Recording:
    """Busy worlds in which up to eight things go wrong."""
    recording = draw(busy_worlds())
    span = recording.until - recording.start
    commands = []
    for _ in range(draw(st.integers(0, 8))):
        do = draw(st.sampled_from(["crash_server", "start_server", "stop_server", *FAULTS]))
        server = draw(st.sampled_from(recording.cluster.server_names))
        fault = draw(faults(do)) if do in FAULTS else None
        at = draw(st.integers(0, span - 1))
        commands.append((at, do, STORE if do in ON_STORE else server, fault))
    return suffering(recording, *commands)


@given(troubled_worlds())
def test_every_rule_holds_whatever_goes_wrong(recording: Recording) -> None:
    assert broken(recording) == {}
