"""How many seeds decide."""

from itertools import islice

import pytest
from msgspec.structs import replace

from gnomon.simulator.sizing.figures import Figures
from gnomon.simulator.sizing.measure import Measured
from gnomon.simulator.sizing.sampling import (
    decide,
    draws,
    first_seeds,
    interval,
    looks,
    seeds_of,
    student_t,
)
from gnomon.simulator.sizing.targets import parse
from gnomon.specs.recording.commands import DisturbServer
from gnomon.specs.recording.model import ClusterSpec, Lognormal
from tests.simulator.sizing.loads import START, recording

NOTHING = Figures((), 0, 0, 0, 0, 0, 0.0, 0, 0, 0, 0, 0)


def measured(*values: float) -> list[Measured]:
    """What was measured with some seeds, with one target."""
    return [Measured(replace(NOTHING, targeted=(value,))) for value in values]


@pytest.mark.parametrize(
    ("freedom", "probability", "expected"),
    [
        (1, 0.975, 12.706), (2, 0.975, 4.303), (4, 0.975, 2.776), (9, 0.975, 2.262),
        (30, 0.975, 2.042), (120, 0.975, 1.980), (1, 0.995, 63.657), (4, 0.995, 4.604),
        (5, 0.95, 2.015),
    ],
)  # fmt: skip
def test_quantiles_are_those_of_printed_tables(
    freedom: int, probability: float, expected: float
) -> None:
    assert round(student_t(probability, freedom), 3) == expected


def test_a_mean_is_decided_once_its_interval_is_on_one_side() -> None:
    targets = parse(["p99 wait <= 100us"])
    assert decide(targets, measured(90, 91, 92, 90, 91)) == "meets"
    assert decide(targets, measured(110, 111, 112, 110, 111)) == "fails"
    assert decide(targets, measured(90, 120, 80, 99, 95)) == "undecided"
    mean, low, high = interval(targets[0], 0, measured(90, 120, 80, 99, 95))
    assert low < mean < high and low + high == pytest.approx(2 * mean)


def test_a_maximum_must_be_met_with_every_seed() -> None:
    targets = parse(["longest wait <= 100us"])
    assert decide(targets, measured(10, 100, 50)) == "meets"
    assert decide(targets, measured(10, 101, 50)) == "fails"
    assert interval(targets[0], 0, measured(10, 101, 50)) == (101, 10, 101)


def test_one_target_that_fails_decides() -> None:
    targets = parse(["p99 wait <= 100us", "backlog <= 3"])
    figures = replace(NOTHING, targeted=(90.0, 4.0))
    assert decide(targets, [Measured(figures)]) == "fails"


def test_a_loss_counts_if_it_is_worse() -> None:
    targets = parse(["p99 wait <= 100us"])
    fine, late = (replace(NOTHING, targeted=(value,)) for value in (10.0, 200.0))
    lossy = Measured(fine, (("a", fine), ("b", late)))
    assert decide(targets, [lossy]) == "fails" and lossy.worst_loss(0) == "b"
    assert Measured(late, (("a", fine),)).worst_loss(0) is None


def test_the_first_seed_is_that_of_the_recording() -> None:
    assert first_seeds(replace(recording(), seed=5), 4) == [5, 6, 7, 9]
    assert looks(5) == [5, 10, 20, 40]
    assert len(set(islice(seeds_of(recording()), 100))) == 100


def test_only_some_recordings_draw_at_random() -> None:
    fixed = recording()
    spread = Lognormal(1000, 2000)
    assert not draws(fixed)
    assert draws(replace(fixed, cluster=ClusterSpec(latency=spread)))
    assert draws(replace(fixed, services=(replace(fixed.services[0], duration=spread),)))
    fault = DisturbServer(at=START, server="s1", duration=10, lose=5)
    assert draws(replace(fixed, commands=(fault,)))
