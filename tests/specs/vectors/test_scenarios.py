"""The scenarios of level tick: they are data, and complete."""

import re
from typing import get_args

import msgspec
import pytest

from gnomon.reference.schedule.clock import SECOND, read_instant
from gnomon.specs.conformance.tick.scenarios import (
    Action,
    Advance,
    Create,
    Edit,
    Restart,
    Scenario,
    read_scenarios,
)
from gnomon.specs.spec_text import sections
from tests.support.paths import PACKAGE

FOLDER = PACKAGE / "specs" / "vectors" / "scenarios"
README = (FOLDER / "README.md").read_text("utf-8")
SCENARIOS = read_scenarios()
LEAST = 24
EXERCISED = {
    *(f"FIRE-{number}" for number in range(1, 12)),
    *("MISS-1", "MISS-2", "MISS-3", "PUB-1", "PUB-2", "PUB-3", "OVER-1", "OVER-2", "RUN-4"),
}
"""The rules of which a scheduler that is seen from outside can show something."""


def jobs(scenario: Scenario) -> list[Create | Edit]:
    return [action for action in scenario.actions if isinstance(action, Create | Edit)]


def test_there_are_enough_and_their_ids_differ() -> None:
    ids = [scenario.id for scenario in SCENARIOS]
    assert len(set(ids)) == len(ids) >= LEAST
    assert all(re.fullmatch(r"[a-z-]+/[a-zA-Z0-9-]+", text) for text in ids)


def test_they_name_rules_that_exist_and_each_that_can_be_seen() -> None:
    named = {rule for scenario in SCENARIOS for rule in scenario.rules}
    assert named == EXERCISED
    assert named <= set(sections())


def test_each_kind_of_action_occurs() -> None:
    found = {type(action) for scenario in SCENARIOS for action in scenario.actions}
    assert found == set(get_args(Action))
    ends = {
        action.how
        for scenario in SCENARIOS
        for action in scenario.actions
        if isinstance(action, Restart)
    }
    assert ends == {"close", "kill"}


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.id)
def test_a_scenario_is_well_formed(scenario: Scenario) -> None:
    assert scenario.about.endswith(".")
    assert len(scenario.rules) == len(set(scenario.rules)) > 0
    assert isinstance(scenario.actions[-1], Advance)
    assert read_instant(scenario.now) // SECOND % 10 in (0, 7), "jobs are created off the grid"
    for action in jobs(scenario):
        assert sum(x is not None for x in (action.job.cron, action.job.every, action.job.at)) == 1
        assert action.job.cron is None or action.job.zone in ("UTC", scenario.zone)
        assert action.job.payload != "{LONG}", "fill was not applied"
    assert msgspec.convert(msgspec.to_builtins(scenario), Scenario) == scenario


def test_one_payload_has_the_greatest_length_that_a_job_may_carry() -> None:
    sizes = [
        len((action.job.payload or "").encode())
        for scenario in SCENARIOS
        for action in jobs(scenario)
    ]
    assert max(sizes) == 500_000
    assert len([size for size in sizes if size > 5_000]) == 1


def test_the_page_names_each_file_and_shows_one_as_it_is() -> None:
    files = sorted(file.stem for file in FOLDER.glob("*.toml"))
    listed = re.findall(r"^\| `([a-z-]+)` \|", README.split("## A file")[0], re.MULTILINE)
    assert sorted(listed) == files
    shown = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)
    assert shown[0] in (FOLDER / "restarts.toml").read_text("utf-8")


def test_the_reader_on_the_page_needs_nothing_of_ours(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(FOLDER)
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    exec(code, {})  # noqa: S102 - the page's own
    assert len(capsys.readouterr().out.splitlines()) == len(SCENARIOS)
