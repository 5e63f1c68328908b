"""``gnomon explore`` from end to end: what it says, and 0, 1 or 2."""

import pytest

from gnomon.simulator.cli import explore
from gnomon.simulator.explore.scopes import SCOPES
from gnomon.simulator.mutants import BY_NAME
from gnomon.simulator.mutants.patch import patched
from tests.simulator.explore.test_explorer import TINY
from tests.support.command import Command, faults

NO_FENCING = BY_NAME["no fencing"]


@pytest.fixture
def gnomon(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    scopes = {"tiny": TINY[2]._replace(name="tiny"), "small": TINY[0]._replace(name="small")}
    monkeypatch.setattr(explore, "SCOPES", scopes)
    return Command(monkeypatch, capsys)


def test_explore_says_what_came_of_each_scope(gnomon: Command) -> None:
    said = gnomon("explore")
    assert said.code == 0
    assert said.out.startswith("scope")
    assert "tiny: one reply of the store is lost\n" in said.out
    assert "2 servers × 1 worker × 1 job × 1 occurrence\n" in said.out
    assert said.out.count("no violation") == 2
    assert [line.split(" in ")[0] for line in said.err.splitlines()] == [
        "explored tiny",
        "explored small",
    ]


def test_explore_for_machines(gnomon: Command) -> None:
    (told,) = gnomon("explore", "--scope", "tiny", "--json").json
    assert told["scope"] == "tiny" and told["counterexample"] is None
    assert told["ends"] == told["histories_judged"] > 0
    assert told["states"] > 2_000 and told["states_per_second"] > 0
    assert {"transitions", "depth", "took_us", "steps_of_stores", "steps_of_servers"} <= told.keys()


def test_explore_tells_a_counterexample_step_by_step(
    gnomon: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(explore, "SCOPES", {"pause": SCOPES["pause"]})
    with patched(NO_FENCING):
        said = gnomon("explore")
        (told,) = gnomon("explore", "--json").json
    assert said.code == 1
    assert "\n    1.   0 µs  the store takes Join (process 1) of s1\n" in said.out
    steps, why = told["counterexample"]["steps"], told["counterexample"]["why"]
    assert steps[0] == {"after": 0, "what": "the store takes Join (process 1) of s1"}
    assert said.out.rstrip().endswith(f"{len(steps)}.  3.5 s  {steps[-1]['what']}\n  {why}")
    assert why == "LEAD-2: message 3 of s2 in epoch 1: it does not lead"


def test_an_unknown_scope_is_refused(gnomon: Command) -> None:
    (fault,) = faults(gnomon("explore", "--scope", "huge"))
    assert fault == "gnomon: --scope: there is no such scope; known are tiny, small"
