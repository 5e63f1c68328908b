"""A campaign searches both profiles, and near what was found, from a seed that it prints."""

import pytest

from gnomon.specs.recording.model import LARGEST_SEED
from tests import campaign


def test_a_campaign_has_a_million_runs_of_each_profile() -> None:
    durable, classic, _ = campaign.commands(campaign.RUNS, 7, [])
    assert durable == ["fuzz", "--profile", "durable", "--seed", "7", "--runs", "1000000"]
    assert classic == ["fuzz", "--profile", "classic", "--seed", "7", "--runs", "1000000"]


def test_a_fifth_as_many_runs_are_near_what_was_found() -> None:
    *_, near = campaign.commands(campaign.RUNS, 7, ["--json"])
    found = str(campaign.FOUND)
    assert near == ["fuzz", "--near", found, "--seed", "7", "--runs", "200000", "--json"]
    assert len(list(campaign.FOUND.glob("*.toml"))) > 40


def test_a_fresh_seed_is_another_each_time_and_can_be_given_to_fuzz() -> None:
    seeds = {campaign.fresh_seed() for _ in range(20)}
    assert len(seeds) > 15 and all(0 <= seed < LARGEST_SEED - 10**9 for seed in seeds)


def test_a_short_campaign_prints_its_seed(capfd: pytest.CaptureFixture[str]) -> None:
    assert campaign.main(["--runs", "2", "--seed", "5", "--processes", "1"]) == 0
    printed = capfd.readouterr().out
    assert "gnomon fuzz --profile classic --seed 5 --runs 2" in printed
    assert printed.count("seeds 5 to 6") == 2 and printed.count("1 run, seed 5 near") == 1


def test_what_is_found_is_not_written_beside_what_was_found(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The search near it, which comes last, would refuse that after hours."""
    monkeypatch.chdir(campaign.FOUND.parent)
    with pytest.raises(SystemExit, match="2"):
        campaign.main(["--runs", "2", "--out", "found"])
    printed = capfd.readouterr()
    assert "--out: the search near the recordings of found refuses it" in printed.err
    assert printed.out == ""
