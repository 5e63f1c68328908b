"""The runner of level tick, proved on the reference and on fakes that each do one thing wrong."""

import sys
from pathlib import Path

import msgspec
import pytest

from gnomon.specs.conformance.process import AdapterFault, Failure
from gnomon.specs.conformance.protocol import Done, Error, Fired, Job, Refused, Unsupported
from gnomon.specs.conformance.runner import Limits
from gnomon.specs.conformance.shipped import find
from gnomon.specs.conformance.tick.observation import Observation
from gnomon.specs.conformance.tick.run import Run, run
from gnomon.specs.conformance.tick.scenarios import (
    Action,
    Advance,
    Create,
    Execute,
    Pause,
    Restart,
    Scenario,
    Step,
    read_scenarios,
)
from tests.specs.conformance import fakes as fakes_of_level_next
from tests.specs.conformance.tick import fakes

REFERENCE = [sys.executable, str(find("reference").file)]
LIMITS = Limits(reply=2.0)
JOB = Create(Job("a", every=60))
NOW = "2026-01-05T00:00:07Z"


def scenario(*actions: Action, zone: str = "UTC") -> Scenario:
    return Scenario("test/one", "A test.", ("FIRE-2",), NOW, (JOB, *actions), zone)


KILLED = scenario(Advance(150), Restart("kill", 195), Advance(100))
CLOSED = scenario(Advance(150), Restart("close", 195), Advance(100))


def fake(name: str, *scenarios: Scenario, keep: Path | None = None) -> Run:
    return run([sys.executable, fakes.__file__, name], scenarios, keep=keep, limits=LIMITS)


def seen(name: str, actions: Scenario = KILLED) -> Observation:
    (found,) = fake(name, actions).observations
    return found


def starts(observation: Observation) -> list[str]:
    return [
        firing.at.removeprefix("2026-01-05T")
        for reply in observation.replies
        if isinstance(reply, Fired)
        for firing in reply.fired
        if firing.outcome is None
    ]


IN_PROCESSES = ("restarts", "store", "one-time", "clock")
"""The groups that are run through processes; `behaviour/test_model.py` runs all without one."""


def test_scenarios_run_on_the_reference() -> None:
    groups = (one for one in read_scenarios() if one.id.partition("/")[0] in IN_PROCESSES)
    scenarios = tuple(groups)
    done = 0

    def progress() -> None:
        nonlocal done
        done += 1

    found = run(REFERENCE, scenarios, progress)
    assert scenarios and [one.scenario for one in found.observations] == list(scenarios)
    assert done == len(scenarios) and found.noise == []
    for one in found.observations:
        replies = [one.opened, *one.replies]
        if one.scenario.id == "one-time/while-paused":
            assert isinstance(replies.pop(), Refused)  # its start_date passed while it was inactive
        else:
            assert len(one.replies) == len(one.scenario.actions), (one.scenario.id, replies[-1])
        assert all(isinstance(reply, Done | Fired) for reply in replies), one.scenario.id


@pytest.mark.parametrize("restart", [KILLED, CLOSED])
def test_the_clock_goes_on_while_the_process_is_down(restart: Scenario) -> None:
    found = ["00:00:07Z", "00:01:07Z", "00:02:07Z", "00:05:52Z", "00:06:07Z", "00:07:07Z"]
    assert starts(seen("Right", restart)) == found


def test_the_runner_follows_steps_of_the_clock() -> None:
    found = seen("Right", scenario(Advance(100), Step(-3600), Advance(3700), Step(600), Advance(1)))
    assert starts(found)[-1] == "00:13:27Z"


def test_a_run_on_demand_is_reported_with_its_own_start() -> None:
    found = seen("Right", scenario(Advance(10), Execute("a"), Step(50), Advance(10)))
    assert starts(found) == ["00:00:07Z", "00:00:17Z", "00:01:07Z"]


@pytest.mark.parametrize(
    ("name", "failure", "evidence"),
    [
        ("Hangs", "hang", "no reply within 2 s"),
        ("Crashes", "crash", "the process ended with status 3: the disk is full"),
        ("KeepsItsPeace", "garbage", "the reply to advance is fired; given was done"),
        ("OutOfOrder", "garbage", "a firing of 'a' at 2026-01-05T00:01:07Z comes after one at "),
        ("AnotherDay", "garbage", "a firing of 'a' at 2026-01-06T00:00:07Z lies outside the time "),
        ("JobsOfItsOwn", "garbage", "a firing of 'backend_cleanup' at 2026-01-05T00:00:07Z: "),
    ],
)
def test_a_failure_ends_a_scenario(name: str, failure: str, evidence: str) -> None:
    found = seen(name)
    assert found.opened == Done(2, True) and len(found.replies) == 2
    assert isinstance(last := found.replies[-1], Failure)
    assert last.failure == failure and last.evidence.startswith(evidence)


def test_a_scheduler_that_raises() -> None:
    (_, last) = seen("Raises").replies
    assert isinstance(last, Error) and last.error.endswith("LookupError: no such table\n")


def test_a_scheduler_that_does_not_start_again() -> None:
    (*_, last) = seen("DiesAtTheSecondOpening").replies
    assert isinstance(last, Failure) and last.evidence == "the process ended with status 4"


def test_what_a_scheduler_has_not_ends_a_scenario() -> None:
    found = seen("Right", scenario(Pause("a"), Advance(100)))
    assert found.replies[1:] == (Unsupported(4, "pause"),)


def test_one_bad_scenario_blocks_no_other() -> None:
    bad = msgspec.structs.replace(KILLED, id="test/two", zone="No/Where")
    first, second = fake("HasNoSuchZone", bad, KILLED).observations
    assert isinstance(first.opened, Failure) and first.replies == ()
    assert first.opened.evidence == "crash at hello: the process ended with status 5"
    assert len(second.replies) == len(KILLED.actions)


def test_noise_is_noticed_and_named() -> None:
    found = fake("Noisy", KILLED)
    assert found.noise == ["DeprecationWarning: <clocks>"]
    assert len(starts(found.observations[0])) == 6


def test_an_adapter_that_opens_nothing_is_at_fault() -> None:
    with pytest.raises(AdapterFault, match="opened in none of 2 scenarios; the first: Error"):
        fake("NotAtAll", KILLED, CLOSED)


def test_an_adapter_without_the_level_is_not_asked() -> None:
    found = run([sys.executable, fakes_of_level_next.__file__, "right"], [KILLED], limits=LIMITS)
    assert found.observations == []


def test_the_zone_of_the_process_is_that_of_the_scenario() -> None:
    found = fake("PrintsItsZone", scenario(Advance(1), zone="Asia/Tokyo"))
    assert found.noise == ["JST"]


def test_transcripts_are_kept(tmp_path: Path) -> None:
    fake("Right", KILLED, keep=tmp_path)
    lines = (tmp_path / "test-one.txt").read_text().splitlines()
    assert [line[:17] for line in lines if "hello" in line] == ['> {"do":"hello","'] * 2
    assert lines[-1] == '> {"do":"bye","seq":4}'
