"""Targets and growth, as people write them."""

from fractions import Fraction

import pytest

from gnomon.reference.schedule.clock import MILLISECOND, SECOND
from gnomon.simulator.sizing import growth
from gnomon.simulator.sizing.targets import Target, parse


@pytest.mark.parametrize(
    ("text", "target", "name"),
    [
        ("p99 wait <= 2s", Target("wait", 2 * SECOND, 99_000), "p99 wait"),
        ("P99.9  wait<=250ms", Target("wait", 250 * MILLISECOND, 99_900), "p99.9 wait"),
        ("longest wait ≤ 1m30s", Target("wait", 90 * SECOND), "longest wait"),
        ("backlog <= 100", Target("backlog", 100), "backlog"),
        ("utilisation <= 70%", Target("utilisation", 0.7), "utilisation"),
        ("misfires <= 0", Target("misfires", 0), "misfires"),
    ],
)
def test_a_target_is_read(text: str, target: Target, name: str) -> None:
    assert parse([text]) == [target] and target.name == name
    assert parse([str(target)]) == [target]


def test_several_targets() -> None:
    found = parse(["p99 wait <= 2s and backlog <= 3, misfires <= 0", "utilisation <= 50 %"])
    assert [target.kind for target in found] == ["wait", "backlog", "misfires", "utilisation"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "there is no target"),
        ("p99 wait", "has no limit"),
        ("p99 wait < 2s", "has no limit"),
        ("p0 wait <= 2s", "a percentile is above 0"),
        ("p101 wait <= 2s", "a percentile is above 0"),
        ("p99 wait <= 2", "2"),
        ("p99 wait <= soon", "soon"),
        ("speed <= 2s", "nothing is known of 'speed'"),
        ("backlog <= 1.5", "a whole number from 0"),
        ("backlog <= -1", "a whole number from 0"),
        ("utilisation <= 0.7", "a percentage"),
        ("utilisation <= 170%", "a percentage"),
        ("p99 wait <= 1s, p99 wait <= 2s", "given twice"),
    ],
)
def test_a_wrong_target_is_refused(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=r".") as refused:
        parse([text])
    assert problem in str(refused.value)


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["2x"], growth.Growth(factor=Fraction(2))),
        (["1.5x load"], growth.Growth(factor=Fraction(3, 2))),
        (["+20 jobs"], growth.Growth(jobs=20)),
        (["2x durations"], growth.Growth(stretch=Fraction(2))),
        (["2x, +3", "0.5x durations"], growth.Growth(Fraction(2), 3, Fraction(1, 2))),
    ],
)
def test_growth_is_read(texts: list[str], expected: growth.Growth) -> None:
    assert growth.parse(texts) == expected == growth.parse([str(expected)])


@pytest.mark.parametrize("text", ["", "2", "0x", "0.5x", "x", "-2 jobs", "2000x", "2x jobz"])
def test_a_wrong_growth_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        growth.parse([text])
