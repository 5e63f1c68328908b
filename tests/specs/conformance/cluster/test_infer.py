"""The knobs of level cluster, found in observations whose behaviour is known."""

import pytest

from gnomon.specs.conformance.cluster.behaviour import DEFAULT, behaviour_of
from gnomon.specs.conformance.cluster.infer import infer, profile_of, takeover
from gnomon.specs.conformance.cluster.judging import judge
from gnomon.specs.conformance.cluster.observation import Observation
from tests.specs.conformance.cluster.test_judging import (
    MINUTES,
    ONCE,
    RESTART,
    TWICE,
    TWO,
    observed,
)

KILLED = f"{TWO}; killed 1 38"
CRON = "launched 1 0; ready 1 1; killed 1 105; launched 1 149; ready 1 150"


@pytest.mark.parametrize(
    ("observations", "profile"),
    [
        ([observed("PUB-1", TWO, ONCE, 59)], {}),
        ([observed("PUB-1", TWO, TWICE, 59)], {"cluster_instances": "each-runs-all"}),
        (
            [
                observed("FIRE-2", RESTART, [10, 20, 55, 65, 75, 85], 95),
                observed("LEAD-4", RESTART, [10, 20, 55, 65], 95),
            ],
            {"cluster_interval_grid": "from-the-restart"},
        ),
        ([observed("LEAD-4", RESTART, [10, 20, 60], 95)], {"cluster_interval_missed": "none"}),
        (
            [observed("LEAD-4", RESTART, [10, 20, 55, 55, 55, 60], 95)],
            {"cluster_interval_missed": "all"},
        ),
        (
            [observed("LEAD-4", CRON, [60, 180], 190, job=MINUTES)],
            {"cluster_cron_missed": "none"},
        ),
        (
            [observed("LEAD-3", KILLED, [10, 20, 30, 43.2], 70)],
            {"cluster_takeover": "4500ms"},
        ),
    ],
)
def test_the_knobs_that_explain_what_was_seen(
    observations: list[Observation], profile: dict[str, str]
) -> None:
    found = infer(observations)
    assert profile_of(found.behaviour) == profile
    assert found.behaviour == behaviour_of(profile)
    assert set(found.gains) == set(profile) and all(gain > 0 for gain in found.gains.values())
    assert found.explained == found.judged == len(observations) and found.left == []


def test_what_no_knob_explains_is_left() -> None:
    seen = [
        observed("PUB-1", TWO, [*TWICE, 46.0], 59),
        observed("PUB-1", TWO, ONCE, 59),
        observed("FIRE-2", TWO, [], 59),
        observed("FIRE-6", TWO, [10, 20], 30),
    ]
    found = infer(seen)
    assert found.behaviour == DEFAULT
    assert (found.explained, found.judged) == (1, 3)
    assert [result.rule for result in found.left] == ["PUB-1", "FIRE-2"]


def test_a_takeover_that_was_never_seen_is_not_declared() -> None:
    assert takeover([observed("LEAD-3", KILLED, [10, 20, 30], 70)]) is None
    assert takeover([observed("LEAD-3", f"{TWO}; stopping 1 38", [10, 40], 70)]) is None
    assert infer([observed("LEAD-3", KILLED, [10, 20, 30], 70)]).judged == 0


def test_the_takeover_holds_in_all_that_was_seen() -> None:
    seen = [observed("LEAD-3", KILLED, [10, 20, 30, at, 60], 70) for at in (40.2, 43.9, 47.0)]
    found = infer(seen)
    verdicts = {result.verdict for one in seen for result in judge(one, found.behaviour)}
    assert verdicts == {"holds"}
