"""What was seen of a scheduler becomes a partial history, and the right rule is blamed."""

from collections.abc import Sequence

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gnomon.reference import events, jobs, oracle
from gnomon.reference.schedule.clock import SECOND, read_instant, write_instant
from gnomon.specs.conformance.process import Failure
from gnomon.specs.conformance.protocol import Fired, Firing, Job, Observes, Reply
from gnomon.specs.conformance.slots import latest_due
from gnomon.specs.conformance.tick.history import definition_of, history_of
from gnomon.specs.conformance.tick.observation import Observation
from gnomon.specs.conformance.tick.scenarios import (
    Action,
    Advance,
    Create,
    Delete,
    Edit,
    Execute,
    Pause,
    Restart,
    Resume,
    Step,
    Store,
)
from gnomon.specs.rules import judge
from tests.specs.conformance.tick.seen import DONE, START, at, every, runs, seen

KILL = Restart("kill", 20)
JOB = Job("a", every=10)


def verdicts(observation: Observation) -> dict[str, str]:
    return {id: finding.verdict for id, finding in judge(history_of(observation)).items()}


def broken(observation: Observation) -> dict[str, int]:
    found = judge(history_of(observation))
    return {id: len(finding.violations) for id, finding in found.items() if finding.violations}


# --- each rule: one that holds it, one that breaks it


PLAN = ((every(10), DONE), (Advance(25), runs("a", 0, 10, 20)))
CASES: dict[str, tuple[tuple[tuple[Action, Reply], ...], tuple[tuple[Action, Reply], ...]]] = {
    "FIRE-1": (
        ((Create(Job("a", at=at(5))), DONE), (Advance(20), runs("a", 5))),
        ((Create(Job("a", at=at(5))), DONE), (Advance(20), runs("a"))),
    ),
    "FIRE-2": (PLAN, ((every(10), DONE), (Advance(25), runs("a", 0, 10, 15, 20)))),
    "FIRE-3": (
        ((every(10, repeats=2), DONE), (Advance(35), runs("a", 0, 10))),
        ((every(10, repeats=2), DONE), (Advance(25), runs("a", 0, 10, 20))),
    ),
    "FIRE-4": (
        ((Create(Job("a", cron="* * * * *")), DONE), (Advance(70), runs("a", 0, 60))),
        ((Create(Job("a", cron="* * * * *")), DONE), (Advance(70), runs("a", 0, 30, 60))),
    ),
    "FIRE-7": (
        (*PLAN, (Pause("a"), DONE), (Advance(20), runs("a"))),
        (*PLAN, (Pause("a"), DONE), (Advance(10), runs("a", 30))),
    ),
    "FIRE-8": (
        (*PLAN, (Edit(Job("a", every=25)), DONE), (Advance(20), runs("a", 25))),
        (*PLAN, (Edit(Job("a", every=25)), DONE), (Advance(20), runs("a", 25, 30))),
    ),
    "FIRE-9": (
        (*PLAN, (Pause("a"), DONE), (Advance(12), runs("a")), (Resume("a"), DONE),
         (Advance(5), runs("a", 40))),
        (*PLAN, (Pause("a"), DONE), (Advance(12), runs("a")), (Resume("a"), DONE),
         (Advance(5), runs("a", 37, 40))),
    ),
    "FIRE-10": (
        ((every(10, start=at(-15)), DONE), (Advance(12), runs("a", 5))),
        ((every(10, start=at(-15)), DONE), (Advance(12), runs("a", 0, 5))),
    ),
    "FIRE-11": (
        (*PLAN, (Execute("a"), DONE), (Advance(4), runs("a", 25))),
        (*PLAN, (Execute("a"), DONE), (Advance(4), runs("a"))),
    ),
    "LEAD-4": (
        (*PLAN, (KILL, DONE), (Advance(3), runs("a", 45))),
        (*PLAN, (KILL, DONE), (Advance(3), runs("a"))),
    ),
    "PUB-1": (PLAN, ((every(10), DONE), (Advance(25), runs("a", 0, 10, 10.5, 20)))),
}  # fmt: skip


