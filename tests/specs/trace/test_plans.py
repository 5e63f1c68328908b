"""What each job owed and got: the short way and the long way give the same answers."""

from functools import cache

import pytest

from gnomon.specs.notation.parser import read_examples
from gnomon.specs.spec_text import sections
from gnomon.specs.trace import plans
from gnomon.specs.trace.entities import Stage
from gnomon.specs.trace.trace import Trace

QUESTIONS = (
    plans.count_up_to_cursor,
    plans.ahead_of_cursor,
    plans.without_outcome,
    plans.first_outcomes,
    plans.current_outcomes,
    plans.not_due,
)


@cache
def traces() -> list[Trace]:
    """The histories of all examples in the specification."""
    examples = (example for section in sections().values() for example in section.examples)
    return [Trace(history) for example in examples for history in read_examples(example.text)]


def test_there_are_stages_of_both_kinds() -> None:
    followed = [plans.follows_plan(trace, stage) for trace in traces() for stage in trace.stages]
    assert followed.count(True) > 50 and followed.count(False) > 5


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.__name__)
def test_a_stage_that_follows_its_plan_can_be_asked_either_way(question: object) -> None:
    assert callable(question)
    for trace in traces():
        for stage in trace.stages:
            if plans.follows_plan(trace, stage) and not _has_outdated(stage):
                short = question(trace, stage)
                stage.follows_plan = False
                assert question(trace, stage) == short, stage.job
                stage.follows_plan = True


def _has_outdated(stage: Stage) -> bool:
    return any(stage.is_outdated(event) for _, event in stage.outcomes)


def test_an_ascending_plan_can_be_asked_either_way() -> None:
    found = 0
    for trace in traces():
        for plan in plans.plans(trace):
            if plan.is_ascending:
                short = _answers(plan)
                plan.is_ascending = False
                assert _answers(plan) == short
                found += 1
    assert found > 50


def _answers(plan: plans.Plan) -> tuple[object, ...]:
    return plan.instants_published(), list(plan.repetitions()), list(plan.inversions())
