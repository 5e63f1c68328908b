"""``gnomon fuzz`` from end to end: what it finds, what it says, and 0, 1 or 2."""

import subprocess
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from gnomon.reference.schedule.clock import SECOND
from gnomon.simulator.cli import fuzz, fuzz_report
from gnomon.simulator.fuzz import canary
from gnomon.simulator.fuzz.canary import Canary
from gnomon.simulator.fuzz.determinism import Divergence
from gnomon.simulator.fuzz.generator import drawn_from
from gnomon.simulator.fuzz.judge import Broken, SeedResult, run_trial
from gnomon.simulator.fuzz.reachability import states_of
from gnomon.simulator.fuzz.search import Tally, results
from gnomon.simulator.fuzz.sources import Drawn
from gnomon.simulator.mutants import BY_NAME
from gnomon.simulator.mutants.patch import patched
from gnomon.specs.parallel.other_hashes import OtherHashes
from gnomon.specs.parallel.pool import ThisProcess
from gnomon.specs.recording import files, writer
from gnomon.specs.recording.commands import LoseWrites
from gnomon.specs.recording.model import Recording
from tests.support.command import Command, faults
from tests.support.worlds import START

NO_CURSOR = BY_NAME["what has been published is published again"]

FOUND = Path(__file__).parents[1] / "fuzz" / "found"
DURABLE = [state.id for state in states_of("durable")]
SOUND = Canary("no-fencing", "nothing", "LEAD-2", 11)


