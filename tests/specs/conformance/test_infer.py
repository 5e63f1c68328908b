"""Inference finds the dialect that was used, and shrinking the smallest case."""

import pytest

from gnomon.specs.conformance.dialects.infer import infer
from gnomon.specs.conformance.dialects.knobs import Dialect, dialect_of, profile_of
from gnomon.specs.conformance.judging import prediction
from gnomon.specs.conformance.shrink import shrink
from gnomon.specs.vectors.next_cases import read_cases
from tests.specs.conformance.questions import a_case

CASES = [case for case in read_cases() if case.id[-1] in "15"]


@pytest.mark.parametrize(
    "used",
    [
        {},
        {"gap": "shifted-first", "fold": "both", "real_time": "never"},
        {"day_fields": "both", "weekday_numbers": "monday-0", "step_on_number": "to-end"},
    ],
    ids=str,
)
def test_infer_finds_the_dialect_that_was_used(used: dict[str, str]) -> None:
    seen = {case.id: prediction(case, dialect_of(used)) for case in CASES}

    def score(dialect: Dialect) -> int:
        return sum(prediction(case, dialect) == seen[case.id] for case in CASES)

    found = infer(score)
    assert profile_of(found.dialect) == used
    assert found.explained == len(CASES)
    assert set(found.gains) == set(used)


def test_a_case_is_shrunk() -> None:
    """A scheduler that is wrong about every definition with the minute 30 in a zone."""
    start = "2024-03-09T12:00:00Z"
    case = a_case("0,30 2-4 10 3 *", "Europe/Warsaw", start, count=5)
    found = shrink(case, lambda one: "30" in str(one.cron).split()[0] and one.zone != "UTC")
    assert (found.cron, found.zone, found.count) == ("30 * * * *", "Europe/Warsaw", 1)


def test_a_case_that_cannot_be_smaller_stays() -> None:
    case = a_case("* * * * *", count=1)
    assert shrink(case, lambda _: True) == case
