"""What a report holds: for each adapter its versions, its profile and its results.

The one idea: all formats are written from this model, so they cannot differ.
"""

from collections import Counter, defaultdict

import msgspec

from gnomon.specs.conformance.dialects.knobs import dialect_of, profile_of
from gnomon.specs.conformance.judging import Result, Verdict, by_rule, judge
from gnomon.specs.conformance.protocol import Introduction
from gnomon.specs.conformance.runner import Run
from gnomon.specs.conformance.suspects import Suspect, suspect_of

FORMAT = "gnomon-conformance-report/1"


class Setting(msgspec.Struct, frozen=True):
    """Where and when a report was made."""

    date: str
    gnomon: str
    tzdata: str
    cases: int


class AdapterReport(msgspec.Struct, frozen=True):
    """The results of one adapter; `fault` says why there are none.

    `is_installed` is False if something that the adapter needs is not on the machine.
    """

    adapter: str
    introduction: Introduction | None = None
    profile: dict[str, str] = {}
    results: tuple[Result, ...] = ()
    noise: tuple[str, ...] = ()
    fault: str | None = None
    is_installed: bool = True

    @property
    def version(self) -> str:
        """The version of the scheduler."""
        return "" if self.introduction is None else self.introduction.implementation.version

    @property
    def counts(self) -> dict[str, dict[Verdict, int]]:
        """How many cases of each rule have each verdict."""
        return by_rule(self.results)

    @property
    def suspects(self) -> list[Result]:
        """The results that are not as declared, and have no public issue."""
        return [result for result in self.results if result.is_suspect]

    @property
    def reproduced(self) -> dict[Suspect, list[Result]]:
        """The suspects that a script shows without the adapter, by fault."""
        found: dict[Suspect, list[Result]] = defaultdict(list)
        for result in self.suspects:
            if (suspect := suspect_of(self.adapter, result)) is not None:
                found[suspect].append(result)
        return dict(found)

    @property
    def unexplained(self) -> list[Result]:
        """The suspects that no script shows without the adapter."""
        return [one for one in self.suspects if suspect_of(self.adapter, one) is None]

    @property
    def known(self) -> dict[str, int]:
        """The addresses of public issues, and how many results each one explains."""
        return Counter(result.url for result in self.results if result.url is not None)


def report_of(adapter: str, run: Run, profile: dict[str, str]) -> AdapterReport:
    """The report about a run, judged under `profile`. Raises ProfileError."""
    dialect = dialect_of(profile)
    results = [result for seen in run.seen for result in judge(seen, dialect, run.introduction)]
    return AdapterReport(
        adapter,
        run.introduction,
        profile_of(dialect),
        tuple(results),
        tuple(run.noise),
    )


def cell(counts: dict[Verdict, int]) -> str:
    """The results of an adapter for one rule in a few characters.

    >>> from gnomon.specs.conformance.judging import VERDICTS
    >>> cell(dict.fromkeys(VERDICTS, 0) | {"holds": 9, "broken": 2, "differs as declared": 3})
    '12/14, 2 broken'
    >>> cell(dict.fromkeys(VERDICTS, 0) | {"not observable": 9})
    'not observable'
    """
    as_declared = counts["holds"] + counts["differs as declared"]
    judged = as_declared + counts["broken"] + counts["declared but not so"]
    if not judged:
        return "not observable" if counts["not observable"] else "not exercised"
    parts = [f"{as_declared}/{judged}"]
    parts += [f"{counts['broken']} broken"] if counts["broken"] else []
    parts += [f"{n} declared but not so"] if (n := counts["declared but not so"]) else []
    return ", ".join(parts)


def reproduce(adapter: str, case: str) -> str:
    """The command that runs one case again."""
    return f"gnomon conform {adapter} --only {case}"
