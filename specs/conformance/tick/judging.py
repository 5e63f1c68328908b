"""Judges what was seen of a scheduler in a scenario: a verdict for each rule.

The one idea: the rules judge the partial history of what was seen, and the model of behaviour says
whether the scheduler declares it: it *differs as declared* if the model, under the declared knobs,
predicts what was seen.

    of the history the rule    the declared model               verdict
    holds                      does not break it                holds
    holds                      breaks it, and is not so         declared but not so
    is broken                  predicts what was seen           differs as declared
    is broken                  predicts what the default does   broken
    is broken                  predicts something else          declared but not so
    is not observable          -                                not observable
    is not exercised           -                                not exercised

If the scheduler lacks a feature, the scenario ends there: what it is about is not observable. A
request that is refused, an error or a hang is judged by the first rule of the scenario.
"""

from collections.abc import Iterable, Mapping
from itertools import groupby, islice
from typing import Final

from msgspec.structs import replace

from gnomon.specs.conformance.behaviour.knobs import Behaviour
from gnomon.specs.conformance.behaviour.matching import explains
from gnomon.specs.conformance.behaviour.model import Prediction, predict
from gnomon.specs.conformance.dialects.knobs import Dialect
from gnomon.specs.conformance.judging import Result, Verdict, known_issue
from gnomon.specs.conformance.process import Failure
from gnomon.specs.conformance.protocol import (
    Done,
    Error,
    Fired,
    Firing,
    Refused,
    Reply,
    Unsupported,
)
from gnomon.specs.conformance.tick.history import Policy, history_of
from gnomon.specs.conformance.tick.observation import Observation
from gnomon.specs.conformance.tick.scenarios import Advance
from gnomon.specs.rules import Finding
from gnomon.specs.rules import judge as judge_history

RULES: dict[str, str] = {
    "FIRE-1": "A one-time job is due once.",
    "FIRE-2": "An interval job keeps to its grid.",
    "FIRE-3": "Repeats are counted over the whole life.",
    "FIRE-4": "A cron job is due when its fields match.",
    "FIRE-5": "A cron job follows changes of the UTC offset.",
    "FIRE-6": "Nothing runs before it is due.",
    "FIRE-7": "An inactive or deleted job does not run.",
    "FIRE-8": "An edit replaces the old definition completely.",
    "FIRE-9": "What was due while a job was inactive does not run.",
    "FIRE-10": "A start in the past is not caught up.",
    "FIRE-11": "A run on demand comes at once, and does not change the plan.",
    "MISS-1": "A misfire is later than its grace.",
    "MISS-2": "Of several misfires the latest runs.",
    "MISS-3": "Every misfire is reported once, in order.",
    "LEAD-4": "Nothing is lost while no process is there.",
    "PUB-1": "An occurrence runs at most once.",
    "PUB-2": "A message carries all that its run needs.",
    "PUB-3": "The occurrences of a job run in order.",
    "RUN-4": "The payload arrives unchanged.",
    "OVER-1": "A run never waits for another.",
    "OVER-2": "A job may run on every worker.",
    "HIST-2": "A run ends after it began.",
}
"""The rules of level tick, in the words of a scheduler of which only the runs are seen."""

NOT_MODELLED: Final = frozenset({"MISS-3", "RUN-4", "HIST-2"})
"""The rules about something that no model predicts, so that no behaviour declares it."""
SHOWN: Final = 3
"""How many violations, and how many instants of a job, a text has."""


def judge(observation: Observation, behaviour: Behaviour, dialect: Dialect) -> list[Result]:
    """The verdicts about one scenario: of the rules that it is about, and of all that it exercises.

    `behaviour` and `dialect` are what the scheduler declares.
    """
    case = _Case(observation, behaviour, dialect)
    found = [_result(case, rule) for rule in RULES if case.exercises(rule)]
    first = observation.scenario.rules[0]
    if (end := _ending(case)) is not None:
        found = [end, *(result for result in found if result.rule != first)]
    introduction = observation.introduction
    return [replace(result, url=known_issue(result, introduction)) for result in found]


