"""Judges the answers of an adapter: a verdict for each case and for each rule.

The one idea: three answers are compared, those of the reference, of the declared dialect and of the
scheduler. Nothing that was not seen is filled in.

    the scheduler answers as    the dialect answers as     verdict
    the reference               the reference              holds
    the reference               otherwise                  declared but not so
    the dialect                 not the reference          differs as declared
    neither                     the reference              broken
    neither                     not the reference          declared but not so
    it has no such feature                                 not observable
    it looked no further        -                          not exercised
"""

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Literal

import msgspec

from gnomon.reference.schedule.clock import read_instant, write_instant
from gnomon.specs.conformance.dialects.instants import next_instants
from gnomon.specs.conformance.dialects.knobs import Dialect
from gnomon.specs.conformance.process import Failure
from gnomon.specs.conformance.protocol import (
    Answer,
    Error,
    Instants,
    Introduction,
    Refused,
    Unsupported,
)
from gnomon.specs.vectors.next_cases import Case

Verdict = Literal[
    "holds",
    "broken",
    "differs as declared",
    "declared but not so",
    "not observable",
    "not exercised",
]
VERDICTS: tuple[Verdict, ...] = (
    "broken",
    "declared but not so",
    "differs as declared",
    "holds",
    "not observable",
    "not exercised",
)
"""The worst first: a rule has the worst verdict of its cases."""
SUSPECT_VERDICTS = frozenset({"broken", "declared but not so"})
"""Something is not as it was declared."""
RULES: dict[str, str] = {
    "JOB-4": "A definition is accepted or refused as its grammar demands.",
    "FIRE-1": "A one-time job is due once, at its instant.",
    "FIRE-2": "An interval job is due at its start, and at each interval after it.",
    "FIRE-4": "A job is due at every minute that its fields match.",
    "FIRE-5": "The wall clock of a zone, through gaps and folds.",
    "META-1": "Instants ascend, and do not depend on when they are asked for.",
    "META-2": "Answers do not depend on the time zone of the process.",
}
"""The rules of level next. A META rule needs no reference."""
REFUSED = "refused"


class Asked(msgspec.Struct, frozen=True):
    """A second question about a case, later but before its first instant, and the answer."""

    after: str
    answer: Answer | Failure


class Seen(msgspec.Struct, frozen=True):
    """Everything that an adapter answered about one case, by process time zone.

    `later` holds the questions of META-1, asked in the first zone.
    """

    case: Case
    answers: dict[str, Answer | Failure]
    later: tuple[Asked, ...] = ()

    @property
    def answer(self) -> Answer | Failure:
        """The answer under the first process time zone, which the other rules judge."""
        return next(iter(self.answers.values()))


class Result(msgspec.Struct, frozen=True):
    """The verdict about one case and one rule, with the three answers."""

    rule: str
    case: str
    verdict: Verdict
    question: str
    expected: str
    declared: str
    seen: str
    url: str | None = None
    """The public issue, if the adapter names one."""

    @property
    def is_suspect(self) -> bool:
        """Whether something is not as it was declared, and no public issue is named."""
        return self.verdict in SUSPECT_VERDICTS and self.url is None

    @property
    def is_listed(self) -> bool:
        """Whether a page lists it: those that hold or that show nothing are only counted."""
        return self.verdict in ("broken", "declared but not so", "differs as declared")


def judge(seen: Seen, dialect: Dialect, introduction: Introduction) -> list[Result]:
    """The verdicts about one case: of its rule, of META-1 and of META-2."""
    results = [_by_reference(seen, dialect), _meta_1(seen), _meta_2(seen)]
    return [
        msgspec.structs.replace(result, url=known_issue(result, introduction)) for result in results
    ]


def by_rule(
    results: Iterable[Result], rules: Iterable[str] = RULES
) -> dict[str, dict[Verdict, int]]:
    """How many cases of each of the `rules` have each verdict."""
    counts: dict[str, dict[Verdict, int]] = {rule: dict.fromkeys(VERDICTS, 0) for rule in rules}
    for result in results:
        counts[result.rule][result.verdict] += 1
    return counts


def worst(counts: Mapping[Verdict, int]) -> Verdict:
    """The verdict of a rule: the worst of its cases."""
    return next((verdict for verdict in VERDICTS if counts[verdict]), "not exercised")


# --- the case's own rule


def expectation(case: Case) -> str:
    """The answer of the reference, as text."""
    return REFUSED if case.refused else _listed(case.instants)


def prediction(case: Case, dialect: Dialect) -> str:
    """The answer that `dialect` predicts, as text; only cron definitions have dialects."""
    if case.cron is None:
        return expectation(case)
    instants = next_instants(case.cron, case.zone, read_instant(case.after), case.count, dialect)
    return REFUSED if instants is None else _written(instants)


