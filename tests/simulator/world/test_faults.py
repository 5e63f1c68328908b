"""Faults: what each does to a cluster, and that no promise is broken by any of them."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from gnomon.reference import events
from gnomon.reference.jobs import write
from gnomon.reference.schedule.clock import HOUR, MILLISECOND, SECOND
from gnomon.reference.store.messages import Profile
from gnomon.simulator.world.link import SkewedClock
from gnomon.simulator.world.replay import replay
from gnomon.specs.recording.commands import (
    CATALOGUE,
    Command,
    CrashServer,
    Create,
    CutServer,
    Direction,
    DisturbServer,
    DriftClock,
    EmptyStore,
    JobCommand,
    LoseWrites,
    PauseCluster,
    PauseServer,
    ResumeCluster,
    StartServer,
    StepClock,
    StepStoreClock,
    StopServer,
    StopStore,
)
from gnomon.specs.recording.model import Fixed, Recording
from tests.simulator.world.test_crashes import broken
from tests.support.strategies_recording import commands_of
from tests.support.worlds import START, busy_worlds, definition, interval_job, world


def with_faults(recording: Recording, *commands: Command) -> Recording:
    """`recording` with commands, whose instants are in µs after its start."""
    ordered = sorted(commands, key=lambda command: command.at)
    return replace(recording, commands=tuple(replace(each, at=START + each.at) for each in ordered))


def happened(recording: Recording, *kinds: type[Any]) -> list[Any]:
    """What happened of these kinds."""
    return [event for event in replay(recording).events if type(event) in kinds]


def accounted(recording: Recording) -> list[int]:
    """The seconds after the start that had their outcome, in order."""
    outcomes = happened(recording, events.Published, events.Coalesced, events.Skipped)
    return sorted((event.due - START) // SECOND for event in outcomes)


FAULTS_AND_RESTARTS = [kind for kind in CATALOGUE if not issubclass(kind, JobCommand)]


def pause(server: str, at: int, duration: int) -> PauseServer:
    return PauseServer(at=at, server=server, duration=duration)


def cut_off(server: str, at: int, duration: int, lose: Direction | None = None) -> CutServer:
    return CutServer(at=at, server=server, duration=duration, lose=lose or "both")


EVERY_SECOND = world(
    [interval_job("tick", 0, 1)],
    span=60 * SECOND,
    duration=Fixed(250 * MILLISECOND),
    latency=Fixed(MILLISECOND),
)


def test_a_suspended_leader_is_refused_when_it_resumes() -> None:
    paused = with_faults(EVERY_SECOND, pause("s1", 10 * SECOND, 15 * SECOND))
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
    paused = with_faults(held, pause("s1", SECOND, 20 * SECOND))
    recorded = happened(paused, events.Started, events.Reclaimed, events.Finished)
    assert [(type(e), e.server, e.attempt) for e in recorded] == [
        (events.Started, "s1", 1),
        (events.Reclaimed, "s1", 1),
        (events.Started, "s2", 2),
        (events.Finished, "s2", 2),
        (events.Finished, "s1", 1),
    ]
    assert broken(paused) == {}


def test_a_publish_whose_reply_was_lost_is_not_published_again() -> None:
    deaf = with_faults(EVERY_SECOND, cut_off("s1", 9_500_000, 3 * SECOND, "replies"))
    due = [e.due for e in happened(deaf, events.Published)]
    assert len(due) == len(set(due))
    assert accounted(deaf) == list(range(60))
    assert broken(deaf) == {}


def test_what_was_assigned_before_a_long_pause_is_not_started_after_it() -> None:
    """It had been taken back and run elsewhere; and a worker was busy with it once more."""
    follower = with_faults(EVERY_SECOND, pause("s2", 10 * SECOND, 15 * SECOND))
    recorded = happened(follower, events.Reclaimed, events.Started)
    taken_back = {(e.message, e.attempt) for e in recorded if type(e) is events.Reclaimed}
    started = [(e.message, e.attempt) for e in recorded if type(e) is events.Started]
    assert taken_back
    late = happened(follower, events.Reclaimed)[0].at
    again = [e for e in recorded if type(e) is events.Started and e.at > late]
    assert not taken_back & {(e.message, e.attempt) for e in again}
    assert len(started) == len(set(started))
    assert broken(follower) == {}


def test_a_server_whose_replies_are_lost_keeps_no_messages_from_others() -> None:
    deaf = with_faults(EVERY_SECOND, cut_off("s1", 10 * SECOND, 50 * SECOND, "replies"))
    assert [e.server for e in happened(deaf, events.LeaseAcquired)] == ["s1", "s2"]
    late = [e for e in happened(deaf, events.Claimed) if e.at > START + 40 * SECOND]
    assert {e.server for e in late} == {"s2"}
    assert broken(deaf) == {}


def test_a_server_that_is_cut_off_loses_the_lease_and_comes_back() -> None:
    cut = with_faults(EVERY_SECOND, cut_off("s1", 10 * SECOND, 20 * SECOND))
    assert [e.server for e in happened(cut, events.LeaseAcquired)] == ["s1", "s2"]
    claims = happened(cut, events.Claimed)
    assert not any(
        e.server == "s1" and START + 21 * SECOND < e.at < START + 30 * SECOND for e in claims
    )
    assert any(e.server == "s1" and e.at > START + 35 * SECOND for e in claims)
    assert accounted(cut) == list(range(60))
    assert broken(cut) == {}


def test_a_link_that_loses_doubles_and_reorders_costs_time_and_nothing_else() -> None:
    disturbance = DisturbServer(
        at=5 * SECOND, server="s1", duration=40 * SECOND, lose=30, repeat=30, delay=3 * SECOND
    )
    rough = with_faults(
        EVERY_SECOND,
        disturbance,
        replace(disturbance, server="s2"),
    )
    assert accounted(rough) == list(range(60))
    ended = [e.message for e in happened(rough, events.Finished)]
    assert len(ended) == len(set(ended))
    assert broken(rough) == {}


def test_a_clock_that_is_wrong_costs_no_occurrence() -> None:
    for by in (-3600 * SECOND, -5 * SECOND, 5 * SECOND, 3600 * SECOND):
        stepped = with_faults(EVERY_SECOND, StepClock(at=10_100_000, server="s1", by=by))
        assert [e.server for e in happened(stepped, events.LeaseAcquired)] == ["s1"]
        assert accounted(stepped) == list(range(60))
        late = [e.at - e.due for e in happened(stepped, events.Published)]
        assert max(late[20:]) <= 5 * MILLISECOND  # it has been found out by then
        assert broken(stepped) == {}


def test_a_clock_that_drifts_is_put_right_again_and_again() -> None:
    drifting = with_faults(
        EVERY_SECOND, DriftClock(at=0, server="s1", duration=60 * SECOND, gains=-100_000)
    )
    late = [e.at - e.due for e in happened(drifting, events.Published)]
    assert max(late) < SECOND  # a tenth of the time between two beats
    assert broken(drifting) == {}


def test_during_an_outage_nothing_happens_and_afterwards_all_of_it() -> None:
    away = with_faults(EVERY_SECOND, StopStore(at=10 * SECOND, duration=20 * SECOND))
    asked = happened(away, events.Published, events.Claimed, events.LeaseAcquired)
    assert not any(START + 10 * SECOND < e.at < START + 30 * SECOND for e in asked)
    assert accounted(away) == list(range(60))
    assert broken(away) == {}


def test_what_lost_writes_held_happens_again() -> None:
    at = 10_300_000
    faulty = with_faults(EVERY_SECOND, LoseWrites(at=at, writes=6))
    (lost,) = happened(faulty, events.WritesLost)
    assert (lost.at, lost.writes) == (START + at, 6)
    all_of_it = replay(faulty).events
    undone = [type(all_of_it[seq - 1]) for seq in lost.undone]
    assert events.Published in undone and events.Claimed in undone
    again = sorted([*range(60), 9, 10])  # 9 was not accounted for any more, nor 10
    assert accounted(faulty) == again
    assert broken(faulty) == {}


def test_a_store_that_begins_with_nothing_is_served_again() -> None:
    emptied = with_faults(EVERY_SECOND, EmptyStore(at=10_300_000))
    again = Create(
        at=START + 20 * SECOND,
        job="new",
        set=write(definition("new", 20 * SECOND, seconds=1)),
    )
    emptied = replace(emptied, commands=(*emptied.commands, again))
    (lost,) = happened(emptied, events.WritesLost)
    assert lost.undone[0] == 1  # the first job created
    ended = happened(emptied, events.Finished)
    assert not any(START + 11 * SECOND < e.at < START + 20 * SECOND for e in ended)
    assert {e.server for e in ended if e.at > START + 30 * SECOND} == {"s1", "s2"}
    assert broken(emptied) == {}


def test_a_cluster_goes_on_within_a_lease_after_its_stores_clock_was_an_hour_ahead() -> None:
    ahead = with_faults(
        EVERY_SECOND,
        StepStoreClock(at=10_500_000, by=3_600 * SECOND),
        StepStoreClock(at=25_500_000, by=-3_600 * SECOND),
    )
    (corrected,) = happened(ahead, events.ClockSetBack)
    assert corrected.at == START + 25_500_000
    recorded = replay(ahead).events
    later = recorded[recorded.index(corrected) :]
    due = [event.due for event in later if type(event) is events.Published]
    assert due == [START + second * SECOND for second in range(due[0] // SECOND % 60, 60)]
    assert due[0] <= corrected.at + ahead.cluster.lease
    assert broken(ahead) == {}


def test_a_store_whose_clock_goes_back_by_a_lease_at_most_waits() -> None:
    lease = EVERY_SECOND.cluster.lease
    back = with_faults(EVERY_SECOND, StepStoreClock(at=10_500_000, by=-lease))
    assert not happened(back, events.ClockSetBack)
    instants = [event.at for event in replay(back).events]
    assert instants == sorted(instants)
    assert accounted(back) == list(range(60 - lease // SECOND))
    assert broken(back) == {}


@pytest.mark.parametrize("profile", ["durable", "classic"])
@pytest.mark.parametrize("writes", [*range(1, 40, 3), None])
def test_a_store_may_lose_the_correction_of_its_clock(profile: Profile, writes: int | None) -> None:
    """With what it recorded by the wrong clock, or without; and within a lease of that, or not."""
    loss = (
        EmptyStore(at=26 * SECOND) if writes is None else LoseWrites(at=26 * SECOND, writes=writes)
    )
    for ahead, back in ((HOUR, HOUR), (HOUR, HOUR + 9 * SECOND), (12 * SECOND, 12 * SECOND)):
        stepped = with_faults(
            EVERY_SECOND,
            StepStoreClock(at=10_500_000, by=ahead),
            StepStoreClock(at=20_500_000, by=-back),
            loss,
        )
        of_profile = replace(stepped, cluster=replace(stepped.cluster, profile=profile))
        assert broken(of_profile) == {}


@pytest.mark.parametrize("writes", [*range(1, 40, 6), None])
def test_a_store_may_lose_the_instant_at_which_its_time_stands_still(writes: int | None) -> None:
    """The instants of the history fall only where `clock_set_back` records it."""
    at = 20 * SECOND
    loss = EmptyStore(at=at) if writes is None else LoseWrites(at=at, writes=writes)
    for ahead, back in ((0, 6 * SECOND), (7 * SECOND, 7 * SECOND), (0, 30 * SECOND)):
        steps = [
            StepStoreClock(at=10 * SECOND, by=ahead),
            StepStoreClock(at=18 * SECOND, by=-back),
        ]
        stepped = with_faults(EVERY_SECOND, *steps, loss)
        assert fall_unrecorded(stepped) == []
        assert broken(stepped) == {}


@pytest.mark.parametrize("writes", [20, 30, 60])
def test_writes_are_lost_since_the_earliest_of_them(writes: int) -> None:
    """The clock was set back between the lost writes."""
    stepped = with_faults(
        EVERY_SECOND,
        StepStoreClock(at=10_500_000, by=HOUR),
        StepStoreClock(at=20_500_000, by=-HOUR),
        LoseWrites(at=26 * SECOND, writes=writes),
    )
    (loss,) = happened(stepped, events.WritesLost)
    recorded = replay(stepped).events
    undone = [recorded[seq - 1].at for seq in loss.undone]
    assert max(undone) > loss.at >= min(undone) >= loss.since


def fall_unrecorded(recording: Recording) -> list[events.Event]:
    """The events at an earlier instant than the event before, except `clock_set_back`."""
    recorded = replay(recording).events
    return [
        event
        for before, event in pairwise(recorded)
        if event.at < before.at and type(event) is not events.ClockSetBack
    ]


def test_the_history_records_when_a_fault_began_and_ended() -> None:
    recorded = happened(
        with_faults(
            EVERY_SECOND,
            cut_off("s2", SECOND, 2 * SECOND, "requests"),
            StepClock(at=2 * SECOND, server="s1", by=1),
            pause("s1", 59 * SECOND, 10 * SECOND),
        ),
        events.FaultBegan,
        events.FaultEnded,
    )
    assert recorded == [
        events.FaultBegan(START + SECOND, "cut_server", "s2"),
        events.FaultBegan(START + 2 * SECOND, "step_clock", "s1"),
        events.FaultEnded(START + 2 * SECOND, "step_clock", "s1"),
        events.FaultEnded(START + 3 * SECOND, "cut_server", "s2"),
        events.FaultBegan(START + 59 * SECOND, "pause_server", "s1"),
    ]


def test_a_server_that_is_down_cannot_be_suspended() -> None:
    down = with_faults(
        EVERY_SECOND,
        CrashServer(at=SECOND, server="s2"),
        pause("s2", 2 * SECOND, SECOND),
    )
    assert happened(down, events.FaultBegan) == []


AT = 10 * SECOND
EFFECTS: list[list[Command]] = [
    [StopServer(at=AT, server="s1")],
    [CrashServer(at=AT, server="s1")],
    [CrashServer(at=AT, server="s1"), StartServer(at=AT + SECOND, server="s1")],
    [pause("s1", AT, 15 * SECOND)],
    [cut_off("s1", AT, 15 * SECOND)],
    [DisturbServer(at=AT, server="s1", duration=15 * SECOND, lose=50)],
    [StepClock(at=AT, server="s1", by=5 * SECOND)],
    [DriftClock(at=AT, server="s1", duration=15 * SECOND, gains=400_000)],
    [StopStore(at=AT, duration=15 * SECOND)],
    [StepStoreClock(at=AT, by=-15 * SECOND)],
    [LoseWrites(at=AT, writes=3)],
    [EmptyStore(at=AT)],
    [PauseCluster(at=AT)],
    [PauseCluster(at=AT), ResumeCluster(at=AT + 5 * SECOND)],
]
"""Commands of which the last has an effect, one for each kind."""


@pytest.mark.parametrize("commands", EFFECTS, ids=lambda commands: commands[-1].do)
def test_each_fault_has_an_effect(commands: list[Command]) -> None:
    def beside_the_fault(*commands: Command) -> list[Any]:
        recorded = replay(with_faults(EVERY_SECOND, *commands)).events
        return [e for e in recorded if not isinstance(e, events.FaultBegan | events.FaultEnded)]

    assert beside_the_fault(*commands) != beside_the_fault(*commands[:-1])


def test_the_effect_of_each_fault_is_tested() -> None:
    untested = set(FAULTS_AND_RESTARTS) - {type(commands[-1]) for commands in EFFECTS}
    assert not untested, f"add their effect to FaultInjector, and a case to EFFECTS: {untested}"


instants = st.integers(0, 10**9)


@given(st.lists(st.tuples(instants, st.integers(-(10**9), 10**9), st.integers(-500_000, 500_000))))
def test_a_clock_computes_when_it_first_reads_something(
    changes: list[tuple[int, int, int]],
) -> None:
    clock, now, gained = SkewedClock(), 0, 0
    for wait, by, gains in changes:
        now += wait
        clock.step(now, by)
        clock.gain(now, gains - gained)
        gained = gains
        reading = clock.read(now) + abs(by)
        when = clock.when(now, reading)
        assert when >= now
        assert clock.read(when) >= reading
        assert when == now or clock.read(when - 1) < reading


@st.composite
def faulty_worlds(draw: st.DrawFn) -> Recording:
    """Busy worlds with up to eight faults, crashes, stops and starts."""
    recording = draw(busy_worlds())
    at = st.integers(0, recording.until - recording.start - 1)
    servers = st.sampled_from(recording.cluster.server_names)
    kinds = st.sampled_from(FAULTS_AND_RESTARTS)
    commands = st.lists(kinds.flatmap(lambda kind: commands_of(kind, at, servers)), max_size=8)
    return with_faults(recording, *draw(commands))


@given(faulty_worlds())
def test_every_rule_holds_whatever_goes_wrong(recording: Recording) -> None:
    assert fall_unrecorded(recording) == []
    assert broken(recording) == {}
