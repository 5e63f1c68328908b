"""The search, with replays that are made up: which seeds are added, and which answer is chosen."""

from collections.abc import Callable, Iterator, Sequence

import pytest
from msgspec.structs import replace

from gnomon.reference.schedule.clock import SECOND
from gnomon.simulator.cli.plan_words import Answered, sentence
from gnomon.simulator.sizing.figures import Figures
from gnomon.simulator.sizing.measure import Measured, Shape, Task
from gnomon.simulator.sizing.sampling import Decision
from gnomon.simulator.sizing.search import Candidate, Plan, Question, least_servers, plan
from gnomon.simulator.sizing.targets import parse
from gnomon.specs.recording.commands import CrashServer, Create, PauseServer
from gnomon.specs.recording.model import Lognormal, Recording
from tests.simulator.sizing.loads import START, recording

Value = Callable[[Shape, int], float]
"""The value of the target of a cluster with a seed."""
FIXED = recording()
RANDOM = replace(FIXED, services=(replace(FIXED.services[0], duration=Lognormal(1000, 2000)),))


def planned(value: Value, chosen: Recording = FIXED, seeds: int = 2) -> Plan:
    """The plan for clusters that have that value; the target is at most 100 µs."""

    def evaluate(tasks: Sequence[Task]) -> Iterator[Measured]:
        nothing = Figures((), 1, 0, 0, 0, 0, 0.0, 0, 0, 0, 0, 0)
        for task in tasks:
            yield Measured(replace(nothing, targeted=(value(task.shape, task.seed),)))

    targets = tuple(parse(["p50 wait <= 100us"]))
    question = Question(chosen, targets, 0, range(1, 5), range(1, 9), seeds)
    return plan(question, evaluate, lambda _: None)


def test_of_equal_clusters_the_one_with_the_servers_of_the_recording_is_the_answer() -> None:
    found = planned(lambda shape, _: 1200 / shape.in_all)
    assert found.smallest == [Shape(2, 6), Shape(3, 4), Shape(4, 3)]
    assert found.answer is not None and found.answer.shape == Shape(2, 6)
    assert found.nearest_failure is not None and found.nearest_failure.shape == Shape(2, 5)
    assert sentence(found).startswith(
        "2 servers × 6 workers: p50 wait 100 µs; 3 × 4 and 4 × 3 also"
    )


def test_one_replay_decides_where_nothing_is_random() -> None:
    found = planned(lambda shape, _: 1200 / shape.in_all, seeds=5)
    assert {len(one.measured) for one in found.candidates.values()} == {1}


def test_seeds_are_added_only_where_it_is_close() -> None:
    """Clusters of 12 workers have 90 to 110 with every other seed; the others are clear."""

    def value(shape: Shape, seed: int) -> float:
        return {12: 85.0 + 20 * (seed % 2)}.get(shape.in_all, 1200 / shape.in_all - 10)

    found = planned(value, RANDOM)
    seeds = {one.shape.in_all: len(one.measured) for one in found.candidates.values()}
    assert seeds.pop(12) > 2 and set(seeds.values()) == {2}


def test_what_is_not_decided_does_not_count_as_met() -> None:
    found = planned(lambda _, seed: 0.0 if seed % 2 else 200.0, RANDOM)
    assert found.answer is None
    assert {one.decision for one in found.candidates.values()} == {"undecided"}
    assert {len(one.measured) for one in found.candidates.values()} == {16}
    assert "4 × 8 is not decided after 16 seeds: p50 wait" in sentence(found)


def test_a_larger_cluster_that_does_worse_is_reported() -> None:
    found = planned(lambda *_: 0)
    decisions: dict[Shape, Decision] = {
        Shape(1, 2): "meets",
        Shape(2, 1): "fails",
        Shape(2, 2): "fails",
        Shape(3, 3): "undecided",
    }
    made = {shape: Candidate(shape, decision, ()) for shape, decision in decisions.items()}
    assert found.contradictions == []
    assert found._replace(candidates=made).contradictions == [(Shape(1, 2), Shape(2, 2))]


def test_servers_that_commands_name_cannot_be_left_out() -> None:
    crash = CrashServer(at=START, server="s4")
    assert least_servers(replace(FIXED, commands=(crash,)), survive=1) == 4
    assert least_servers(FIXED, survive=4) == 5
    assert least_servers(FIXED, survive=0) == 1


@pytest.mark.parametrize("has_faults", [True, False])
def test_faults_are_named_as_a_doubt(has_faults: bool) -> None:
    create = Create(at=START, job="a", set={"job_type": "one_time", "service": "work"})
    pause = PauseServer(at=START, server="s1", duration=SECOND)
    chosen = replace(FIXED, commands=(pause if has_faults else create,))
    assert planned(lambda *_: 0, chosen).question.has_faults == has_faults


def test_a_load_that_has_grown_is_confirmed_by_its_file() -> None:
    found = planned(lambda *_: 0)
    command = "gnomon replay 'my load.toml' --servers 1 --workers 1"
    assert Answered(found, None, "my load.toml", (), 0).command == command
    assert Answered(found, None, "my load.toml", ("2x",), 0).command is None
