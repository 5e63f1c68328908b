"""Inference finds the dialect that was used, and shrinking the smallest case."""

from hypothesis import given, settings
from hypothesis import strategies as st

from gnomon.specs.conformance.dialects.infer import infer
from gnomon.specs.conformance.dialects.knobs import KNOBS, Dialect, dialect_of, profile_of
from gnomon.specs.conformance.judging import prediction
from gnomon.specs.conformance.shrink import shrink
from gnomon.specs.vectors.next_cases import Case, answered, read_cases

CASES = [case for case in read_cases() if case.id[-1] in "1357"]


@settings(max_examples=3)
@given(st.dictionaries(st.sampled_from(sorted(KNOBS)), st.integers(0, 1), max_size=4))
def test_infer_finds_a_dialect_that_explains_all(chosen: dict[str, int]) -> None:
    used = dialect_of({knob: KNOBS[knob][at] for knob, at in chosen.items()})
    seen = {case.id: prediction(case, used) for case in CASES}

    def score(dialect: Dialect) -> int:
        return sum(prediction(case, dialect) == seen[case.id] for case in CASES)

    found = infer(score)
    assert found.explained == len(CASES)
    assert set(profile_of(found.dialect)) <= set(chosen)
    assert set(found.gains) == set(profile_of(found.dialect))


def test_a_case_is_shrunk() -> None:
    """A scheduler that is wrong about every definition with the minute 30 in a zone."""
    start = "2024-03-09T12:00:00Z"
    case = answered(Case("a", "FIRE-5", "", "0,30 2-4 10 3 *", "Europe/Warsaw", start, 5))
    found = shrink(case, lambda one: "30" in one.cron.split()[0] and one.zone != "UTC")
    assert (found.cron, found.zone, found.count) == ("30 * * * *", "Europe/Warsaw", 1)


def test_a_case_that_cannot_be_smaller_stays() -> None:
    case = answered(Case("a", "FIRE-4", "", "* * * * *", "UTC", "2026-01-01T00:00:00Z", 1))
    assert shrink(case, lambda _: True) == case
