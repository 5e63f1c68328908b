"""The scheduler under test: cases and scenarios, and the verdict about each as one outcome."""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

import msgspec

from gnomon.specs.conformance.behaviour.profile import settings_of
from gnomon.specs.conformance.in_process.caller import Caller, Functions, arguments
from gnomon.specs.conformance.in_process.connection import InProcess, observe_scenario
from gnomon.specs.conformance.judging import (
    SUSPECT_VERDICTS,
    VERDICTS,
    Result,
    Verdict,
    judge,
)
from gnomon.specs.conformance.protocol import Implementation, Introduction, Known, Observes
from gnomon.specs.conformance.runner import PROCESS_ZONES, observe_case
from gnomon.specs.conformance.tick.judging import judge as judge_scenario
from gnomon.specs.conformance.tick.scenarios import Scenario, read_scenarios
from gnomon.specs.vectors.next_cases import Case, Kind, read_cases

METHODS: dict[Kind, str] = {
    "cron": "next_instants",
    "every": "interval_instants",
    "at": "one_time_instants",
}
"""The method that answers about each kind of definition."""
Refusals = type[Exception] | Sequence[type[Exception]]
_SKIPPED = frozenset({"not observable", "not exercised"})


class Outcome(NamedTuple):
    """The verdict about a case or scenario: the worst of its rules, and why.

    `url` is a known issue.
    """

    case: str
    verdict: Verdict
    text: str
    url: str | None = None

    @property
    def is_skipped(self) -> bool:
        """Whether nothing was judged."""
        return self.verdict in _SKIPPED

    @property
    def is_suspect(self) -> bool:
        """Whether something is not as it was declared, and no public issue is named."""
        return self.verdict in SUSPECT_VERDICTS and self.url is None


class Subject:
    """An adapter, what it declares, and the cases and scenarios that were selected."""

    def __init__(
        self,
        adapter: Callable[..., Any],  # Any: a class, or the function itself
        patterns: Sequence[str],
        profile: Mapping[str, str] | None,
        known: Sequence[Mapping[str, str]] | None,
        refuses: Refusals | None,
    ) -> None:
        self._adapter = adapter
        chosen = getattr(adapter, "refuses", ()) if refuses is None else refuses
        self._refuses = (chosen,) if isinstance(chosen, type) else tuple(chosen)
        declared = dict(getattr(adapter, "profile", {}) if profile is None else profile)
        self._settings = settings_of(declared)
        levels = _levels_of(adapter, self._name)
        self._functions = self._find_functions() if "next" in levels else {}
        issues = getattr(adapter, "known", ()) if known is None else known
        self._introduction = Introduction(
            seq=1,
            protocol=1,
            implementation=Implementation(self._name, "", "python"),
            levels=levels,
            definitions=tuple(self._functions),
            observes=msgspec.convert(getattr(adapter, "observes", ()), tuple[Observes, ...]),
            profile=declared,
            known=tuple(msgspec.convert(issue, Known) for issue in issues),
        )
        offered: list[Case | Scenario] = []
        offered += [case for case in read_cases() if case.kind in self._functions]
        offered += read_scenarios() if "tick" in self._introduction.levels else ()
        self._selected = {
            one.id: one
            for one in offered
            if any(fnmatchcase(one.id, pattern) for pattern in patterns)
        }
        if not self._selected:
            kind = "case" if isinstance(offered[0], Case) else "scenario"
            raise ValueError(
                f"no {kind} has an id like {' or '.join(patterns)}; one is {offered[0].id}"
            )

    def ids(self) -> list[str]:
        """The ids of the selected cases and scenarios."""
        return list(self._selected)

    def judged(self, id: str) -> Outcome:
        """Ask the scheduler about a case, or take it through a scenario."""
        match self._selected[id]:
            case Scenario() as scenario:
                return self._judged_scenario(scenario)
            case question:
                return self._judged_case(question)

    def _judged_scenario(self, scenario: Scenario) -> Outcome:
        connection = InProcess(self._adapter, self._introduction, self._refuses)
        seen = observe_scenario(connection, scenario)
        results = judge_scenario(seen, self._settings.behaviour, self._settings.dialect)
        own = next(one for one in results if one.rule == scenario.rules[0])
        return _outcome(own, results, lambda worst: _text_of_scenario(scenario, worst, results))

    def _judged_case(self, case: Case) -> Outcome:
        zones = PROCESS_ZONES if hasattr(time, "tzset") else PROCESS_ZONES[:1]
        callers = {zone: Caller(self._functions, self._refuses, zone) for zone in zones}
        seen = observe_case(callers, case)
        results = judge(seen, self._settings.dialect, self._introduction)
        return _outcome(results[0], results, lambda worst: self._text(case, worst))

    @property
    def _name(self) -> str:
        return getattr(self._adapter, "__name__", type(self._adapter).__name__)

    def _find_functions(self) -> Functions:
        """The functions that answer about each kind of definition; a class is called once."""
        if not _methods_of(self._adapter):
            return {"cron": self._adapter}
        made = self._adapter() if isinstance(self._adapter, type) else self._adapter
        return {kind: getattr(made, METHODS[kind]) for kind in _methods_of(made)}

    def _text(self, case: Case, result: Result) -> str:
        """What was expected and what was seen, and the call that shows it again."""
        name = f"{self._name}()" if isinstance(self._adapter, type) else self._name
        call = f"{name}.{METHODS[case.kind]}" if _methods_of(self._adapter) else name
        question = ", ".join(map(_written, arguments(case)))
        return _lines(result, f"  again     {call}({question})")


