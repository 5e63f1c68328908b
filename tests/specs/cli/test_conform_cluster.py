"""``gnomon conform infer`` at level cluster, on observations that are written down."""

from collections.abc import Sequence

import pytest

from gnomon.specs.conformance.cluster import run as cluster
from gnomon.specs.conformance.cluster.observation import Observation
from gnomon.specs.conformance.cluster.scenarios import Scenario
from tests.specs.conformance.cluster.test_judging import RESTART, TWICE, TWO, observed
from tests.support.command import Command, fault

SEEN = [
    observed("PUB-1", TWO, TWICE, 59),
    observed("FIRE-2", RESTART, [10, 20, 55, 65, 75, 85], 95),
    observed("FIRE-2", TWO, [], 59),
]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The scenarios that are run, in place of which `SEEN` is seen."""
    ids: list[str] = []

    def run(_: object, scenarios: Sequence[Scenario], __: object) -> cluster.Run:
        ids.extend(one.id for one in scenarios)
        observations: list[Observation] = SEEN
        return cluster.Run(SEEN[0].introduction, observations, [])

    monkeypatch.setattr("gnomon.specs.cli.conform_infer.cluster.run", run)
    return ids


def test_the_knobs_of_level_cluster(run: Command, asked: list[str]) -> None:
    result = run("conform", "infer", "gnomon-serve", "--level", "cluster")
    assert result.code == 0, result.err
    assert result.out.splitlines() == [
        "# 2 of 3 results of level cluster are explained by:",
        'cluster_instances = "each-runs-all"  # explains 1 more',
        'cluster_interval_grid = "from-the-restart"  # explains 1 more',
        "",
        "# Not explained; the smallest cases:",
        "gnomon conform gnomon-serve --only cluster/test",
    ]
    assert asked and not any(one.startswith("cluster/cron/") for one in asked)


def test_slow_scenarios_are_run_if_they_are_named(run: Command, asked: list[str]) -> None:
    result = run("conform", "infer", "gnomon-serve", "--only", "cluster/cron/*", "--json")
    assert len(asked) == 3 and all(one.startswith("cluster/cron/") for one in asked)
    assert result.json["explained_of_cluster"] == 2 and result.json["results_of_cluster"] == 3
    assert result.json["profile"]["cluster_instances"] == "each-runs-all"


def test_an_adapter_without_the_level(run: Command) -> None:
    line = fault(run("conform", "infer", "reference", "--level", "cluster"))
    assert line == "gnomon: reference: it has none of the levels cluster"
