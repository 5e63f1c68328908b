"""What is shrunk still breaks the same rule, is small, and is the same every time."""

import pytest

from gnomon.simulator.fuzz.generator import drawn_from
from gnomon.simulator.fuzz.judge import run_trial
from gnomon.simulator.fuzz.shrink import PASSES, shrink
from gnomon.simulator.mutants import BY_NAME
from gnomon.simulator.mutants.patch import patched
from gnomon.specs.recording import files, writer
from gnomon.specs.recording.model import Recording, longest

NO_CURSOR = BY_NAME["what has been published is published again"]


def test_what_breaks_without_anything_shrinks_to_nothing() -> None:
    small = shrink(drawn_from(11), lambda _: True)
    assert small.jobs == () and small.commands == ()
    assert (small.cluster.servers, small.cluster.workers, len(small.services)) == (1, 1, 1)
    assert small.until - small.start <= 1_000_000


def test_what_is_needed_is_kept() -> None:
    def breaks(recording: Recording) -> bool:
        return any(c.do == "crash_server" and c.target == "s3" for c in recording.commands)

    seed = next(seed for seed in range(100) if breaks(drawn_from(seed)))
    small = shrink(drawn_from(seed), breaks)
    (command,) = small.commands
    assert (command.do, command.target, small.cluster.servers) == ("crash_server", "s3", 3)
    assert small.start <= command.at < small.until


def test_a_real_defect_shrinks_to_a_few_lines_that_break_the_same_rule() -> None:
    with patched(NO_CURSOR):
        seed = next(s for s in range(100) if run_trial(drawn_from(s)).breaks("PUB-1"))
        found = drawn_from(seed)
        small = shrink(found, lambda recording: run_trial(recording).breaks("PUB-1") is not None)
        again = shrink(found, lambda recording: run_trial(recording).breaks("PUB-1") is not None)
        assert run_trial(small).breaks("PUB-1")
    assert small == again
    assert len(small.jobs) == 1 and len(small.commands) <= 2
    assert run_trial(small).breaks("PUB-1") is None


def test_the_attempts_are_counted() -> None:
    tried: list[Recording] = []

    def breaks(recording: Recording) -> bool:
        tried.append(recording)
        return len(tried) % 3 == 0

    shrink(drawn_from(3), breaks, attempts=20)
    assert len(tried) == 20
    assert len({recording.digest for recording in tried}) == 20


@pytest.mark.parametrize("seed", range(12))
def test_whatever_is_tried_can_be_written_and_read(seed: int) -> None:
    tried: list[Recording] = []

    def breaks(recording: Recording) -> bool:
        tried.append(recording)
        return len(tried) % 2 == 0

    shrink(drawn_from(seed), breaks, attempts=60)
    for recording in tried:
        assert files.parse(writer.to_toml(recording).encode()) == recording


@pytest.mark.parametrize("seed", range(6))
def test_each_attempt_is_simpler(seed: int) -> None:
    recording = drawn_from(seed)
    for simpler in PASSES:
        for number, candidate in enumerate(simpler(recording)):
            assert candidate.until - candidate.start <= recording.until - recording.start
            assert len(candidate.commands) <= len(recording.commands)
            assert len(candidate.jobs) <= len(recording.jobs)
            assert longest(candidate.cluster.latency) <= longest(recording.cluster.latency)
            if number > 20:
                break
