"""Recordings that a search has found and shrunk: none of them breaks a rule any more."""

from pathlib import Path

import pytest

from gnomon.simulator.fuzz.judge import run_trial
from gnomon.specs.recording import files

FOUND = sorted((Path(__file__).parent / "found").glob("*.toml"))


def test_there_are_recordings_to_try() -> None:
    assert FOUND


@pytest.mark.parametrize("file", FOUND, ids=lambda file: file.stem)
def test_what_a_search_found_is_not_found_again(file: Path) -> None:
    trial = run_trial(files.load(str(file)))
    assert not [(broken.rule, broken) for broken in trial.broken]
