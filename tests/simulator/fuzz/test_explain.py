"""A story says who led, what went wrong and what was broken, in a dozen lines."""

import re

import msgspec

from gnomon.reference import events
from gnomon.reference.schedule.clock import MILLISECOND, SECOND
from gnomon.simulator.fuzz.explain import MOST_JOBS, MOST_LINES, tell
from gnomon.simulator.fuzz.generator import drawn_from
from gnomon.simulator.fuzz.judge import Broken, Trial, attempt
from gnomon.simulator.mutants import BY_NAME
from gnomon.simulator.mutants.patch import patched
from gnomon.simulator.world.replay import replay
from gnomon.specs.recording.model import (
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
from tests.support.worlds import START, interval_job, world

NO_CURSOR = BY_NAME["what has been published is published again"]

WORLD = world(
    [interval_job("a", 0, 1)],
    span=60 * SECOND,
    duration=Fixed(5 * SECOND),
    workers=1,
    latency=Fixed(MILLISECOND),
)


def told(recording: Recording, what: str = "job a: something", at: int = 60) -> list[str]:
    return tell(attempt(recording), Broken("PUB-1", START + at * SECOND, what))


def with_commands(*commands: Command) -> Recording:
    return msgspec.structs.replace(WORLD, commands=commands)


def fault(do: str, fault: Fault | None, at: int = 10, target: str = "s1") -> Command:
    return Command(at=START + at * SECOND, do=do, target=target, fault=fault)  # type: ignore[arg-type]


def test_a_story_has_a_place_a_course_and_an_end() -> None:
    story = told(with_commands(fault("pause_server", Pause(31 * SECOND))))
    assert (
        story[0] == "2 servers × 1 worker, a lease of 10 s, up to 1 ms from a server to the store"
    )
    assert story[1].startswith("job a: every second") and story[1].endswith("work takes up to 5 s")
    assert story[2] == "00:00:00.001  +1 ms         s1 leads from now on, in epoch 1"
    assert "00:00:10      +10 s         s1 stands still for 31 s" in story
    assert any("s2 leads from now on, in epoch 2" in line for line in story)
    assert story[-1] == "00:01:00      +1 min        PUB-1 is broken: job a: something"


def test_a_refusal_and_a_message_that_comes_back_are_told() -> None:
    paused = with_commands(fault("pause_server", Pause(31 * SECOND)))
    back = next(e for e in replay(paused).events if type(e) is events.Reclaimed)
    text = "\n".join(told(paused, f"message {back.message} of job a"))
    assert "s1's publish of job a, due at 00:00:" in text and "it leads no more" in text
    assert f"message {back.message} is taken back from s1/1" in text
    assert f"s1/1 finishes message {back.message} after all" in text


def test_every_fault_has_words() -> None:
    faults: dict[str, tuple[Command, str]] = {
        "cut": (fault("cut_server", Cut(SECOND, "requests")), "the store hears nothing"),
        "cut back": (fault("cut_server", Cut(SECOND, "replies")), "1 s: it hears nothing"),
        "disturb": (
            fault("disturb_server", Disturbance(SECOND, 5, 6, 7)),
            "5 % is lost, 6 % comes twice, all is late by up to 7 µs",
        ),
        "step": (fault("step_clock", ClockStep(-SECOND)), "s1's clock jumps back by 1 s"),
        "drift": (fault("drift_clock", ClockDrift(SECOND, 9)), "gains 9 µs a second for 1 s"),
        "outage": (
            fault("stop_store", Outage(SECOND), target="store"),
            "the store is out of reach",
        ),
        "forget": (fault("lose_writes", LostWrites(2), target="store"), "the last 2 writes it had"),
        "empty": (fault("empty_store", Emptied(), target="store"), "the store forgets everything"),
        "crash": (fault("crash_server", None), "s1, the leader, crashes"),
    }
    for command, words in faults.values():
        assert any(words in line for line in told(with_commands(command))), words


def test_a_story_is_short_whatever_happened() -> None:
    for seed in range(12):
        trial = attempt(drawn_from(seed))
        story = tell(trial, Broken("liveness", trial.recording.until, "job a, message 3"))
        assert len(story) <= 1 + MOST_JOBS + 1 + MOST_LINES + 1 + 1


def test_a_planted_defect_can_be_read_off_its_story() -> None:
    with patched(NO_CURSOR):
        trial: Trial = next(
            trial for trial in map(attempt, map(drawn_from, range(100))) if trial.breaks("PUB-1")
        )
    broken = trial.breaks("PUB-1")
    assert broken is not None
    first, second = re.findall(r"message (\d+) and again as (\d+)", broken.what)[0]
    text = "\n".join(tell(trial, broken))
    assert f": message {first}\n" in text and f": message {second}\n" in text
