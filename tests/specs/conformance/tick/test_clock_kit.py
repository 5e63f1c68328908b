"""The kit of two moved clocks, in an environment of its own."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from gnomon.specs.conformance.protocol import Error, Fired, Job, Reply
from gnomon.specs.conformance.shipped import command_for, find
from gnomon.specs.conformance.tick.run import run
from gnomon.specs.conformance.tick.scenarios import (
    Action,
    Advance,
    Create,
    Delete,
    Execute,
    Pause,
    Restart,
    Resume,
    Scenario,
    Step,
)

NOW = "2026-01-05T00:00:00Z"
Replies = Callable[..., tuple[Reply, ...]]


@pytest.fixture(scope="module")
def replies() -> Replies:
    """The replies to the actions of a scenario."""
    adapter = find(str(Path(__file__).with_name("clock_adapter.py")))
    command = [*command_for(adapter), str(find("reference").file.parent)]

    def ask(
        *actions: Action, now: str = NOW, zone: str = "UTC", lag: float = 0
    ) -> tuple[Reply, ...]:
        scenario = Scenario("test/clock", "A test.", (), now, actions, zone, lag)
        (observation,) = run(command, [scenario]).observations
        return observation.replies  # type: ignore[return-value]  # there is no failure

    return ask


def seen(*replies: Reply) -> list[tuple[str, str | None]]:
    """The payloads of the firings with their time of day, without those of the start."""
    return [
        (firing.at[11:-1], firing.payload)
        for reply in replies
        if isinstance(reply, Fired)
        for firing in reply.fired
        if firing.payload != "start"
    ]


def test_both_clocks_move_up_to_and_including_the_end(replies: Replies) -> None:
    found = replies(Create(Job("sleep", every=10)), Advance(20), Advance(9.5), Advance(0.5))
    assert seen(found[1]) == [("00:00:10", "10"), ("00:00:20", "20")]
    assert seen(found[2]) == []
    assert seen(found[3]) == [("00:00:30", "30")]


def test_each_wake_is_late_by_the_lag(replies: Replies) -> None:
    found = replies(Create(Job("sleep", every=10)), Advance(25), lag=0.25)
    assert seen(*found) == [("00:00:10.250000", "10.25"), ("00:00:20.500000", "20.5")]


def test_a_step_moves_the_wall_clock_alone(replies: Replies) -> None:
    found = replies(Create(Job("sleep", every=10)), Advance(10), Step(-3600), Advance(10))
    assert seen(*found) == [("00:00:10", "10"), ("23:00:20", "20")]


def test_an_event_ends_a_wait_at_once_and_without_lag(replies: Replies) -> None:
    found = replies(
        Create(Job("wait", every=10)), Advance(3), Execute("wait"), Advance(12), lag=0.5
    )
    assert seen(*found) == [("00:00:03", "True"), ("00:00:13.500000", "False")]


def test_an_asyncio_loop_lives_by_the_clock(replies: Replies) -> None:
    found = replies(Create(Job("asynchronous", every=30)), Advance(60), now="2026-01-05T01:00:00Z")
    assert seen(*found) == [("01:00:30", "01:00"), ("01:01:00", "01:01")]


def test_the_repeated_hour_is_passed_twice(replies: Replies) -> None:
    found = replies(
        Create(Job("local", every=3600)),
        Advance(7200),
        now="2026-11-01T04:30:00Z",
        zone="America/New_York",
    )
    assert seen(*found) == [("05:30:00", "01:30 EDT"), ("06:30:00", "01:30 EST")]


def test_runs_in_a_pool_overlap_and_wake_in_time(replies: Replies) -> None:
    found = replies(Create(Job("pool", every=2)), Advance(5), lag=0.5)
    assert seen(*found) == [
        ("00:00:02.500000", "began"),
        ("00:00:03.500000", "ended"),
        ("00:00:05", "began"),
    ]


@pytest.mark.parametrize("loop", ["polling", "polling_loop"])
def test_polls_that_find_nothing_are_left_out(replies: Replies, loop: str) -> None:
    found = replies(Create(Job(loop, every=100)), Advance(250), Advance(50))
    assert seen(found[1]) == [("00:01:40", "2 looks"), ("00:03:20", "3 looks")]
    assert seen(found[2]) == [
        ("00:05:00", "5 looks")
    ]  # and one at 00:04:11: something may be changed


def test_the_first_poll_after_a_step_is_not_left_out(replies: Replies) -> None:
    found = replies(
        Create(Job("polling", every=100)), Advance(30.5), Step(60), Advance(100), now=NOW
    )
    assert seen(*found) == [("00:01:40", "3 looks")]


def test_a_loop_polls_at_each_quarter_of_an_hour(replies: Replies) -> None:
    found = replies(Create(Job("polling", every=7200)), Advance(7200))
    assert seen(*found) == [("02:00:00", "16 looks")]


def test_no_poll_is_left_out_if_wakes_are_late(replies: Replies) -> None:
    found = replies(Create(Job("polling", every=5)), Advance(10), lag=0.25)
    assert seen(*found) == [("00:00:05", "4 looks"), ("00:00:10", "8 looks")]


def test_an_error_of_the_loop_is_that_of_the_advance(replies: Replies) -> None:
    found = replies(Create(Job("broken", every=2)), Advance(5))
    assert isinstance(found[1], Error)
    assert "the disk is full" in found[1].error


def test_jobs_in_code_are_started_once_for_all_changes(replies: Replies) -> None:
    sleep, wait = Create(Job("sleep", every=10)), Create(Job("wait", every=10))
    found = replies(sleep, wait, Advance(1), Restart("kill", 60), Advance(1))
    starts = [
        (firing.at[11:-1], firing.job)
        for reply in found
        if isinstance(reply, Fired)
        for firing in reply.fired
    ]
    assert starts == [
        ("00:00:00", "sleep"),
        ("00:00:00", "wait"),
        ("00:01:01", "sleep"),
        ("00:01:01", "wait"),
    ]


def test_a_paused_job_is_not_in_the_code(replies: Replies) -> None:
    found = replies(
        Create(Job("sleep", every=10)),
        Advance(15),
        Pause("sleep"),
        Advance(15),
        Resume("sleep"),
        Advance(15),
        Delete("sleep"),
        Advance(15),
    )
    assert [at for at, _ in seen(*found)] == ["00:00:10", "00:00:40"]


IN_YOUR_PROCESS = """
import os, subprocess, sys, time
sys.path.insert(0, sys.argv[1])
import clock_kit
from datetime import UTC, datetime

class Failing(clock_kit.Peer):
    def start(self): pass
    def stop(self): raise OSError("busy")

def is_real():
    before = time.monotonic()
    real = int(subprocess.check_output(["date", "+%s"]))
    return abs(time.time() - real) < 2 and time.monotonic() > before

zone = time.tzname
for _ in range(2):
    peer = Failing()
    peer.open("store", datetime(2024, 3, 10, tzinfo=UTC), "America/New_York", 0)
    peer.advance(60)
    assert time.time() == datetime(2024, 3, 10, 0, 1, tzinfo=UTC).timestamp()
    try:
        peer.close()
    except OSError:
        pass
    assert is_real() and time.tzname == zone, (time.time(), time.tzname)
"""


def test_after_close_the_process_has_its_own_clocks_again(tmp_path: Path) -> None:
    """As in the process of a test suite, which goes on after a scenario."""
    file = tmp_path / "in_your_process.py"
    file.write_text(IN_YOUR_PROCESS, "utf-8")
    python = command_for(find(str(Path(__file__).with_name("clock_adapter.py"))))[0]
    kit = str(find("reference").file.parent)
    done = subprocess.run([python, str(file), kit], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
