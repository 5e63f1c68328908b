"""A job or message that is stuck is reported with the reason; one that is slow is not."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from gnomon.reference.schedule.clock import SECOND
from gnomon.simulator.fuzz.generator import drawn_from
from gnomon.simulator.fuzz.judge import STUCK, run_trial
from gnomon.simulator.fuzz.liveness import Stuck, disturbed_until, patience, stuck, why_unjudged
from gnomon.specs.notation.parser import read_example
from gnomon.specs.recording import files
from gnomon.specs.recording.commands import (
    Command,
    CrashServer,
    CutServer,
    Deactivate,
    DisturbServer,
    DriftClock,
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
from gnomon.specs.recording.model import (
    ClusterSpec,
    Fixed,
    Lognormal,
    Recording,
    ServiceSpec,
)
from gnomon.specs.trace.trace import Trace
from tests.support.worlds import START

FOUND = Path(__file__).parent / "found"

WELL = """\
0s  server_started s1 workers=1
0s  server_started s2 workers=1
0s  lease_acquired s1
0s  job_created a minutes=10
0s  published 1 a
"""
DONE = WELL + "0s claimed 1 s2/1\n0s started 1 s2/1\n"


def reasons(text: str) -> list[str]:
    return [each.what for each in stuck(Trace(read_example(text)), 60 * SECOND)]


@pytest.mark.parametrize(
    "text",
    [
        DONE + "2s finished 1 s2/1\n5m end",
        DONE + "30s end",
        DONE + "4m30s finished 1 s2/1\n5m end",
        WELL + "4m30s end",
    ][:3],
)
def test_a_run_that_has_settled_or_still_may_is_not_stuck(text: str) -> None:
    assert reasons(text) == []


def test_a_message_that_nobody_claims_is_stuck() -> None:
    (reason,) = reasons(WELL + "5m end")
    assert reason == "message 1 of job a has waited since 2026-01-01T00:00:00Z"


def test_a_backlog_that_is_worked_on_is_not_stuck() -> None:
    text = WELL + "0s claimed 1 s2/1\n0s started 1 s2/1\n1s published 2 a on_demand=true\n"
    text += "1s published 3 a on_demand=true\n4m50s finished 1 s2/1\n4m50s claimed 2 s2/1\n"
    assert reasons(text + "4m50s started 2 s2/1\n5m end") == []


def test_a_message_that_a_lost_server_holds_is_stuck() -> None:
    (reason,) = reasons(DONE + "3s server_crashed s2\n5m end")
    assert reason == (
        "message 1 of job a has been held by s2/1 since 2026-01-01T00:00:00Z, which was lost at "
        "2026-01-01T00:00:03Z"
    )


def test_a_message_that_is_held_for_too_long_is_stuck() -> None:
    (reason,) = reasons(DONE + "5m end")
    assert reason.endswith("which is there and well")


def test_a_message_that_a_server_with_a_fault_holds_is_stuck() -> None:
    (reason,) = reasons(DONE + "3s fault_began cut_server s2\n5m end")
    assert reason.endswith(", which had cut_server from 2026-01-01T00:00:03Z on")


def test_a_reclaimed_run_does_not_finish_its_message() -> None:
    taken = "20s reclaimed 1 s2/1\n30s finished 1 s2/1\n5m end"
    (reason,) = reasons(DONE + taken)
    assert reason == "message 1 of job a has waited since 2026-01-01T00:00:20Z"


def test_a_job_that_nobody_publishes_is_stuck() -> None:
    text = "0s server_started s1 workers=1\n0s job_created a minutes=1\n"
    assert reasons(text + "5m end") == [
        "job a was due at 2026-01-01T00:00:00Z, and nothing came of it; nobody has ever led"
    ]
    (led,) = reasons(text + "1s lease_acquired s1\n5m end")
    assert led.endswith("s1 has led since 2026-01-01T00:00:01Z")
    (once,) = reasons(text + "1s lease_acquired s1\n3s lease_expired s1\n5m end")
    assert once.endswith("nobody has led since 2026-01-01T00:00:03Z, when s1 ceased to")


@pytest.mark.parametrize("change", ["job_deactivated a", "job_deleted a"])
def test_a_job_that_is_not_due_is_not_stuck(change: str) -> None:
    text = f"0s server_started s1 workers=1\n0s job_created a minutes=1\n0s {change}\n5m end"
    assert reasons(text) == []


@pytest.mark.parametrize(
    "trouble",
    ["4m server_crashed s1\n4m server_crashed s2", "4m server_stopping s1\n4m server_crashed s2"],
)
def test_nothing_is_stuck_without_a_healthy_server(trouble: str) -> None:
    assert reasons(f"{WELL}{trouble}\n4m30s end") == []


def test_patience_is_longer_than_leases_runs_and_wrong_clocks() -> None:
    plain = Recording(start=START, until=START + SECOND)
    assert patience(plain) > 3 * plain.cluster.lease
    slow = Recording(
        start=START,
        until=START + SECOND,
        services=(ServiceSpec(name="work", duration=Fixed(100 * SECOND)),),
        commands=(
            StepClock(at=START, server="s1", by=-30 * SECOND),
            DriftClock(at=START, server="s1", duration=60 * SECOND, gains=10_000),
        ),
    )
    assert patience(slow) - patience(plain) == 2 * (100 + 30) * SECOND + 2 * 600_000


# --- which recordings are judged


AT = START + 10 * SECOND
LASTS = 5 * SECOND
FOR_GOOD = 10**6 * SECOND


def recording_of(*commands: Command) -> Recording:
    return Recording(start=START, until=START + 500 * SECOND, commands=commands)


@pytest.mark.parametrize(
    ("commands", "calm"),
    [
        ((), START),
        ((Deactivate(at=AT, job="a"), StartServer(at=AT, server="s1")), START),
        ((CrashServer(at=AT, server="s1"), StartServer(at=AT + LASTS, server="s1")), AT),
        ((StopServer(at=AT, server="s1"),), AT),
        ((PauseServer(at=AT, server="s1", duration=LASTS),), AT + LASTS),
        ((StopStore(at=AT, duration=LASTS),), AT + LASTS),
        ((LoseWrites(at=AT, writes=1),), AT),
        ((CutServer(at=AT, server="s1", duration=FOR_GOOD),), AT),
        (
            (DisturbServer(at=AT, server="s1", duration=LASTS, delay=SECOND),),
            AT + LASTS + SECOND,
        ),
        ((StepStoreClock(at=AT, by=SECOND),), AT + ClusterSpec().lease),
        (
            (StepStoreClock(at=AT, by=SECOND), LoseWrites(at=AT + LASTS, writes=1)),
            AT + LASTS + ClusterSpec().lease,
        ),
        ((PauseCluster(at=AT), ResumeCluster(at=AT + LASTS)), AT + LASTS),
        ((PauseCluster(at=AT),), START + 500 * SECOND),
        (
            (
                PauseCluster(at=AT),
                ResumeCluster(at=AT + LASTS),
                LoseWrites(at=AT + LASTS + 1, writes=1),
            ),
            START + 500 * SECOND,
        ),
        (
            (
                PauseCluster(at=AT),
                StopStore(at=AT, duration=LASTS),
                ResumeCluster(at=AT + LASTS - 1),
            ),
            START + 500 * SECOND,
        ),
    ],
)
def test_what_disturbs_the_cluster_and_until_when(commands: tuple[Command, ...], calm: int) -> None:
    assert disturbed_until(recording_of(*commands)) == calm


def test_a_recording_is_judged_if_its_quiet_end_is_as_long_as_the_patience() -> None:
    lost = LoseWrites(at=AT, writes=1)
    needed = AT + patience(recording_of(lost))
    assert why_unjudged(replace(recording_of(lost), until=needed)) is None
    restless = why_unjudged(replace(recording_of(lost), until=needed - 1))
    assert restless == "its end is not quiet for long enough"


def test_a_recording_whose_durations_have_no_limit_is_not_judged() -> None:
    slow = ServiceSpec(name="work", duration=Lognormal(SECOND, 2 * SECOND))
    unlimited = why_unjudged(replace(recording_of(), services=(slow,)))
    assert unlimited == "the duration of work has no limit"
    cluster = ClusterSpec(latency=Lognormal(1, 2))
    unlimited = why_unjudged(replace(recording_of(), cluster=cluster))
    assert unlimited == "the latency has no limit"


def test_a_recording_that_may_stay_paused_is_not_judged() -> None:
    pause, resume = PauseCluster(at=AT), ResumeCluster(at=AT + SECOND)
    paused = "the cluster may stay paused up to its end"
    assert why_unjudged(recording_of(pause)) == paused
    assert why_unjudged(recording_of(pause, resume)) is None
    undone = LoseWrites(at=AT + 2 * SECOND, writes=1)
    assert why_unjudged(recording_of(pause, resume, undone)) == paused


def test_every_drawn_recording_is_judged() -> None:
    for seed in range(150):
        assert why_unjudged(drawn_from(seed)) is None, seed
        assert why_unjudged(drawn_from(seed, "classic")) is None, seed


@pytest.mark.parametrize("file", sorted(FOUND.glob("liveness-*.toml")), ids=lambda file: file.stem)
def test_what_broke_liveness_is_judged_by_it(file: Path) -> None:
    assert why_unjudged(files.load(str(file))) is None


def test_what_is_stuck_is_a_problem_of_those_that_are_judged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    everything = [Stuck("nothing moves", "a")]
    monkeypatch.setattr("gnomon.simulator.fuzz.judge.stuck", lambda *_: everything)
    late = LoseWrites(at=START + 499 * SECOND, writes=1)
    assert run_trial(recording_of()).breaks(STUCK)
    assert run_trial(recording_of(late)).breaks(STUCK) is None
