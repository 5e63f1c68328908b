"""What a rule is, and how a history is judged by all of them."""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import msgspec

from gnomon.reference.history import History
from gnomon.reference.schedule.clock import write_instant
from gnomon.specs.trace.trace import Trace

Verdict = Literal["holds", "broken", "not exercised"]
Subject = Literal["a history", "a file", "two histories"]


class Violation(NamedTuple):
    """One case in which a rule is broken: when (µs, UTC), and what is wrong, in words."""

    at: int
    what: str

    def __str__(self) -> str:
        return f"{write_instant(self.at)}: {self.what}"


class Finding(msgspec.Struct, frozen=True):
    """What a rule found: how many cases it has `examined`, and in which it is broken."""

    examined: int
    violations: tuple[Violation, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """In a word."""
        if self.violations:
            return "broken"
        return "holds" if self.examined else "not exercised"


class Rule(NamedTuple):
    """A rule that can be checked: its id in ``scheduler.md``, what it judges, and the function."""

    id: str
    subject: Subject
    check: Callable[..., Finding]


RULES: dict[str, Rule] = {}
"""Every rule that can be checked, by id."""


def rule(id: str, subject: Subject = "a history") -> Callable[[Any], Any]:
    """Tie a function, from a subject to a Finding, to the rule `id`."""

    def tie(check: Callable[..., Finding]) -> Callable[..., Finding]:
        assert id not in RULES, f"{id} has a function already"
        RULES[id] = Rule(id, subject, check)
        return check

    return tie


class Cases:
    """Counts what a rule has `examined` and collects what it finds broken."""

    __slots__ = ("examined", "violations")

    def __init__(self) -> None:
        self.examined = 0
        self.violations: list[Violation] = []

    def broken(self, at: int, what: str) -> None:
        """A case that is among the `examined` is broken.

        A case that holds needs no words: they would cost more than the examining.
        """
        self.violations.append(Violation(at, what))

    def finding(self) -> Finding:
        """What has been found."""
        return Finding(self.examined, tuple(self.violations))


GROUPS = ("JOB", "FIRE", "MISS", "LEAD", "PUB", "DLV", "RUN", "OVER", "WORK", "HIST")
"""The groups of rules in the order of ``scheduler.md``."""


def in_order() -> list[Rule]:
    """Every rule that can be checked, in the order of ``scheduler.md``."""

    def place(known: Rule) -> tuple[int, int]:
        group, _, number = known.id.partition("-")
        return GROUPS.index(group), int(number)

    return sorted(RULES.values(), key=place)


def judge_trace(trace: Trace) -> dict[str, Finding]:
    """What every rule finds in a history that is already in order.

    Rules about something else than one history find that they were not exercised.
    """
    return {
        known.id: known.check(trace) if known.subject == "a history" else Finding(0)
        for known in in_order()
    }


def judge(history: History) -> dict[str, Finding]:
    """What every rule finds in a history, by the rule's id."""
    return judge_trace(Trace(history))
