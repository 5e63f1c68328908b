"""Recordings that a search has found and shrunk: none of them, nor what is near, breaks a rule."""

from pathlib import Path

import pytest

from gnomon.simulator.delays import UNDECIDABLE, delays_beyond_lease
from gnomon.simulator.fuzz.judge import run_trial
from gnomon.simulator.fuzz.neighbours import drawn_near
from gnomon.simulator.mutants.patch import Mutant, patched
from gnomon.specs.recording import files
from gnomon.specs.rules import RULES

NEIGHBOURS = 5
"""Neighbours of each recording that are tried: some 300 in all, a few seconds."""
FOUND = sorted((Path(__file__).parent / "found").glob("*.toml"))


def test_there_are_recordings_to_try() -> None:
    assert FOUND


@pytest.mark.parametrize("file", FOUND, ids=lambda file: file.stem)
def test_what_a_search_found_is_not_found_again(file: Path) -> None:
    trial = run_trial(files.load(str(file)))
    assert not [(broken.rule, broken) for broken in trial.broken]


@pytest.mark.parametrize("file", FOUND, ids=lambda file: file.stem)
def test_nothing_is_found_near_what_a_search_found(file: Path) -> None:
    """Its neighbours are near it alone, so another recording in the folder leaves them as they are.

    ``gnomon fuzz --near`` tries more of them, and splices them.
    """
    originals = (files.load(str(file)),)
    for seed in range(NEIGHBOURS):
        trial = run_trial(drawn_near(seed, originals))
        assert not [(seed, broken.rule, broken) for broken in trial.broken]


SECOND_MESSAGE = Mutant(
    "a turn gets a second message",
    "OVER-1",
    "a worker is assigned a message while it runs one that was reclaimed from it",
    "gnomon.reference.store.messages:MessageQueue._take_from",
    "            self._turns[worker] = self._turns.get(worker, 0) + 1\n",
    "",
)


LOST_JOIN = Mutant(
    "a lost Join is not made good",
    "DLV-2",
    "what a former process holds is kept for it while the workers of the new one are busy",
    "gnomon.reference.store.messages:MessageQueue.begin_if_new",
    "process > self._processes.get(server, 0)",
    "False",
)


REPEATED_CLAIM = Mutant(
    "a claim that arrives twice completes what it was given",
    "RUN-1",
    "it completes a message that the store, having lost the rest, gave in the same attempt",
    "gnomon.reference.store.messages:MessageQueue.claim",
    "if is_repeated or done != (message.id, attempt):",
    "if done != (message.id, attempt):",
)


LATE = Path(__file__).parent / "found" / "over-1-late-heartbeat.toml"
UNDECIDED = b"""
format = "gnomon-recording/1"
from = "2026-01-05T12:00:01Z"
until = "2026-01-05T12:00:10Z"

[cluster]
servers = 2
workers = 1
lease = "3s"
latency = "0s"

[[service]]
name = "work"
duration = "0s"

[[job]]
name = "k"
job_type = "interval_based"
service = "work"
start_date = "2026-01-05T12:00:01Z"
seconds = 1

[[command]]
at = "2026-01-05T12:00:01.9Z"
do = "disturb_server"
server = "s2"
for = "5s"
delay = "8s"

[[command]]
at = "2026-01-05T12:00:03.3Z"
do = "crash_server"
server = "s2"
"""
"""Drawn near `LATE`, and shrunk: a request arrives longer than a lease after its server crashed."""


def test_a_mutant_that_takes_a_late_heartbeat_is_found_near_one() -> None:
    originals = (files.load(str(LATE)),)
    with patched(SECOND_MESSAGE):
        trials = (run_trial(drawn_near(seed, originals)) for seed in range(60))
        assert any(trial.breaks(SECOND_MESSAGE.rule) for trial in trials)


def test_dlv_2_is_not_judged_where_a_link_delays_for_longer_than_a_lease() -> None:
    """A late request of a server that is gone keeps what it held, and the rule cannot know."""
    recording = files.parse(UNDECIDED)
    trial = run_trial(recording)
    assert RULES[UNDECIDABLE].check(trial.trace).violations
    assert delays_beyond_lease(recording) and not trial.broken


@pytest.mark.parametrize(
    ("name", "mutant"),
    [
        ("over-1-late-heartbeat", SECOND_MESSAGE),
        ("dlv-2-lost-join", LOST_JOIN),
        ("run-1-repeated-claim", REPEATED_CLAIM),
    ],
)
def test_what_too_few_drawn_runs_reach_is_found_again(name: str, mutant: Mutant) -> None:
    """It takes a late heartbeat, or a lost one; the loss of a Join and of all that followed; or a
    request that arrives twice, to a store that lost what came before."""
    recording = files.load(str(Path(__file__).parent / "found" / f"{name}.toml"))
    with patched(mutant):
        trial = run_trial(recording)
    assert [broken.rule for broken in trial.broken] == [mutant.rule]