class _Case:
    """What was seen in a scenario, what the declared model predicts, and what our own does."""

    def __init__(self, observation: Observation, behaviour: Behaviour, dialect: Dialect) -> None:
        scenario = observation.scenario
        policy: Policy = "all" if behaviour.catch_up == "all" else "once"
        self.observation = observation
        self.expected = predict(scenario)
        self.declared = predict(scenario, behaviour, dialect)
        self.is_explained = explains(self.declared, observation)
        self.is_like_ours = (self.expected.firings, self.expected.refused) == (
            self.declared.firings,
            self.declared.refused,
        )
        self.seen: Mapping[str, Finding] = judge_history(history_of(observation, policy))
        foreseen = as_observation(self.declared, observation)
        self.foreseen: Mapping[str, Finding] = judge_history(history_of(foreseen, policy))

    @property
    def last(self) -> Reply | Failure:
        return (self.observation.opened, *self.observation.replies)[-1]

    def exercises(self, rule: str) -> bool:
        """Whether a scenario is about a rule, or has something to say about it anyway."""
        verdicts = self.seen[rule].verdict, self.foreseen[rule].verdict
        is_judged = verdicts[0] in ("holds", "broken") or verdicts[1] == "broken"
        return rule in self.observation.scenario.rules or is_judged


def as_observation(prediction: Prediction, observation: Observation) -> Observation:
    """What would have been seen of a scheduler that does what was predicted, as far as it went."""
    replies: list[Reply] = []
    reported = 0
    actions = zip(observation.scenario.actions, prediction.counts, strict=False)
    for action, count in islice(actions, len(observation.replies)):
        if isinstance(action, Advance):
            replies.append(Fired(1, prediction.firings[reported:count]))
            reported = count
        else:
            replies.append(Done(1, True))
    if prediction.refused == len(replies) < len(observation.replies):
        replies.append(Refused(1, "as predicted"))
    modelled = ("due", "payload")
    introduction = observation.introduction
    observes = tuple(aspect for aspect in introduction.observes if aspect in modelled)
    return Observation(
        observation.scenario,
        replace(introduction, observes=observes),
        observation.opened,
        tuple(replies),
    )


def _result(case: _Case, rule: str) -> Result:
    found, foreseen = case.seen[rule], case.foreseen[rule]
    verdict: Verdict
    if found.verdict == "broken":
        if rule in NOT_MODELLED:
            verdict = "broken"
        elif case.is_explained:
            verdict = "differs as declared"
        else:
            verdict = "broken" if case.is_like_ours else "declared but not so"
    elif foreseen.verdict == "broken" and not case.is_explained:
        verdict = "declared but not so"
    elif isinstance(case.last, Unsupported):
        verdict = "not observable"
    else:
        verdict = found.verdict
    return _written(case, rule, verdict, _of_finding(found, case.last))


def _ending(case: _Case) -> Result | None:
    """The result of a scenario that did not go to its end, or that should not have."""
    rule, last = case.observation.scenario.rules[0], case.last
    verdict: Verdict
    match last:
        case Failure(failure=kind, evidence=evidence):
            return _written(case, rule, "broken", f"{kind}: {evidence}")
        case Error(error=text):
            lines = text.strip().splitlines() or ["(no text)"]
            return _written(case, rule, "broken", f"error: {lines[-1]}")
        case Unsupported():
            return None
        case Refused(refused=text):
            at: int | None = len(case.observation.replies) - 1
            seen = f"refused: {text}"
        case _:
            at, seen = None, "not refused"
    expected, declared = case.expected.refused, case.declared.refused
    if at == expected == declared:
        return None
    if at == declared:
        verdict = "differs as declared"
    else:
        verdict = "broken" if expected == declared else "declared but not so"
    return _written(case, rule, verdict, seen)


def _written(case: _Case, rule: str, verdict: Verdict, seen: str) -> Result:
    scenario = case.observation.scenario
    expected, declared = _of_prediction(case.expected), _of_prediction(case.declared)
    return Result(rule, scenario.id, verdict, scenario.about, expected, declared, seen)


# --- texts


def _of_finding(found: Finding, last: Reply | Failure) -> str:
    if isinstance(last, Unsupported) and not found.violations:
        return f"unsupported: {last.unsupported}"
    if not found.violations:
        return f"{found.examined} cases" if found.examined else "nothing"
    return _shortened([str(violation) for violation in found.violations], "; ")


def _of_prediction(prediction: Prediction) -> str:
    """The runs that a model predicts, job by job."""
    runs = sorted(prediction.firings, key=_job_of)
    jobs = [
        f"{job}: {_shortened([run.at for run in of_job], ', ')}"
        for job, of_job in groupby(runs, key=_job_of)
    ]
    refused = prediction.refused
    jobs += [] if refused is None else [f"action {refused + 1} is refused"]
    return _shortened(jobs, "; ") or "no runs"


def _job_of(run: Firing) -> str:
    return run.job


def _shortened(texts: Iterable[str], separator: str) -> str:
    listed = list(texts)
    more = len(listed) - SHOWN
    return separator.join([*listed[:SHOWN], *([f"and {more} more"] if more > 0 else [])])
