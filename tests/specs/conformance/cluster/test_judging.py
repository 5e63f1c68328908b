"""The verdicts of level cluster, from observations that are written down here."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gnomon.reference.events import Fired, JobCreated, JobEdited
from gnomon.reference.schedule.clock import SECOND, read_instant, write_instant
from gnomon.specs.conformance.cluster.behaviour import DEFAULT, KNOBS, behaviour_of
from gnomon.specs.conformance.cluster.history import history_of
from gnomon.specs.conformance.cluster.judging import RULES, judge
from gnomon.specs.conformance.cluster.observation import Event, Observation
from gnomon.specs.conformance.cluster.scenarios import Deploy, Scenario, Wait, read_scenarios
from gnomon.specs.conformance.cluster.slots import Slots
from gnomon.specs.conformance.dialects.knobs import ProfileError
from gnomon.specs.conformance.judging import Result
from gnomon.specs.conformance.process import Failure
from gnomon.specs.conformance.protocol import (
    Error,
    Firing,
    Implementation,
    Introduction,
    Job,
    Known,
    Refused,
    Unsupported,
)
from gnomon.specs.rules import judge as judge_history

START = read_instant("2026-01-01T00:00:00Z")
TWO = "launched 1 0; ready 1 1; launched 2 24; ready 2 25"
"""Instance 1 is ready after a second, instance 2 half an interval of ten seconds after a firing."""


def observed(rule: str, events: str, firings: list[float], ended: float, **own: Any) -> Observation:
    """An observation: events as ``kind instance second``, and the seconds of firings."""
    job = own.pop("job", Job("j", every=10, payload="old"))
    payload = own.pop("payload", {})
    due = own.pop("due", {})
    known = own.pop("known", ())
    happened = [text.split() for text in events.split(";")] if events else []
    scenario = Scenario("cluster/test", "About.", (rule,), 2, job, (Wait(1),))
    who = Implementation("it", "1", "python")
    return Observation(
        scenario,
        Introduction(1, 1, who, ("cluster",), known=known),
        tuple(
            Event(START + round(float(at) * SECOND), kind, int(number))  # type: ignore[arg-type]
            for kind, number, at in happened
        ),
        tuple(
            Firing(
                "j", instant(at), instant(due[at]) if at in due else None, payload.get(at, "old")
            )
            for at in firings
        ),
        START + round(ended * SECOND),
        **own,
    )


def instant(second: float) -> str:
    return write_instant(START + round(second * SECOND))


def judged(observation: Observation, **knobs: str) -> Result:
    profile = {f"cluster_{knob}": value for knob, value in knobs.items()}
    (result,) = judge(observation, behaviour_of(profile))
    return result


def outcome(observation: Observation, **knobs: str) -> tuple[str, str]:
    result = judged(observation, **knobs)
    return result.verdict, result.seen


# --- PUB-1

ONCE = [10.1, 20.0, 30.0, 40.2, 50.1]
TWICE = [10.1, 20.0, 30.0, 35.0, 40.2, 45.0, 50.1, 55.0]


@pytest.mark.parametrize(
    ("firings", "instances", "verdict"),
    [
        (ONCE, "one-leads", "holds"),
        (ONCE, "each-runs-all", "declared but not so"),
        (TWICE, "one-leads", "broken"),
        (TWICE, "each-runs-all", "differs as declared"),
        ([*TWICE, 46.0], "each-runs-all", "declared but not so"),
        ([], "one-leads", "not exercised"),
    ],
)
def test_an_occurrence_runs_once(firings: list[float], instances: str, verdict: str) -> None:
    result = judged(observed("PUB-1", TWO, firings, 59), instances=instances)
    assert result.verdict == verdict
    if firings is TWICE:
        assert result.seen == "up to 2 times: 3 of 5 occurrences ran more than once"


def test_a_run_that_is_late_by_a_slot_is_no_second_one() -> None:
    late = [10, 20, 30, 51, 51.5, 60]
    assert outcome(observed("PUB-1", TWO, late, 65)) == ("holds", "once")
    assert judged(observed("PUB-1", TWO, [*late, 52], 65)).verdict == "broken"


def test_one_instance_alone_never_doubles() -> None:
    alone = observed("PUB-1", "launched 1 0; ready 1 1", [10, 20, 25, 30], 39)
    assert judged(alone, instances="each-runs-all").verdict == "broken"


# --- FIRE-2 and FIRE-4

RESTART = "launched 1 0; ready 1 1; killed 1 28; launched 1 54; ready 1 55"


@pytest.mark.parametrize(
    ("later", "knob", "verdict"),
    [
        ([55, 60, 70, 80], "kept", "holds"),
        ([55, 65, 75, 85], "kept", "broken"),
        ([55, 65, 75, 85], "from-the-restart", "differs as declared"),
        ([55, 60, 70, 80], "from-the-restart", "declared but not so"),
        ([60, 70], "kept", "broken"),
    ],
)
def test_an_interval_job_keeps_its_grid(later: list[float], knob: str, verdict: str) -> None:
    seen = observed("FIRE-2", RESTART, [10, 20, *later], 95)
    assert judged(seen, interval_grid=knob).verdict == verdict


def test_missing_occurrences_are_counted() -> None:
    seen = observed("FIRE-2", "launched 1 0; ready 1 1", [10, 20, 40, 60], 75)
    assert outcome(seen) == ("broken", "occurrences are missing: 2 of 5 while nothing happened")
    assert outcome(observed("FIRE-2", "launched 1 0; ready 1 1", [], 75)) == (
        "broken",
        "it never ran",
    )
    assert judged(observed("FIRE-2", RESTART, [10, 20, 55, 60, 70, 80], 88)).verdict == "holds"


def test_one_late_run_is_no_other_grid() -> None:
    seen = observed("FIRE-2", RESTART, [10, 20, 55, 60, 73, 80], 95)
    assert judged(seen).verdict == "holds"


MINUTES = Job("j", cron="* * * * *", payload="old")


def test_a_cron_job_runs_each_minute() -> None:
    one = "launched 1 0; ready 1 1"
    assert judged(observed("FIRE-4", one, [60.1, 120, 180], 230, job=MINUTES)).verdict == "holds"
    seen = observed("FIRE-4", one, [60.1, 180], 230, job=MINUTES)
    assert outcome(seen) == ("broken", "occurrences are missing: 1 of 1 while nothing happened")


# --- FIRE-6 and FIRE-8


def test_a_run_before_it_is_due() -> None:
    one = "launched 1 0; ready 1 1"
    seen = observed("FIRE-6", one, [59.8, 120], 130, job=MINUTES)
    assert outcome(seen) == ("broken", "early: 1 runs, by up to 0.20 s")
    assert judged(observed("FIRE-6", one, [61, 120], 130, job=MINUTES)).verdict == "holds"
    assert judged(observed("FIRE-6", one, [10, 20], 30)).verdict == "not observable"
    assert judged(observed("FIRE-6", one, [10, 20], 30, due={10: 9, 20: 20})).verdict == "holds"
    assert judged(observed("FIRE-6", one, [10, 20], 30, due={10: 11})).verdict == "broken"


EDIT = "launched 1 0; ready 1 1; launched 2 27; killed 1 28; ready 2 29; edited 2 29"


def test_after_an_edit_the_new_definition_alone_runs() -> None:
    firings = [10.0, 20, 29.5, 40, 50]
    new = {40: "new", 50: "new"}
    assert judged(observed("FIRE-8", EDIT, firings, 55, payload=new)).verdict == "holds"
    seen = observed("FIRE-8", EDIT, firings, 55, payload={50: "new"})
    assert outcome(seen) == ("broken", "the earlier one, too: 1 of 2 runs")
    assert judged(observed("FIRE-8", EDIT, firings[:3], 55)).seen == "nothing ran after the edit"
    hidden = observed("FIRE-8", EDIT, firings, 55, payload={40: None})
    assert judged(hidden).verdict == "not observable"
    assert judged(observed("FIRE-8", TWO, firings, 55)).verdict == "not exercised"


# --- LEAD-3 and LEAD-4


@pytest.mark.parametrize(
    ("harm", "later", "ended", "verdict"),
    [
        ("killed 1 38", [41.2, 50], 60, "holds"),
        ("killed 1 38", [44, 50], 60, "holds"),
        ("killed 1 38", [44.1, 50], 60, "broken"),
        ("killed 1 38", [], 60, "broken"),
        ("killed 1 38", [], 43, "not exercised"),
        ("paused 1 38; resumed 1 58", [59], 70, "broken"),
        ("paused 1 38; resumed 1 58", [43, 50, 59], 70, "holds"),
        ("stopping 1 38; stopped 1 38", [40.5, 50], 70, "holds"),
        ("stopping 1 38; stopped 1 38", [43, 50], 70, "broken"),
    ],
)
def test_another_instance_takes_over(
    harm: str, later: list[float], ended: float, verdict: str
) -> None:
    seen = observed("LEAD-3", f"{TWO}; {harm}", [10, 20, 30, *later], ended)
    assert judged(seen, takeover="5s").verdict == verdict


def test_a_takeover_that_cannot_be_judged() -> None:
    killed = f"{TWO}; killed 1 38"
    undeclared = judged(observed("LEAD-3", killed, [10, 20, 30, 40], 60))
    assert undeclared.verdict == "not observable" and "no time is declared" in undeclared.seen
    each = judged(observed("LEAD-3", killed, [10, 20, 30, 35, 45, 55], 60), takeover="5s")
    assert each.verdict == "not observable" and "every instance runs all" in each.seen
    assert judged(observed("LEAD-3", RESTART, [10, 20], 60)).verdict == "not exercised"


@pytest.mark.parametrize(
    ("later", "knob", "verdict"),
    [
        ([55, 60], "latest", "holds"),
        ([60, 70], "none", "differs as declared"),
        ([60, 70], "latest", "broken"),
        ([55, 55, 55, 60], "all", "differs as declared"),
        ([55, 55, 60], "all", "declared but not so"),
        ([55, 60], "all", "declared but not so"),
    ],
)
def test_what_was_missed_is_made_up(later: list[float], knob: str, verdict: str) -> None:
    seen = observed("LEAD-4", RESTART, [10, 20, *later], 95)
    assert judged(seen, interval_missed=knob).verdict == verdict
    assert judged(seen, interval_missed=knob).expected == "1 run for 3 missed"


def test_cron_jobs_have_a_knob_of_their_own() -> None:
    events = "launched 1 0; ready 1 1; killed 1 105; launched 1 149; ready 1 150"
    seen = observed("LEAD-4", events, [60, 180], 190, job=MINUTES)
    assert judged(seen, cron_missed="none").verdict == "differs as declared"
    seen = observed("LEAD-4", events, [60, 150.5, 180], 190, job=MINUTES)
    assert outcome(seen) == ("holds", "1 run for 1 missed: 30.50 s late")
    assert judged(observed("LEAD-4", TWO, [10, 20], 30)).verdict == "not exercised"


# --- failures, public issues, profiles


def test_a_scenario_that_could_not_be_carried_out() -> None:
    crash = observed("PUB-1", TWO, ONCE, 59, failure=Failure("crash", "instance 1: no broker"))
    assert outcome(crash) == ("broken", "crash: instance 1: no broker")
    for failure in (Unsupported(1, "seconds"), Refused(1, "too short")):
        seen = observed("PUB-1", TWO, ONCE, 59, failure=failure)
        assert judged(seen).verdict == "not observable"
    assert judged(observed("PUB-1", TWO, [], 59, failure=Error(1, "Traceback"))).verdict == "broken"


def test_a_difference_with_a_public_issue_is_no_suspect() -> None:
    known = (Known("PUB-1", "cluster/*", "https://example.org/1"),)
    result = judged(observed("PUB-1", TWO, TWICE, 59, known=known))
    assert result.verdict == "broken" and not result.is_suspect
    declared = judged(observed("PUB-1", TWO, TWICE, 59, known=known), instances="each-runs-all")
    assert (declared.verdict, declared.url) == ("differs as declared", "https://example.org/1")
    assert judged(observed("PUB-1", TWO, ONCE, 59, known=known)).url is None


def test_a_profile_of_this_level() -> None:
    assert behaviour_of({}) == behaviour_of({"gap": "skipped"}) == DEFAULT
    assert len(KNOBS) == 5
    with pytest.raises(ProfileError, match="'cluster_mood' is not a knob; the knobs are cluster_"):
        behaviour_of({"cluster_mood": "good"})
    with pytest.raises(ProfileError, match="cluster_instances: 'two' is not a value; allowed are"):
        behaviour_of({"cluster_instances": "two"})
    with pytest.raises(ProfileError, match="cluster_takeover: "):
        behaviour_of({"cluster_takeover": "soon"})


def test_the_scenarios_that_ship() -> None:
    scenarios = read_scenarios()
    assert {rule for scenario in scenarios for rule in scenario.rules} == set(RULES)
    assert len({scenario.id for scenario in scenarios}) == len(scenarios) >= 10
    for scenario in scenarios:
        assert scenario.is_slow == scenario.id.startswith("cluster/cron/")
        used = {action.instance for action in scenario.actions if hasattr(action, "instance")}
        assert used == set(range(1, scenario.instances + 1)), scenario.id


def test_an_instance_that_is_ready_at_a_due_instant_proves_nothing() -> None:
    events = "launched 1 0; ready 1 1; killed 1 28; launched 1 57; ready 1 58"
    assert judged(observed("LEAD-4", events, [10, 20, 60], 90)).verdict == "not exercised"
    events = "launched 1 0; ready 1 1; killed 1 28; launched 1 57; ready 1 61"
    seen = observed("FIRE-2", events, [10, 20, 61, 71, 81, 91], 99)
    assert judged(seen).verdict == "not exercised"


# --- the partial history


def test_a_partial_history_has_the_job_and_the_firings_and_nothing_else() -> None:
    seen = observed("PUB-1", TWO, TWICE, 59)
    found = history_of(Slots(seen))
    assert found.header.observes == ("jobs", "firings", "payload")
    assert {type(event) for event in found.events} == {JobCreated, Fired}
    findings = judge_history(found)
    assert findings["PUB-1"].verdict == "broken" and len(findings["PUB-1"].violations) == 3
    for rule in ("LEAD-1", "LEAD-3", "FIRE-6", "PUB-2", "DLV-1"):
        assert findings[rule].verdict == "not observable"
    assert judge_history(history_of(Slots(observed("PUB-1", "", [], 9))))["PUB-1"].examined == 0


def test_a_partial_history_names_due_instants_and_edits_that_were_seen() -> None:
    job = Job("j", every=10, payload="old")
    edit = Deploy(2, msgspec.structs.replace(job, payload="new"), 1)
    seen = observed(
        "FIRE-8", EDIT, [10, 20, 40], 55, payload={40: "new"}, due={10: 10, 20: 20, 40: 40}
    )
    scenario = msgspec.structs.replace(seen.scenario, actions=(edit,))
    found = history_of(Slots(msgspec.structs.replace(seen, scenario=scenario)))
    assert "due" in (found.header.observes or ())
    assert sum(isinstance(event, JobEdited) for event in found.events) == 1
    assert not [one for one in judge_history(found).values() if one.verdict == "broken"]


@given(st.lists(st.integers(10_000, 60_000), max_size=20))
def test_counts_and_the_rule_agree(instants: list[int]) -> None:
    """The rule over the partial history finds each firing beyond the first of its slot."""
    slots = Slots(observed("PUB-1", TWO, sorted(at / 1000 for at in instants), 70))
    violations = judge_history(history_of(slots))["PUB-1"].violations
    assert len(violations) == sum(count - 1 for count in slots.counts.values())
