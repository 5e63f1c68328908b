"""Each scenario gets a verdict for each rule, by what was seen and what was declared."""

import pytest

from gnomon.specs.conformance.behaviour.knobs import DEFAULT, KNOBS, Behaviour
from gnomon.specs.conformance.behaviour.model import predict
from gnomon.specs.conformance.dialects.knobs import DEFAULT as DIALECT
from gnomon.specs.conformance.judging import Verdict
from gnomon.specs.conformance.process import Failure
from gnomon.specs.conformance.protocol import Error, Job, Known, Refused, Unsupported
from gnomon.specs.conformance.tick.judging import RULES, as_observation, judge
from gnomon.specs.conformance.tick.observation import Observation
from gnomon.specs.conformance.tick.scenarios import Advance, Create, Pause, Restart, read_scenarios
from tests.specs.conformance.tick.seen import DONE, at, every, runs, seen

LATER = Behaviour(first_firing="after-an-interval")
PLAN = (every(10), DONE), (Advance(25), runs("a", 0, 10, 20))
LATE = (every(10), DONE), (Advance(25), runs("a", 10, 20))
ODD = (every(10), DONE), (Advance(25), runs("a", 3, 13, 23))


def verdicts(observation: Observation, behaviour: Behaviour = DEFAULT) -> dict[str, Verdict]:
    return {one.rule: one.verdict for one in judge(observation, behaviour, DIALECT)}


@pytest.mark.parametrize(
    ("observation", "behaviour", "verdict"),
    [
        (seen(*PLAN), DEFAULT, "holds"),
        (seen(*PLAN), LATER, "declared but not so"),
        (seen(*LATE), LATER, "differs as declared"),
        (seen(*LATE), DEFAULT, "broken"),
        (seen(*ODD), LATER, "declared but not so"),
        (seen((every(10), Unsupported(1, "intervals"))), DEFAULT, "not observable"),
        (seen((Create(Job("a", at=at(50))), DONE)), DEFAULT, "not exercised"),
    ],
)
def test_a_rule_gets_one_of_six_verdicts(
    observation: Observation, behaviour: Behaviour, verdict: Verdict
) -> None:
    assert verdicts(observation, behaviour)["FIRE-2"] == verdict


def test_a_result_says_what_was_expected_declared_and_seen() -> None:
    (first, *_) = judge(seen(*LATE), LATER, DIALECT)
    assert first.rule == "FIRE-2" and first.case == "group/name" and first.question == "A scenario."
    assert first.expected == ("a: 2026-01-05T00:00:00Z, 2026-01-05T00:00:10Z, 2026-01-05T00:00:20Z")
    assert first.declared == "a: 2026-01-05T00:00:10Z, 2026-01-05T00:00:20Z"
    assert "due at 2026-01-05T00:00:00Z, and nothing came of it" in first.seen


def test_a_suspect_names_the_public_issue_that_the_adapter_knows() -> None:
    url = "https://example.org/1"
    known = [Known("FIRE-2", "group/*", url)]
    (result,) = (r for r in judge(seen(*LATE, known=known), DEFAULT, DIALECT) if r.rule == "FIRE-2")
    assert (result.url, result.is_suspect) == (url, False)
    (result,) = (r for r in judge(seen(*LATE), DEFAULT, DIALECT) if r.rule == "FIRE-2")
    assert (result.url, result.is_suspect) == (None, True)


@pytest.mark.parametrize("end", [Failure("hang", "no reply"), Error(1, "Traceback\nKeyError: 1")])
def test_a_hang_or_an_error_breaks_the_first_rule_of_the_scenario(end: Failure | Error) -> None:
    found = verdicts(seen((every(10), DONE), (Advance(25), end), rules=["PUB-1", "FIRE-2"]))
    assert found == {"PUB-1": "broken", "FIRE-2": "not exercised"}


def test_a_request_that_is_refused_is_declared_or_not() -> None:
    past = (Create(Job("a", at=at(-30))), Refused(1, "too late"))
    refuses = Behaviour(one_time_past="refused")
    assert verdicts(seen(past, rules=["FIRE-1"]), refuses) == {"FIRE-1": "differs as declared"}
    assert verdicts(seen(past, rules=["FIRE-1"])) == {"FIRE-1": "broken"}
    accepted = (Create(Job("a", at=at(-30))), DONE), (Advance(9), runs("a", 0))
    assert verdicts(seen(*accepted, rules=["FIRE-1"]), refuses)["FIRE-1"] == "declared but not so"


def test_what_is_missing_at_the_end_does_not_hide_what_was_broken_before() -> None:
    found = verdicts(seen(*LATE, (Pause("a"), Unsupported(1, "pause")), rules=["FIRE-9"]))
    assert found["FIRE-2"] == "broken"
    assert found["FIRE-9"] == "not observable"


def test_no_behaviour_declares_that_a_payload_changes() -> None:
    stripped = runs("a", 10, 20)
    observation = seen(
        (every(10, payload=" x"), DONE), (Advance(25), stripped), observes=["payload"]
    )
    assert verdicts(observation, LATER)["RUN-4"] == "broken"


def test_a_scheduler_that_declares_to_catch_up_with_all_is_judged_by_that_policy() -> None:
    everything = Behaviour(catch_up="all")
    steps = (*PLAN, (Restart("kill", 20), DONE), (Advance(3), runs("a", 45, 45)))
    assert set(verdicts(seen(*steps), everything).values()) == {"holds"}
    assert verdicts(seen(*steps))["PUB-1"] == "broken"
    lost = (*PLAN, (Restart("kill", 20), DONE), (Advance(3), runs("a", 45)))
    assert verdicts(seen(*lost), everything)["LEAD-4"] == "declared but not so"


SCENARIOS = read_scenarios()
SETTINGS = [DEFAULT, *(Behaviour(**{knob: value}) for knob, values in KNOBS.items()  # type: ignore[arg-type]
                       for value in values[1:])]  # fmt: skip


@pytest.mark.parametrize("behaviour", SETTINGS, ids=str)
def test_a_scheduler_that_does_what_it_declares_is_never_suspect(behaviour: Behaviour) -> None:
    for scenario in SCENARIOS[:: 1 if behaviour is DEFAULT else 7]:
        nothing = seen(*((action, DONE) for action in scenario.actions))
        asked = Observation(scenario, nothing.introduction, DONE, nothing.replies)
        observation = as_observation(predict(scenario, behaviour, DIALECT), asked)
        found = judge(observation, behaviour, DIALECT)
        assert [one for one in found if one.verdict in ("broken", "declared but not so")] == []
        if behaviour is DEFAULT:
            assert "differs as declared" not in {one.verdict for one in found}


def test_every_rule_of_a_scenario_is_a_rule_of_the_level() -> None:
    assert {rule for scenario in SCENARIOS for rule in scenario.rules} <= RULES.keys()
