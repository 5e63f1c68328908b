"""The rules at their borders: each vector gets the verdict that it expects."""

import pytest

from gnomon.reference.history import History
from gnomon.specs.rules import RULES, judge
from gnomon.specs.vectors.reader import Vector
from tests.support.vectors import all_vectors

VECTORS = list(all_vectors().values())


def _broken(history: History) -> set[str]:
    return {id for id, finding in judge(history).items() if finding.violations}


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.id)
def test_a_vector_gets_the_verdict_that_it_expects(vector: Vector) -> None:
    findings = judge(vector.history)
    broken = {id for id, finding in findings.items() if finding.violations}
    if vector.expect == "broken":
        assert broken == {vector.rule}
        assert findings[vector.rule].examined >= 1
        return
    assert broken == set()
    if vector.expect == "excused":
        assert _broken(vector.history_without_faults) == {vector.rule}
    else:
        assert findings[vector.rule].verdict == vector.expect


def test_every_folder_is_named_after_a_rule() -> None:
    assert {vector.rule for vector in VECTORS} <= RULES.keys()


def test_every_vector_says_in_a_sentence_of_its_own_what_it_shows() -> None:
    sentences = [(vector.rule, vector.about) for vector in VECTORS]
    assert len(set(sentences)) == len(sentences)
    assert [about for _, about in sentences if not about.endswith(".")] == []