@pytest.mark.parametrize("rule", CASES)
def test_a_rule_holds_or_is_broken_and_no_other_is(rule: str) -> None:
    good, bad = CASES[rule]
    assert broken(seen(*good)) == {}
    assert verdicts(seen(*good))[rule] == "holds"
    assert broken(seen(*bad)).keys() == {rule}


def firing(seconds: float, **fields: object) -> Firing:
    return Firing("a", at(seconds), **fields)  # type: ignore[arg-type]


OBSERVED: dict[str, tuple[Observes, Sequence[Firing], Sequence[Firing]]] = {
    "FIRE-6": ("due", [firing(10, due=at(10))], [firing(9.5, due=at(10))]),
    "PUB-3": ("due", [firing(10, due=at(10)), firing(20, due=at(20))], []),
    "RUN-4": ("payload", [firing(10, payload=" x\r\n")], [firing(10, payload="x")]),
    "OVER-1": (
        "runs",
        [firing(10, run="1"), firing(20, run="2"), firing(23, run="1", outcome="ok")],
        [firing(10, run="1"), firing(23, run="2"), firing(23, run="1", outcome="ok")],
    ),
    "HIST-2": ("runs", [firing(10, run="1"), firing(12, run="1", outcome="ok")], []),
}
"""What a rule needs beside firings, and what is seen of a job that is due at 10 s."""


@pytest.mark.parametrize("rule", OBSERVED)
def test_a_rule_is_not_observable_unless_the_scheduler_shows_what_it_needs(rule: str) -> None:
    need, good, bad = OBSERVED[rule]
    create = every(10, start=at(10), payload=" x\r\n" if need == "payload" else None)
    end = 24 if rule in ("OVER-1", "PUB-3") else 16
    steps = ((create, DONE), (Advance(end), Fired(1, tuple(good))))
    assert verdicts(seen(*steps))[rule] == "not observable"
    assert verdicts(seen(*steps, observes=[need]))[rule] == "holds"
    assert broken(seen(*steps, observes=[need])) == {}
    if bad:
        steps = ((create, DONE), (Advance(end), Fired(1, tuple(bad))))
        assert broken(seen(*steps, observes=[need])).keys() == {rule}


def test_a_misfire_that_is_reported_is_judged_by_the_policy() -> None:
    for outcome in (firing(37), firing(37, outcome="misfired")):
        steps = (*PLAN, (Restart("kill", 12), DONE), (Advance(2), Fired(1, (outcome,))))
        observation = seen(*steps, observes=["misfires"])
        assert broken(observation).keys() == ({"MISS-2"} if outcome.outcome else set())
        assert verdicts(seen(*steps))["MISS-2"] == "not observable"
        assert verdicts(observation)["MISS-3"] in ("holds", "not exercised")


def test_a_misfire_that_is_neither_run_nor_reported_breaks_miss_3() -> None:
    steps = (*PLAN, (KILL, DONE), (Advance(8), Fired(1, (firing(45, due=at(40)), firing(50)))))
    assert broken(seen(*steps, observes=["misfires"])) == {"MISS-3": 1}
    assert broken(seen(*steps)) == {}


def test_drift_that_accumulates_is_found() -> None:
    create = every(10)
    drift = [10.25 * number for number in range(1000)]
    assert broken(seen((create, DONE), (Advance(10_260), runs("a", *drift)), lag=0.25))["FIRE-2"]
    late = [10 * number + 0.25 for number in range(1000)]
    assert broken(seen((create, DONE), (Advance(9_999), runs("a", *late)), lag=0.25)) == {}