def _methods_of(adapter: Any) -> list[Kind]:  # Any: a class, an object or a function
    """The kinds of definitions for which an adapter has a method."""
    return [kind for kind, method in METHODS.items() if hasattr(adapter, method)]


def _written(argument: str | float | datetime) -> str:
    if isinstance(argument, datetime):
        return f"datetime.fromisoformat({argument.isoformat()!r})"
    return repr(argument)


def _levels_of(adapter: Callable[..., Any], name: str) -> tuple[str, ...]:
    """The levels that an adapter has methods for. Raises TypeError if there are none."""
    is_scheduler = hasattr(adapter, "open") and hasattr(adapter, "advance")
    if not isinstance(adapter, type):
        if is_scheduler:
            raise TypeError(f"{name} is an object; each opening needs a new one: give its class")
        return ("next",)
    has = {"next": bool(_methods_of(adapter)), "tick": is_scheduler}
    levels = tuple(level for level, is_there in has.items() if is_there)
    if not levels:
        raise TypeError(
            f"{name} has neither the method next_instants (level next) nor the methods open and "
            "advance (level tick)"
        )
    return levels


def _outcome(own: Result, results: Sequence[Result], text: Callable[[Result], str]) -> Outcome:
    """The outcome of `results`; `own` is that of the rule that the case is about."""
    worst = min(results, key=lambda one: (not one.is_suspect, VERDICTS.index(one.verdict)))
    if own.verdict in _SKIPPED and not worst.is_listed:
        return Outcome(own.case, own.verdict, own.seen)
    return Outcome(own.case, worst.verdict, text(worst), worst.url)


def _text_of_scenario(scenario: Scenario, worst: Result, results: Sequence[Result]) -> str:
    """What was expected and what was seen, by all rules that are not simply held."""
    others = [
        f"  and       {one.rule} {one.verdict}: {one.seen}"
        for one in results
        if one.is_listed and one is not worst
    ]
    return _lines(worst, *others, f"  scenario  {scenario.id}")


def _lines(result: Result, *more: str) -> str:
    """What was expected and what was seen, line by line."""
    lines = [
        f"{result.rule} {result.verdict}: {result.question}",
        f"  expected  {result.expected}",
        f"  declared  {result.declared}" if result.declared else "",
        f"  seen      {result.seen}",
        *more,
    ]
    return "\n".join(line for line in lines if line)