@pytest.fixture
def gnomon(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(monkeypatch, capsys)


@pytest.fixture
def harmless(monkeypatch: pytest.MonkeyPatch) -> None:
    """No canary: it is slow, and has tests of its own."""
    monkeypatch.setattr("gnomon.simulator.fuzz.canary.search", lambda: SOUND)


@pytest.mark.usefixtures("harmless")
def test_a_search_that_finds_nothing_says_so(gnomon: Command) -> None:
    said = gnomon("fuzz", "--runs", 25, "--processes", 1)
    assert said.code == 0
    assert said.out.startswith("25 runs, seeds 0 to 24, ")
    assert "nothing was found" in said.out and "canary: " in said.out
    assert "liveness: " not in said.out  # all drawn recordings are judged
    assert all(id in said.out for id in DURABLE)


@pytest.mark.usefixtures("harmless")
def test_what_it_prints_is_the_same_every_time(gnomon: Command) -> None:
    words = ("fuzz", "--runs", 12, "--seed", 5, "--processes", 1, "--json")
    assert gnomon(*words).out == gnomon(*words).out


@pytest.mark.usefixtures("harmless")
def test_for_machines(gnomon: Command) -> None:
    told = gnomon("fuzz", "--runs", 12, "--seed", 5, "--processes", 1, "--json").json
    assert (told["runs"], told["first_seed"], told["clean"]) == (12, 5, True)
    assert list(told["sometimes"]) == DURABLE
    assert told["canary"]["seed"] == 11 and told["broken"] == {} and told["missed"] == []


@cache
def breaking_seed() -> int:
    """The first seed with which a planted defect breaks PUB-1."""
    with patched(NO_CURSOR):
        return next(seed for seed in count() if run_trial(drawn_from(seed)).breaks("PUB-1"))


@pytest.mark.usefixtures("harmless")
def test_what_breaks_a_rule_is_shrunk_written_and_told(
    gnomon: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fuzz, "MOST_SHRUNK", 2)
    seed = breaking_seed()
    with patched(NO_CURSOR):
        said = gnomon("fuzz", "--runs", 2, "--seed", seed, "--processes", 1, "--out", tmp_path)
        file = tmp_path / f"fuzz-pub-1-seed-{seed}.toml"
        assert said.code == 1
        assert f"gnomon replay {file}" in said.out
        assert f"PUB-1 is broken by seed {seed}" in said.out
        assert f"gnomon fuzz --seed {seed} --runs 1" in said.out
        assert f"seed {seed} breaks PUB-1" in said.err
        assert run_trial(files.load(str(file))).breaks("PUB-1")
        picture = file.with_suffix(".html")
        assert f"picture: {picture}" in said.out
        assert "<h2>How it came about</h2>" in picture.read_text()
        replayed = gnomon("replay", file)
        assert replayed.code == 1 and "PUB-1 broken" in replayed.out
        alone = gnomon("fuzz", file, "--report", tmp_path / "alone.html")
        assert (tmp_path / "alone.html").read_text() == picture.read_text()
        assert alone.code == 1 and "PUB-1 is broken" in alone.out
        assert gnomon("fuzz", file, "--json").json["broken"].keys() >= {"PUB-1"}
    assert gnomon("fuzz", file).code == 0
    assert len(file.read_text().splitlines()) < 50


def test_the_canary_is_found() -> None:
    found = canary.search()
    assert found.seed is not None and found.seed < 50


@pytest.mark.usefixtures("harmless")
def test_a_search_that_cannot_find_the_canary_is_not_trusted(
    gnomon: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gnomon.simulator.fuzz.canary.search", lambda: SOUND._replace(seed=None))
    said = gnomon("fuzz", "--runs", 2, "--processes", 1)
    assert said.code == 1
    assert "the canary was not found" in said.out and "nothing was found\n" not in said.out


def test_a_thousand_runs_must_reach_every_state() -> None:
    tally = Tally()
    report = fuzz_report.Report(0, "durable", SOUND, tally)
    for seed in range(fuzz_report.USUAL_RUNS - 1):
        tally.add(SeedResult(seed, (), ("fold",), 1, b""))
    assert report.missed == [] and report.is_clean
    tally.add(SeedResult(999, (), tuple(DURABLE)[:-2], 1, b""))
    assert report.missed == DURABLE[-2:] and not report.is_clean


@pytest.mark.usefixtures("harmless")
def test_an_interrupted_search_tells_what_it_has(
    gnomon: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> Any:
        for outcome in results(0, 3, ThisProcess(), Drawn()):
            yield outcome, None
        raise KeyboardInterrupt

    monkeypatch.setattr(fuzz, "pairs", interrupted)
    said = gnomon("fuzz", "--minutes", 5)
    assert said.code == 0 and said.out.startswith("3 runs, seeds 0 to 2, ")
    assert "then interrupted" in said.out.splitlines()[0]


@pytest.mark.usefixtures("harmless")
def test_a_search_ends_when_its_time_is_over(gnomon: Command) -> None:
    said = gnomon("fuzz", "--minutes", 0.002, "--processes", 1, "--json")
    assert said.code == 0 and 1 <= said.json["runs"] < 500


@pytest.mark.usefixtures("harmless")
def test_two_runs_that_differ_are_told_apart(gnomon: Command) -> None:
    seed = breaking_seed()
    with patched(NO_CURSOR):  # in this process, and not in the other
        said = gnomon("fuzz", "--seed", seed, "--runs", 2, "--processes", 1, "--twice", "--json")
    assert said.code == 1
    told = said.json["divergence"]
    assert told["seed"] == seed
    assert told["event"] > 1 and told["at"].startswith("20") and told["one"] != told["other"]
    assert said.json["runs"] == 0


@pytest.mark.usefixtures("harmless")
def test_a_second_run_that_loses_its_process_costs_nothing_that_was_found(
    gnomon: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a cluster, where each second run is in a new process."""
    monkeypatch.setattr(fuzz, "_pools", lambda *_: (ThisProcess(), OtherHashes(ThisProcess())))
    run, calls = subprocess.run, count()

    def killed_in_the_end(*given: Any, **options: Any) -> subprocess.CompletedProcess[bytes]:
        if next(calls) < 2:
            return run(*given, **options)
        return subprocess.CompletedProcess(given, -9, b"", b"")

    monkeypatch.setattr(subprocess, "run", killed_in_the_end)
    said = gnomon("fuzz", "--seed", 5, "--runs", 9, "--twice")
    assert said.code == 1 and said.out.startswith("2 runs, seeds 5 to 6, ")
    assert "the search ended early: the process of try_seeds(range(7, 8), " in said.out
    assert "ended with status -9, perhaps for lack of memory" in said.out


def test_a_divergence_in_words() -> None:
    there = Divergence(3, 7, 0, "this", "that").in_words()
    assert (
        there
        == "two runs of seed 3 differ from event 7 on, at 1970-01-01T00:00:00Z: this, and that"
    )
    assert Divergence(3, None, None, "", "").in_words().endswith("not whenever they are run")


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (("--runs", 0), "--runs: it must be a whole number from 1 to 1000000000; given was 0"),
        (("--runs", 5, "--minutes", 1), "--minutes: give either --runs or --minutes, not both"),
        (("--minutes", 0), "--minutes: it must be above 0 and at most 10080; given was 0.0"),
        (("--minutes", "nan"), "--minutes: it must be above 0 and at most 10080; given was nan"),
        (("--processes", 0), "--processes: it must be a whole number from 1 to 256; given was 0"),
        (("--out", "nowhere"), "--out: there is no directory nowhere"),
        (
            ("nothing", "--runs", 5),
            "--runs: it is for a search; leave it out to judge nothing alone",
        ),
    ],
)
def test_bad_options_are_told(gnomon: Command, words: tuple[object, ...], fault: str) -> None:
    assert faults(gnomon("fuzz", *words)) == [f"gnomon: {fault}"]


def test_a_seed_that_is_none_is_told(gnomon: Command) -> None:
    (line,) = faults(gnomon("fuzz", "--seed", -1))
    assert line.startswith("gnomon: --seed: it must be a whole number from 0 to ")


def test_a_recording_that_is_not_there_is_told(gnomon: Command) -> None:
    assert len(faults(gnomon("fuzz", "nowhere.toml"))) == 1


@pytest.mark.parametrize("words", [("--runs", "many"), ("--profile", "odd"), ("--runs",)])
def test_what_is_no_option_at_all_ends_with_2(gnomon: Command, words: tuple[str, ...]) -> None:
    assert gnomon("fuzz", *words).code == 2


def test_a_shipped_recording_can_be_tried(gnomon: Command) -> None:
    said = gnomon("fuzz", "overlap")
    assert said.code == 0 and said.out.startswith("it reached: ")
    assert "liveness" not in said.out and gnomon("fuzz", "overlap", "--json").json["clean"]


def test_a_recording_that_ends_amid_faults_is_not_judged_by_liveness_and_says_so(
    gnomon: Command, tmp_path: Path
) -> None:
    file = tmp_path / "short.toml"
    late = LoseWrites(at=START + SECOND, writes=1)
    short = Recording(start=START, until=START + 2 * SECOND, commands=(late,))
    file.write_text(writer.to_toml(short))
    said = gnomon("fuzz", file)
    why = "its end is not quiet for long enough"
    assert said.out.splitlines()[-1] == f"its liveness was not judged: {why}"
    assert said.code == 0 and gnomon("fuzz", file, "--json").json["judged_by_liveness"] is False


@pytest.mark.parametrize(("name", "service"), [("repeats", "backup"), ("changes", "bill")])
def test_a_recording_whose_runs_have_no_limit_is_not_judged_by_liveness_and_says_so(
    gnomon: Command, name: str, service: str
) -> None:
    why = f"its liveness was not judged: the duration of {service} has no limit"
    assert gnomon("fuzz", name).out.splitlines()[-1] == why


def test_links_that_are_late_for_longer_than_a_lease_are_told(gnomon: Command) -> None:
    said = gnomon("fuzz", FOUND / "over-1-late-heartbeat.toml")
    why = "DLV-2 was not judged: a link delays messages for longer than a lease"
    assert said.code == 0 and why in said.out.splitlines()


def test_an_error_in_the_program_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise ZeroDivisionError("by nothing")

    monkeypatch.setattr("gnomon.simulator.fuzz.judge.simulate", fails)
    recording = files.load("overlap")
    assert run_trial(recording).broken == (
        Broken("error", recording.start, "ZeroDivisionError: by nothing"),
    )
