"""``gnomon fuzz --near``: the neighbours of given recordings, searched as drawn ones are."""

import re
from pathlib import Path

import pytest

from gnomon.simulator.cli import fuzz_report
from gnomon.simulator.cli.originals import load_originals
from gnomon.simulator.fuzz import canary
from gnomon.simulator.fuzz.canary import Canary
from gnomon.simulator.fuzz.generator import drawn_from
from gnomon.simulator.fuzz.judge import SeedResult, run_trial
from gnomon.simulator.fuzz.reachability import STATES, states_of
from gnomon.simulator.fuzz.search import Tally
from gnomon.simulator.fuzz.sources import Near
from gnomon.simulator.mutants import BY_NAME
from gnomon.simulator.mutants.patch import patched
from gnomon.specs.recording import files
from tests.support.command import Command, faults

NO_CLAIMS = BY_NAME["the leader stands aside"]
"""Near a small recording it shows, and not in it."""
SOUND = Canary("no-fencing", "nothing", "LEAD-2", 4, "one")
WOULD_CHANGE = "and what is written there would change what each seed means; give another folder"
SMALL = """\
format = "gnomon-recording/1"
from = "2026-01-05T12:00:00Z"
until = "2026-01-05T12:00:20Z"

[cluster]
servers = 2
lease = "3s"

[[service]]
name = "work"
duration = "1s"

[[job]]
name = "a"
job_type = "interval_based"
service = "work"
seconds = 5

[[command]]
at = "2026-01-05T12:00:08Z"
do = "crash_server"
server = "s1"
"""


@pytest.fixture
def gnomon(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """The command without its canary, which is slow and has a test of its own."""
    monkeypatch.setattr("gnomon.simulator.fuzz.canary.search_near", lambda: SOUND)
    return Command(monkeypatch, capsys)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with two recordings, and a file that is none."""
    folder = tmp_path / "broken before"
    folder.mkdir()
    (folder / "one.toml").write_text(SMALL)
    (folder / "two.json").write_text(
        '{"format": "gnomon-recording/1", "from": "2026-01-05T12:00:00Z", '
        '"until": "2026-01-05T12:00:05Z"}'
    )
    (folder / "one.html").write_text("<p>")
    return folder


def test_a_search_near_recordings_says_near_how_many(gnomon: Command, folder: Path) -> None:
    said = gnomon("fuzz", "--near", folder, "--near", "overlap", "--runs", 12, "--processes", 1)
    assert said.code == 0
    assert said.out.startswith("12 runs, seeds 0 to 11 near 3 recordings, ")
    assert "nothing was found" in said.out and "found by seed 4 near one" in said.out
    assert re.search(
        r"^liveness: judged in [1-9]\d* of 12 runs; the others ", said.out, re.MULTILINE
    )


def test_for_machines(gnomon: Command, folder: Path) -> None:
    words = ("fuzz", "--near", folder, "--runs", 5, "--seed", 3, "--processes", 1, "--json")
    said = gnomon(*words)
    assert said.out == gnomon(*words).out
    found = said.json
    assert (found["near"], found["originals"], found["profile"]) == ([str(folder)], 2, None)
    assert 0 < found["runs_judged_by_liveness"] < 5
    assert list(found["sometimes"]) == list(STATES) and found["canary"]["near"] == "one"
    classic = gnomon(*words, "--profile", "classic").json
    assert list(classic["sometimes"]) == [state.id for state in states_of("classic")]


def test_what_breaks_a_rule_is_shrunk_and_found_again(
    gnomon: Command, folder: Path, tmp_path: Path
) -> None:
    with patched(NO_CLAIMS):
        source = Near(load_originals([str(folder)], tmp_path))
        seed = next(s for s in range(50) if run_trial(source.recording(s)).breaks("DLV-4"))
        search = ("fuzz", "--near", folder, "--processes", 1, "--out", tmp_path)
        said = gnomon(*search, "--seed", seed, "--runs", 1, "--json")
        assert said.code == 1 and f"seed {seed} breaks DLV-4" in said.err
        found = said.json["broken"]["DLV-4"]
        assert found["again"] == f"gnomon fuzz --near '{folder}' --seed {seed} --runs 1"
        file = tmp_path / f"near-dlv-4-seed-{seed}.toml"
        assert found["recording"] == str(file) and Path(found["picture"]).exists()
        small = files.load(str(file))
        assert small.title == f"Breaks DLV-4; drawn from seed {seed} near one, and shrunk"
        assert run_trial(small).breaks("DLV-4")
    assert run_trial(small).broken == ()


def test_the_canary_is_found_near_a_recording_that_does_not_show_it() -> None:
    with patched(canary.MUTANT):
        assert run_trial(drawn_from(canary.ORIGINAL)).breaks(canary.MUTANT.rule) is None
    found = canary.search_near()
    assert found.seed is not None and found.seed < 100 and found.near is not None


def test_a_search_that_cannot_find_the_canary_is_not_trusted(
    gnomon: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = SOUND._replace(seed=None)
    monkeypatch.setattr("gnomon.simulator.fuzz.canary.search_near", lambda: lost)
    said = gnomon("fuzz", "--near", folder, "--runs", 1, "--processes", 1)
    assert said.code == 1 and "the canary was not found" in said.out


def test_neighbours_need_not_reach_every_state() -> None:
    tally = Tally()
    report = fuzz_report.Report(0, None, SOUND, tally, near=("overlap",), originals=1)
    for seed in range(fuzz_report.USUAL_RUNS):
        tally.add(SeedResult(seed, (), (), 1, b""))
    assert report.missed == [] and report.is_clean


def test_the_order_of_a_folder_is_that_of_the_names(folder: Path, tmp_path: Path) -> None:
    titles = [one.title for one in load_originals(["overlap", str(folder)], tmp_path)]
    assert titles == ["overlap", "one", "two"]


def test_bad_input_is_named(gnomon: Command, folder: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    near = ("fuzz", "--near", folder)
    for words, fault in [
        (
            ("fuzz", "--near", empty),
            f"{empty}: this folder has no recording, which is a file named *.toml or *.json",
        ),
        (
            (*near, "--out", folder),
            f"--out: --near reads the recordings of {folder}, {WOULD_CHANGE}",
        ),
        (
            (*near, "overlap"),
            f"overlap: give each recording or folder a --near: --near '{folder}' --near overlap",
        ),
        (
            (*near, "--runs", 0),
            "--runs: it must be a whole number from 1 to 1000000000; given was 0",
        ),
    ]:
        assert faults(gnomon(*words)) == [f"gnomon: {fault}"]
    assert faults(gnomon("fuzz", "--near", "nowhere.toml"))[0].startswith(
        "gnomon: nowhere.toml: no such file"
    )
    (folder / "three.toml").write_text(SMALL.replace('"s1"', '"s9"'))
    (line,) = faults(gnomon(*near))
    assert line.startswith(f"gnomon: {folder / 'three.toml'}: [[command]] 1 (crash_server), server")


def test_a_profile_beside_one_recording_is_refused(gnomon: Command) -> None:
    (line,) = faults(gnomon("fuzz", "overlap", "--profile", "classic"))
    assert line == "gnomon: --profile: it is for a search; leave it out to judge overlap alone"