def observation(answer: Answer | Failure) -> str:
    """What the scheduler answered, as text."""
    match answer:
        case Instants(instants=instants, horizon=horizon):
            listed = _listed([write_instant(read_instant(text)) for text in instants])
            return listed if horizon is None else f"{listed} (looked until {horizon})"
        case Refused():
            return REFUSED
        case Unsupported(unsupported=feature):
            return f"unsupported: {feature}"
        case Error(error=text):
            return f"error: {_last_line(text)}"
        case Failure(failure=kind, evidence=evidence):
            return f"{kind}: {evidence}"


def agrees(answer: Answer | Failure, predicted: str) -> bool:
    """Whether an answer is the predicted one, as far as the scheduler looks."""
    if isinstance(answer, Instants) and answer.horizon is not None and predicted != REFUSED:
        end = read_instant(answer.horizon)
        wanted = [at for at in _instants(predicted) if read_instant(at) <= end]
        return [write_instant(read_instant(at)) for at in answer.instants] == wanted
    return observation(answer) == predicted


def _by_reference(seen: Seen, dialect: Dialect) -> Result:
    case, answer = seen.case, seen.answer
    expected, declared = expectation(case), prediction(case, dialect)
    verdict: Verdict
    if isinstance(answer, Unsupported):
        verdict = "not observable"
    elif _looked_at_nothing(answer, expected, declared):
        verdict = "not exercised"
    elif agrees(answer, expected):
        verdict = "holds" if agrees(answer, declared) else "declared but not so"
    elif agrees(answer, declared):
        verdict = "differs as declared"
    else:
        verdict = "broken" if declared == expected else "declared but not so"
    return _result(case.rule, seen, verdict, expected, declared, observation(answer))


def _looked_at_nothing(answer: Answer | Failure, expected: str, declared: str) -> bool:
    """Whether every instant that could have been seen lies beyond the scheduler's horizon."""
    if not isinstance(answer, Instants) or answer.horizon is None or answer.instants:
        return False
    end = read_instant(answer.horizon)
    return all(
        foreseen != REFUSED and all(read_instant(at) > end for at in _instants(foreseen))
        for foreseen in (expected, declared)
    )


# --- rules that need no reference


def _meta_1(seen: Seen) -> Result:
    """Instants ascend, and a later question before the first instant has the same answer."""
    answer, after = seen.answer, read_instant(seen.case.after)
    if not isinstance(answer, Instants) or not answer.instants:
        return _result("META-1", seen, "not exercised", "", "", observation(answer))
    instants = [read_instant(text) for text in answer.instants]
    if any(late <= early for early, late in zip([after, *instants], instants, strict=False)):
        return _result("META-1", seen, "broken", "ascending", "", observation(answer))
    first = write_instant(instants[0])
    for again in seen.later:
        if not agrees(again.answer, first):
            found = f"asked at {again.after}: {observation(again.answer)}"
            return _result("META-1", seen, "broken", f"{first} at any time before it", "", found)
    return _result("META-1", seen, "holds", first, "", first)


def _meta_2(seen: Seen) -> Result:
    """Answers do not depend on the time zone of the process."""
    found = {zone: observation(answer) for zone, answer in seen.answers.items()}
    first = next(iter(found.values()))
    if isinstance(seen.answer, Unsupported) or len(found) < 2:
        return _result("META-2", seen, "not exercised", "", "", first)
    is_same = all(_kind(answer) == _kind(seen.answer) for answer in seen.answers.values())
    if isinstance(seen.answer, Instants):
        is_same = len(set(found.values())) == 1
    listed = "; ".join(f"TZ={zone}: {text}" for zone, text in found.items())
    return _result("META-2", seen, "holds" if is_same else "broken", first, "", listed)


def _kind(answer: Answer | Failure) -> type:
    return type(answer)


# --- texts


def _result(
    rule: str, seen: Seen, verdict: Verdict, expected: str, declared: str, found: str
) -> Result:
    case = seen.case
    question = f"{case.definition} in {case.zone} after {case.after}"
    return Result(rule, case.id, verdict, question, expected, declared, found)


def known_issue(result: Result, introduction: Introduction) -> str | None:
    """The public issue that the adapter names for a result that is not as declared."""
    if result.verdict not in SUSPECT_VERDICTS:
        return None
    return next(
        (
            known.url
            for known in introduction.known
            if known.rule == result.rule and fnmatchcase(result.case, known.scenario)
        ),
        None,
    )


def _listed(instants: Sequence[str]) -> str:
    return ", ".join(instants) or "never"


@lru_cache(maxsize=1 << 14)
def _written(instants: tuple[int, ...]) -> str:
    return _listed([write_instant(at) for at in instants])


def _instants(listed: str) -> list[str]:
    return [] if listed == "never" else listed.split(", ")


def _last_line(text: str) -> str:
    return text.strip().splitlines()[-1] if text.strip() else "(no text)"
