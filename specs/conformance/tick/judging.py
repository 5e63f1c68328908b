"""Judges what was seen of a scheduler in a scenario: a verdict for each rule that it is about.

The one idea: as at level next, three are compared: what the model predicts at its defaults, what
it predicts under the declared knobs, and what was seen.
"""

from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase

from gnomon.specs.conformance.behaviour.knobs import Behaviour
from gnomon.specs.conformance.behaviour.matching import differences, starts
from gnomon.specs.conformance.behaviour.model import Prediction, predict
from gnomon.specs.conformance.dialects.knobs import Dialect
from gnomon.specs.conformance.judging import Result, Verdict
from gnomon.specs.conformance.process import Failure
from gnomon.specs.conformance.protocol import Error, Observes, Unsupported
from gnomon.specs.conformance.tick.observation import Observation
from gnomon.specs.conformance.tick.scenarios import Create, Edit

RULES: dict[str, str] = {
    "FIRE-1": "A one-time job is due exactly once.",
    "FIRE-2": "An interval job is due on its grid, without drift.",
    "FIRE-3": "Repeats are counted over the whole life of a job.",
    "FIRE-4": "A cron job is due at every minute that its fields match.",
    "FIRE-5": "The wall clock of a zone, through gaps and folds.",
    "FIRE-6": "Nothing fires before it is due.",
    "FIRE-7": "An inactive or deleted job does not fire.",
    "FIRE-8": "After an edit only the new definition is due.",
    "FIRE-9": "A job that is made active goes on with its grid.",
    "FIRE-10": "A start that has passed when the job is created.",
    "FIRE-11": "A run on demand changes no plan.",
    "MISS-1": "What is not published within its grace is a misfire.",
    "MISS-2": "The misfire policy decides which misfires are published.",
    "MISS-3": "Every misfire is reported.",
    "PUB-1": "An occurrence is published at most once.",
    "PUB-2": "A run carries what its job was given.",
    "PUB-3": "A job's occurrences are published in order.",
    "RUN-4": "The payload reaches the run, character for character.",
    "OVER-1": "A run never waits for another run.",
    "OVER-2": "A job may have several runs at once.",
}
"""The rules of level tick."""
SUSPECT: tuple[Verdict, ...] = ("broken", "declared but not so")


NEEDS: dict[str, Observes] = {
    "MISS-1": "misfires",
    "MISS-3": "misfires",
    "PUB-2": "payload",
    "RUN-4": "payload",
}
"""What an adapter must observe, beside the firings, for a rule to be judged."""


def judge(observation: Observation, behaviour: Behaviour, dialect: Dialect) -> list[Result]:
    """The verdicts about one scenario, one for each rule that it is about."""
    expected = predict(observation.scenario)
    declared = predict(observation.scenario, behaviour, dialect)
    return [_result(rule, observation, expected, declared) for rule in observation.scenario.rules]


def _result(
    rule: str, observation: Observation, expected: Prediction, declared: Prediction
) -> Result:
    compare = _other_payloads if NEEDS.get(rule) == "payload" else differences
    unlike_expected = compare(expected, observation)
    verdict = _verdict(rule, observation, expected, declared, compare)
    last = (observation.opened, *observation.replies)[-1]
    end = f"unsupported: {last.unsupported}" if isinstance(last, Unsupported) else "as expected"
    scenario = observation.scenario
    return Result(
        rule,
        scenario.id,
        verdict,
        scenario.about,
        _text(expected),
        _text(declared),
        "; ".join(unlike_expected) or end,
        None if verdict not in SUSPECT else _known(rule, observation),
    )


def _verdict(
    rule: str,
    observation: Observation,
    expected: Prediction,
    declared: Prediction,
    compare: Callable[[Prediction, Observation], Sequence[str]],
) -> Verdict:
    is_as_expected = not compare(expected, observation)
    is_as_declared = not compare(declared, observation)
    if rule in NEEDS and NEEDS[rule] not in observation.introduction.observes:
        return "not observable"
    if is_as_declared and isinstance((observation.opened, *observation.replies)[-1], Unsupported):
        return "not observable"
    if is_as_expected:
        return "holds" if is_as_declared else "declared but not so"
    if is_as_declared:
        return "differs as declared"
    is_default = (expected.firings, expected.refused) == (declared.firings, declared.refused)
    return "broken" if is_default else "declared but not so"


def _other_payloads(_: Prediction, observation: Observation) -> list[str]:
    """The payloads that are not those with which a job was created or edited."""
    given: dict[str, set[str | None]] = {}
    for action in observation.scenario.actions:
        if isinstance(action, Create | Edit):
            given.setdefault(action.job.id, set()).add(action.job.payload)
    last = (observation.opened, *observation.replies)[-1]
    end = [str(last)] if isinstance(last, Failure | Error) else []
    return end + [
        f"{firing.job} at {firing.at}: payload {firing.payload!r:.80}"
        for firing in starts(observation)
        if firing.payload not in given[firing.job]
    ]


def _known(rule: str, observation: Observation) -> str | None:
    """The public issue that the adapter names."""
    return next(
        (
            known.url
            for known in observation.introduction.known
            if known.rule == rule and fnmatchcase(observation.scenario.id, known.scenario)
        ),
        None,
    )


def _text(prediction: Prediction) -> str:
    if prediction.refused is not None:
        return f"refused: action {prediction.refused + 1}"
    return f"{len(prediction.firings)} firings"
