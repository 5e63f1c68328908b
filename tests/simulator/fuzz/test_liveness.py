"""A job or message that is stuck is reported with the reason; one that is slow is not."""

import pytest

from gnomon.reference.schedule.clock import SECOND
from gnomon.simulator.fuzz.liveness import patience, stuck
from gnomon.specs.notation.parser import read_example
from gnomon.specs.recording.commands import DriftClock, StepClock
from gnomon.specs.recording.model import Fixed, Recording, ServiceSpec
from gnomon.specs.trace.trace import Trace
from tests.support.worlds import START

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