def test_two_processes_that_run_everything_break_pub_1_each_time() -> None:
    twice = [10 * number + late for number in range(40) for late in (0, 0.2)]
    assert broken(seen((every(10), DONE), (Advance(399), runs("a", *twice)))) == {"PUB-1": 40}


def test_nothing_is_filled_in_that_was_not_seen() -> None:
    recorded = history_of(seen(*PLAN, (KILL, DONE))).events
    kinds = {type(event) for event in recorded}
    assert kinds == {events.ServerStarted, events.JobCreated, events.Fired, events.ServerCrashed}
    assert [e.workers for e in recorded if isinstance(e, events.ServerStarted)] == [None, None]


def test_while_the_clock_reads_less_than_before_nothing_is_required_or_run_twice() -> None:
    back = (Step(-20), DONE)
    silent = seen(*PLAN, back, (Advance(30), runs("a", 30)))
    assert broken(silent) == {}
    again = seen(*PLAN, back, (Advance(30), runs("a", 10, 20, 30)))
    assert broken(again) == {"PUB-1": 2}


def test_a_step_forward_is_a_time_in_which_nothing_could_run() -> None:
    forward = (Step(100), DONE)
    assert broken(seen(*PLAN, forward, (Advance(7), runs("a", 125, 130)))) == {}
    assert broken(seen(*PLAN, forward, (Advance(7), runs("a", 130)))) == {"LEAD-4": 1}
    each = runs("a", *[125] * 10, 130)
    assert broken(seen(*PLAN, forward, (Advance(7), each))) == {"PUB-1": 9}
    assert not any(
        finding.violations
        for finding in judge(history_of(seen(*PLAN, forward, (Advance(7), each)), "all")).values()
    )


def test_a_store_that_cannot_be_reached_excuses_silence() -> None:
    away = ((Store(False), DONE), (Advance(20), runs("a")), (Store(True), DONE))
    assert broken(seen(*PLAN, *away, (Advance(3), runs("a", 45)))) == {}
    assert broken(seen(*PLAN, *away, (Advance(3), runs("a")))) == {"LEAD-4": 1}


def test_jobs_of_the_scheduler_itself_are_left_out() -> None:
    own = Fired(1, (Firing("celery.backend_cleanup", at(3)), *runs("a", 0, 10, 20).fired))
    assert broken(seen((every(10), DONE), (Advance(25), own))) == {}


def test_a_job_that_is_created_again_is_another_job() -> None:
    again = ((Delete("a"), DONE), (every(10), DONE), (Advance(8), runs("a", 25)))
    assert broken(seen(*PLAN, *again)) == {}
    late = ((Delete("a"), DONE), (Advance(8), runs("a", 30)))
    assert broken(seen(*PLAN, *late)) == {"FIRE-7": 1}


def test_a_change_while_the_clock_reads_less_ends_the_history() -> None:
    observation = seen(*PLAN, (Step(-20), DONE), (every(10, "b"), DONE), (Advance(9), runs("b", 5)))
    assert "b" not in {events.job_of(event) for event in history_of(observation).events}


# --- a perfect scheduler, and one that does one thing wrong

ACTIONS = st.one_of(
    st.builds(Advance, st.integers(1, 400)),
    st.builds(Restart, st.sampled_from(["close", "kill"]), st.integers(0, 400)),
    st.builds(Step, st.integers(1, 400)),
    st.sampled_from([Pause("a"), Resume("a")]),
)
JOBS = st.one_of(
    st.builds(Job, st.just("a"), every=st.integers(7, 90)),
    st.builds(
        Job,
        st.just("a"),
        cron=st.sampled_from(["* * * * *", "*/2 * * * *", "1-4 * * * *"]),
        zone=st.sampled_from(["UTC", "Europe/Warsaw"]),
    ),
)


