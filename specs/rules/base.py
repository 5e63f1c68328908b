"""What a rule is, and how a history is judged by all of them."""

from collections.abc import Callable
from functools import cache, wraps
from typing import Concatenate, Literal, NamedTuple, ParamSpec, Unpack

import msgspec

from gnomon.reference.history import History, Observable
from gnomon.specs.rules.kinds import Kind
from gnomon.specs.rules.violations import Fields, Violation
from gnomon.specs.trace.trace import Trace

Verdict = Literal["holds", "broken", "not exercised", "not observable"]
Subject = Literal["a history", "a file", "two histories"]
Subjects = ParamSpec("Subjects")


class Finding(msgspec.Struct, frozen=True):
    """The result of a rule: how many cases it has `examined`, and those in which it is broken.

    It is not `observable` if the rule needs something that the history does not observe.
    """

    examined: int
    violations: tuple[Violation, ...] = ()
    observable: bool = True

    @property
    def verdict(self) -> Verdict:
        """The result in a word."""
        if not self.observable:
            return "not observable"
        if self.violations:
            return "broken"
        return "holds" if self.examined else "not exercised"


class Rule(NamedTuple):
    """A rule that can be checked: its id in ``scheduler.md``, its subject, and the function.

    `check` takes a `Trace`, the bytes of a file, or those of two files, according to `subject`.
    `needs` is what a partial history must observe for the rule to judge it.
    """

    id: str
    subject: Subject
    check: Callable[..., Finding]
    needs: tuple[Observable, ...] = ()


RULES: dict[str, Rule] = {}
"""Every rule that can be checked, by id."""


class Cases:
    """Counts the cases that the rule `id` has `examined`, and collects those that break it."""

    __slots__ = ("examined", "id", "violations")

    def __init__(self, id: str) -> None:
        self.id = id
        self.examined = 0
        self.violations: list[Violation] = []

    def broken(self, at: int, kind: Kind, **fields: Unpack[Fields]) -> None:
        """A case breaks the rule at an instant (µs, UTC); `fields` describe it."""
        self.violations.append(Violation(self.id, at, kind, **fields))


def rule(
    id: str, *needs: Observable, subject: Subject = "a history"
) -> Callable[[Callable[Concatenate[Cases, Subjects], None]], Callable[Subjects, Finding]]:
    """Make a function from cases and a subject the check of the rule `id`.

    It reads nothing of a history but what it `needs`, unless `Trace.observes` says that there is
    more.
    """

    def tie(
        examine: Callable[Concatenate[Cases, Subjects], None],
    ) -> Callable[Subjects, Finding]:
        @wraps(examine)
        def check(*subjects: Subjects.args, **named: Subjects.kwargs) -> Finding:
            cases = Cases(id)
            examine(cases, *subjects, **named)
            return Finding(cases.examined, tuple(cases.violations))

        assert id not in RULES, f"{id} has a function already"
        RULES[id] = Rule(id, subject, check, needs)
        return check

    return tie


GROUPS = ("JOB", "FIRE", "MISS", "LEAD", "PAUSE", "PUB", "DLV", "RUN", "OVER", "WORK", "LIMIT",
          "HIST")  # fmt: skip
"""The groups of rules in the order of ``scheduler.md``."""


@cache
def _place(id: str) -> tuple[int, int]:
    """The place of a rule in ``scheduler.md``: that of its group, and its number there."""
    group, _, number = id.partition("-")
    return GROUPS.index(group), int(number)


def in_order() -> list[Rule]:
    """Every rule that can be checked, in the order of ``scheduler.md``."""
    return [RULES[id] for id in sorted(RULES, key=_place)]


def judge_trace(
    trace: Trace, progress: Callable[[int], None] = lambda _: None
) -> dict[str, Finding]:
    """The finding of every rule for a history that is already in order, by the rule's id.

    A rule about anything else than one history was not exercised. `progress` is called with the
    number of rules done.
    """
    findings = {}
    for known in in_order():
        findings[known.id] = _finding(known, trace)
        progress(len(findings))
    return findings


def _finding(known: Rule, trace: Trace) -> Finding:
    if known.subject != "a history":
        return Finding(0)
    if not trace.observes(*known.needs):
        return Finding(0, observable=False)
    return known.check(trace)


def judge(history: History) -> dict[str, Finding]:
    """The finding of every rule for a history, by the rule's id."""
    return judge_trace(Trace(history))
