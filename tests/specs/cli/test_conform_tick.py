"""``gnomon conform infer`` and ``watch`` at level tick."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.specs.conformance import fakes
from tests.specs.conformance.tick import rule_fakes
from tests.support.command import Command, fault

SCENARIO = "restarts/interval-killed"


@pytest.fixture
def fake(tmp_path: Path) -> Callable[..., str]:
    """Makes an adapter in a file: a fake with its words."""

    def make(fake_file: str | None, *words: str) -> str:
        file = tmp_path / f"{words[0]}.py"
        arguments = [sys.executable, fake_file, *words]
        file.write_text(f"import os\nos.execv({sys.executable!r}, {arguments!r})\n")
        return str(file)

    return make


def test_the_knobs_of_behaviour_are_found(run: Command, fake: Callable[..., str]) -> None:
    name = fake(rule_fakes.__file__, "ForgetsAfterAKill")
    result = run("conform", "infer", name, "--level", "tick", "--only", SCENARIO)
    assert result.out.splitlines() == [
        "# 1 of 1 scenarios are explained by:",
        'store = "lost"  # explains 1 more',
    ]


def test_a_suspect_is_shrunk_and_can_be_watched(
    run: Command, fake: Callable[..., str], tmp_path: Path
) -> None:
    name = fake(rule_fakes.__file__, "Twice")
    only = "--level", "tick", "--only", "one-time/future"
    assert run("conform", "infer", name, *only).out.splitlines()[-1] == (
        f"gnomon conform watch {name} one-time/future"
    )
    result = run("conform", "infer", name, *only, "--suspects", tmp_path / "found", "--json")
    (command,) = result.json["suspects"]
    assert command == f"gnomon conform watch {name} {tmp_path}/found/one-time-future.toml"
    assert (result.json["explained_scenarios"], result.json["scenarios"]) == (0, 1)
    watched = run(*command.split()[1:])
    assert watched.out == (
        "one-time-future/future job a\n"
        "  expected  2026-01-05T00:01:47Z\n"
        "  declared  2026-01-05T00:01:47Z\n"
        "  seen      2026-01-05T00:01:47Z, 2026-01-05T00:01:47Z\n"
    )


def test_an_adapter_without_the_level_is_named(run: Command, fake: Callable[..., str]) -> None:
    name = fake(fakes.__file__, "right")
    for words in (
        ("infer", name, "--level", "tick", "--only", SCENARIO),
        ("watch", name, SCENARIO),
    ):
        result = run("conform", *words)
        assert result.code == 2
        assert "level" in result.err


def test_what_is_no_scenario_is_named(run: Command, tmp_path: Path) -> None:
    assert "neither the id of a scenario" in fault(run("conform", "watch", "reference", "x/y"))
    file = tmp_path / "mine.toml"
    file.write_text("scenario = 3\n")
    assert "Expected `array`" in fault(run("conform", "watch", "reference", str(file)))
