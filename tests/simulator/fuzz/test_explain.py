"""A story says who led, what went wrong and what was broken, in a dozen lines."""

import msgspec

from gnomon.reference import events
from gnomon.reference.schedule.clock import DAY, MILLISECOND, SECOND
from gnomon.simulator.fuzz.explain import MOST_JOBS, MOST_LINES, story_of
from gnomon.simulator.fuzz.generator import drawn_from
from gnomon.simulator.fuzz.judge import Broken, Trial, run_trial
from gnomon.simulator.mutants import BY_NAME
from gnomon.simulator.mutants.patch import patched
from gnomon.simulator.world.replay import replay
from gnomon.specs.recording.commands import (
    Command,
    CrashServer,
    LoseWrites,
    PauseServer,
    StepStoreClock,
)
from gnomon.specs.recording.model import Fixed, Recording
from tests.support.worlds import START, interval_job, world

NO_CURSOR = BY_NAME["what has been published is published again"]

WORLD = world(
    [interval_job("a", 0, 1)],
    span=60 * SECOND,
    duration=Fixed(5 * SECOND),
    workers=1,
    latency=Fixed(MILLISECOND),
)


def lines_about(recording: Recording, *messages: int) -> list[str]:
    at = START + 60 * SECOND
    broken = Broken("PUB-1", at, "job a: something", ("a",), messages)
    return story_of(run_trial(recording), broken)


def with_commands(*commands: Command) -> Recording:
    return msgspec.structs.replace(WORLD, commands=commands)


PAUSE = PauseServer(at=START + 10 * SECOND, server="s1", duration=31 * SECOND)


def test_a_story_has_a_place_a_course_and_an_end() -> None:
    story = lines_about(with_commands(PAUSE))
    assert (
        story[0] == "2 servers × 1 worker, a lease of 10 s, up to 1 ms from a server to the store"
    )
    assert story[1].startswith("job a: every second") and story[1].endswith("work takes up to 5 s")
    assert story[2] == "00:00:00.001  +1 ms         s1 leads from now on, in epoch 1"
    assert "00:00:10      +10 s         s1 is suspended for 31 s" in story
    assert any("s2 leads from now on, in epoch 2" in line for line in story)
    assert story[-1] == "00:01:00      +1 min        PUB-1 is broken: job a: something"


def test_a_clock_that_jumped_back_has_the_words_of_its_command() -> None:
    """The instants of its history are corrected, and one fault was there before the history."""
    steps = (LoseWrites(at=START + 9 * SECOND, writes=1), StepStoreClock(at=START, by=-DAY))
    story = lines_about(with_commands(*reversed(steps)))
    assert any(line.endswith("the store's clock jumps back by 1 d") for line in story)
    assert any(
        line.endswith("the store loses the last write that it had acknowledged") for line in story
    )
    assert not any("+-" in line or "clock_set_back" in line for line in story)


def test_a_refusal_and_a_message_that_comes_back_are_in_it() -> None:
    paused = with_commands(PAUSE)
    back = next(e for e in replay(paused).events if type(e) is events.Reclaimed)
    text = "\n".join(lines_about(paused, back.message))
    assert "s1's publish of job a, due at 00:00:" in text and "it leads no more" in text
    assert f"message {back.message} is reclaimed from s1/1" in text
    assert f"s1/1 finishes message {back.message} after all" in text


def test_faults_and_crashes_are_in_it() -> None:
    at = START + 10 * SECOND
    crash, lost = CrashServer(at=at, server="s1"), LoseWrites(at=at, writes=2)
    text = "\n".join(lines_about(with_commands(crash, lost)))
    assert "s1, the leader, crashes" in text
    assert "the store loses the last 2 writes that it had acknowledged" in text


def test_a_story_is_short_whatever_happened() -> None:
    for seed in range(12):
        trial = run_trial(drawn_from(seed))
        story = story_of(trial, Broken("liveness", trial.recording.until, "stuck", ("a",), (3,)))
        assert len(story) <= 1 + MOST_JOBS + 1 + MOST_LINES + 1 + 1


def test_a_planted_defect_can_be_read_off_its_story() -> None:
    with patched(NO_CURSOR):
        trial: Trial = next(
            trial for trial in map(run_trial, map(drawn_from, range(100))) if trial.breaks("PUB-1")
        )
    broken = trial.breaks("PUB-1")
    assert broken is not None
    second, first = broken.messages
    text = "\n".join(story_of(trial, broken))
    assert f": message {first}\n" in text and f": message {second}\n" in text
