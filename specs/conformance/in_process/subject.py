"""The scheduler under test: its cases, and the verdict about each of them as one outcome."""

import time
from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Any, NamedTuple

import msgspec

from gnomon.specs.conformance.behaviour.profile import settings_of
from gnomon.specs.conformance.in_process.caller import Caller, NextInstants
from gnomon.specs.conformance.judging import (
    SUSPECT_VERDICTS,
    VERDICTS,
    Result,
    Verdict,
    judge,
)
from gnomon.specs.conformance.protocol import Implementation, Introduction, Known
from gnomon.specs.conformance.runner import PROCESS_ZONES, observe_case
from gnomon.specs.vectors.next_cases import Case, read_cases

Refusals = type[Exception] | Sequence[type[Exception]]
_SKIPPED = frozenset({"not observable", "not exercised"})


class Outcome(NamedTuple):
    """The verdict about a case: the worst of its rules, and why. `url` is a known issue."""

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
    """An adapter, what it declares, and the cases that were selected."""

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
        self._dialect = settings_of(declared).dialect
        issues = getattr(adapter, "known", ()) if known is None else known
        self._introduction = Introduction(
            seq=1,
            protocol=1,
            implementation=Implementation(self._name, "", "python"),
            levels=("next",),
            profile=declared,
            known=tuple(msgspec.convert(issue, Known) for issue in issues),
        )
        self._cases = {
            case.id: case
            for case in read_cases()
            if any(fnmatchcase(case.id, pattern) for pattern in patterns)
        }
        if not self._cases:
            raise ValueError(
                f"no case has an id like {' or '.join(patterns)}; one is {read_cases()[0].id}"
            )

    def ids(self) -> list[str]:
        """The ids of the selected cases."""
        return list(self._cases)

    def judged(self, id: str) -> Outcome:
        """Ask the scheduler about a case."""
        case = self._cases[id]
        zones = PROCESS_ZONES if hasattr(time, "tzset") else PROCESS_ZONES[:1]
        callers = {zone: Caller(self._next_instants, self._refuses, zone) for zone in zones}
        results = judge(observe_case(callers, case), self._dialect, self._introduction)
        return self._outcome(case, results)

    @property
    def _name(self) -> str:
        return getattr(self._adapter, "__name__", type(self._adapter).__name__)

    @cached_property
    def _next_instants(self) -> NextInstants:
        """The function that answers; a class is called once."""
        if not isinstance(self._adapter, type) and not hasattr(self._adapter, "next_instants"):
            return self._adapter
        made = self._adapter() if isinstance(self._adapter, type) else self._adapter
        found: NextInstants = made.next_instants
        return found

    def _outcome(self, case: Case, results: Sequence[Result]) -> Outcome:
        own = results[0]
        if own.verdict in _SKIPPED:
            return Outcome(case.id, own.verdict, own.seen)
        worst = min(results, key=lambda one: (not one.is_suspect, VERDICTS.index(one.verdict)))
        return Outcome(case.id, worst.verdict, self._text(case, worst), worst.url)

    def _text(self, case: Case, result: Result) -> str:
        """What was expected and what was seen, and the call that shows it again."""
        after = case.after.replace("Z", "+00:00")
        call = f"{self._name}().next_instants" if isinstance(self._adapter, type) else self._name
        question = f"{case.cron!r}, {case.zone!r}, datetime.fromisoformat({after!r}), {case.count}"
        lines = [
            f"{result.rule} {result.verdict}: {result.question}",
            f"  expected  {result.expected}",
            f"  declared  {result.declared}" if result.declared else "",
            f"  seen      {result.seen}",
            f"  again     {call}({question})",
        ]
        return "\n".join(line for line in lines if line)
