"""``gnomon explore`` from end to end: what it says, and 0, 1 or 2."""

import os
import signal
from multiprocessing import get_context

import pytest

from gnomon.simulator.cli import explore, side_by_side
from gnomon.simulator.cli.side_by_side import Reached, explore_side_by_side
from gnomon.simulator.explore.explorer import Found, Progress, Search
from gnomon.simulator.explore.scopes import SCOPES
from gnomon.simulator.mutants import BY_NAME
from gnomon.simulator.mutants.patch import patched
from tests.simulator.explore.test_explorer import TINY
from tests.support.command import Command, faults

NO_FENCING = BY_NAME["no fencing"]
FORK = get_context("fork")
"""Makes processes in which what a test has replaced is replaced, too."""


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


class Killed(Search):
    """An exploration whose process is killed."""

    def run(self, progress: Progress = lambda *_: None) -> Found:
        progress(0, 1, 1)
        os.kill(os.getpid(), signal.SIGKILL)
        return super().run(progress)


class InTurn(Search):
    """An exploration of the scope "first" that ends after the one of "second"."""

    second_has_ended = FORK.Event()

    def run(self, progress: Progress = lambda *_: None) -> Found:
        found = super().run(progress)
        if found.scope.name == "second":
            self.second_has_ended.set()
        elif not self.second_has_ended.wait(60):
            raise TimeoutError
        return found


def test_scopes_are_explored_side_by_side_with_results_in_their_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(side_by_side, "Search", InTurn)
    monkeypatch.setattr(side_by_side, "get_context", lambda _: FORK)
    reached: list[Reached] = []
    scopes = [TINY[2]._replace(name=name) for name in ("first", "second")]
    explored = list(explore_side_by_side(scopes, 2, reached.append))
    assert [each.found.scope for each in explored] == scopes
    assert explored[0].found.states == explored[1].found.states > 2_000
    assert {at.scope for at in reached} == {"first", "second"}


def test_a_process_that_is_killed_is_an_error(
    gnomon: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(side_by_side, "Search", Killed)
    monkeypatch.setattr(side_by_side, "get_context", lambda _: FORK)
    (fault,) = faults(gnomon("explore"))
    assert fault == (
        "gnomon: explore: the process of scope tiny ended by signal 9, perhaps for lack of memory"
    )
