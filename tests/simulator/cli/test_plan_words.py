"""The words of ``gnomon plan`` about losses that were not replayed, and about lost leaders."""

from collections.abc import Iterator, Sequence

import pytest
from msgspec.structs import replace

from gnomon.simulator.cli.plan import plan as command
from gnomon.simulator.cli.plan_words import losses_text, losses_unsure, sentence
from gnomon.simulator.sizing.losses.worst import MOST_MESSAGES
from gnomon.simulator.sizing.measure import Measured, Task, measure
from gnomon.simulator.sizing.search import Plan, Question, plan
from gnomon.simulator.sizing.targets import parse
from gnomon.specs.recording.commands import Execute
from gnomon.specs.recording.model import Recording
from tests.simulator.sizing.loads import START, job, recording

MESSAGES = 24
"""Of the recordings: six jobs, due every 17 s in a minute."""


def load(max_parallel: int | None = None) -> Recording:
    return replace(
        recording(), jobs=tuple(job(n, seconds=17, max_parallel=max_parallel) for n in range(6))
    )


def planned(given: Recording, replays: int, target: str = "longest wait <= 1h") -> Plan:
    """The plan of a cluster of two servers with two workers, with a budget of some replays."""

    def evaluate(tasks: Sequence[Task]) -> Iterator[Measured]:
        return (measure(replace(task, most_messages=MESSAGES * replays)) for task in tasks)

    question = Question(given, tuple(parse([target])), 1, range(2, 3), range(2, 3), 1)
    return plan(question, evaluate, lambda _: None)


def of_losses(found: Plan) -> str:
    return list(losses_text(found))[-1]


def test_all_losses_are_replayed_only_if_no_loss_is_left() -> None:
    """The two losses of an instant: with the leader, and without."""
    whole = planned(load(max_parallel=9), 1000)
    assert of_losses(whole).endswith("that can matter: all of them.")
    assert whole.answer is not None
    number = len(whole.answer.measured[0].with_losses)
    short = planned(load(max_parallel=9), number - 1)
    text = of_losses(short)
    assert "all of them" not in text and "1 loss was not replayed" in text
    assert "not sure" not in sentence(whole) and not losses_unsure(whole)
    assert sentence(short).endswith("; that is not sure, as 1 loss was not replayed.")


def test_the_reason_is_given_where_nothing_is_certain() -> None:
    limited = of_losses(planned(load(max_parallel=9), 8))
    assert "those with most at stake first" in limited
    assert limited.endswith("because a job has max_parallel.")
    run = Execute(at=START + 18_000_000, job="j0")
    changed = of_losses(planned(replace(load(), commands=(run,)), 8))
    assert "those that are estimated to be worst first" in changed
    assert changed.endswith("because commands change or run jobs.")


@pytest.mark.parametrize(("limit", "is_sure"), [(30, True), (29, False)])
def test_an_estimate_beyond_the_limit_leaves_the_answer_unsure(limit: int, is_sure: bool) -> None:
    found = planned(load(), 8, f"longest wait <= {limit}s")
    assert found.answer is not None
    (one,) = found.answer.measured
    changed = replace(one, left=3, at_most=(29.5e6,), doubt=None)
    answer = found.answer._replace(measured=(changed,))
    unsure = found._replace(candidates={answer.shape: answer})
    assert (losses_unsure(unsure) == 0) is is_sure
    assert ("not sure, as 3 losses were not replayed" in sentence(unsure)) is not is_sure
    if not is_sure:
        assert "estimates longest wait up to 29.5 s with the others" in of_losses(unsure)


@pytest.mark.parametrize("is_leader", [True, False])
def test_a_failure_is_blamed_on_the_leader_only_if_the_leader_was_lost(is_leader: bool) -> None:
    found = planned(load(), 8, "longest wait <= 4s")
    failure = found.nearest_failure
    assert found.answer is None and failure is not None
    assert failure.measured[0].with_losses
    losses = tuple(
        (f"s1 ({'the leader' if is_leader else 'not the leader'}) lost", figures)
        for figures in failure.measured[0].all
    )
    changed = failure._replace(measured=(replace(failure.measured[0], with_losses=losses),))
    blamed = found._replace(candidates={changed.shape: changed})
    assert ("LEAD-3" in sentence(blamed)) is is_leader


def test_the_help_has_the_budget() -> None:
    assert f"{MOST_MESSAGES:,} messages" in str(command.__doc__)