class Perfect:
    """Runs each occurrence when it is due, and the latest missed one as soon as it can."""

    def __init__(self, job: Job) -> None:
        self.definition = jobs.read(definition_of(job, START))
        self.now = self.cursor = START
        self.is_active = True

    def carry_out(self, action: Action) -> Reply:
        match action:
            case Step(by=by) | Restart(down=by):
                self.now += round(by * SECOND)
            case Pause():
                self.is_active = False
            case Resume():
                self.cursor = self.cursor if self.is_active else self.now
                self.is_active = True
            case Advance(by=by):
                return Fired(1, tuple(self.advance(round(by * SECOND))))
        return DONE

    def advance(self, by: int) -> list[Firing]:
        began, self.now = self.now, self.now + by
        if not self.is_active:
            return []
        due = list(oracle.due_instants(self.definition, self.cursor, self.now + 1))
        self.cursor = self.now + 1
        missed = [instant for instant in due if instant < began]
        found = [Firing("a", write_instant(began))] if missed else []
        return [*found, *(Firing("a", write_instant(each)) for each in due if each >= began)]


def observe(job: Job, actions: Sequence[Action]) -> Observation:
    perfect = Perfect(job)
    steps = [(action, perfect.carry_out(action)) for action in actions]
    return seen((Create(job), DONE), *steps)


@given(JOBS, st.lists(ACTIONS, max_size=12))
def test_a_perfect_scheduler_is_never_blamed(job: Job, actions: list[Action]) -> None:
    assert broken(observe(job, actions)) == {}


BY_TYPE = {"FIRE-2", "FIRE-4", "FIRE-5"}


def altered(observation: Observation, place: int, put: Sequence[Firing]) -> Observation:
    """The same, with other runs in the place of one run."""
    replies: list[Reply | Failure] = []
    count = 0
    for reply in observation.replies:
        found: list[Firing] = []
        for each in reply.fired if isinstance(reply, Fired) else ():
            found += put if count == place else [each]
            count += 1
        replies.append(Fired(1, tuple(found)) if isinstance(reply, Fired) else reply)
    steps = zip(observation.scenario.actions, replies, strict=True)
    return seen(*steps)


@given(JOBS, st.lists(st.builds(Advance, st.integers(30, 400)), min_size=1, max_size=4), st.data())
def test_a_run_that_is_missing_doubled_or_shifted_is_blamed_on_its_rule(
    job: Job, actions: list[Advance], data: st.DataObject
) -> None:
    whole = observe(job, (*actions, Advance(5)))
    flat = [each for r in whole.replies if isinstance(r, Fired) for each in r.fired]
    assume(flat)
    place = data.draw(st.integers(0, len(flat) - 1))
    one = flat[place]
    instant = read_instant(one.at)
    assume(instant + 2 * SECOND < history_of(whole).header.end)
    assert broken(altered(whole, place, [])).keys() <= BY_TYPE
    assert broken(altered(whole, place, [])) != {}
    assert broken(altered(whole, place, [one, one])) == {"PUB-1": 1}
    shifted = Firing("a", write_instant(instant + data.draw(st.integers(1_000_001, 6_000_000))))
    found = broken(altered(whole, place, [shifted]))
    assert found.keys() <= BY_TYPE and found


@given(JOBS, st.integers(60, 400), st.integers(100, 400))
def test_a_misfire_that_is_not_made_up_for_is_lost(job: Job, before: int, down: int) -> None:
    actions = (Advance(before), Restart("kill", down), Advance(5))
    whole = observe(job, actions)
    again = START + (before + down) * SECOND
    missed = latest_due(jobs.read(definition_of(job, START)), again)
    assume(missed is not None and START + before * SECOND < missed < again)
    last = whole.replies[-1]
    assert isinstance(last, Fired)
    rest = tuple(each for each in last.fired if each.at != write_instant(again))
    lost = seen(*zip(whole.scenario.actions, (*whole.replies[:-1], Fired(1, rest)), strict=True))
    assert broken(whole) == {} and broken(lost) == {"LEAD-4": 1}
