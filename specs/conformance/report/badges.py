"""Badges of a report: JSON for the endpoint of shields.io, one file for each number.

The one idea: never one score. Each level has a badge of its own, and so have the suspects; a badge
counts cases, and its colour says only whether all of them are as declared.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from gnomon.specs.conformance.judging import SUSPECT_VERDICTS, Result
from gnomon.specs.conformance.report.model import AdapterReport

_NOT_JUDGED = frozenset({"not observable", "not exercised"})


class Badge(msgspec.Struct, frozen=True, rename="camel"):
    """A badge as shields.io reads it (https://shields.io/badges/endpoint-badge)."""

    label: str
    message: str
    color: str
    is_error: bool = False
    schema_version: int = 1


class Counted(NamedTuple):
    """The cases of a level that were judged, and how many of them are as declared."""

    as_declared: int
    judged: int


def badges(report: AdapterReport) -> dict[str, Badge]:
    """The badges of an adapter by the names of their files."""
    stem = stem_of(report)
    if report.fault is not None:
        return {
            f"{stem}-suspects.json": Badge("suspects", report.state, "lightgrey", is_error=True)
        }
    found = {
        f"{stem}-{level}.json": _of_level(level, of.results) for level, of in report.levels.items()
    }
    suspects = len(report.suspects)
    color = "orange" if suspects else "brightgreen"
    return found | {f"{stem}-suspects.json": Badge("suspects", str(suspects), color)}


def stem_of(report: AdapterReport) -> str:
    """The name of an adapter, or of its file, as it begins the names of its badges."""
    return Path(report.adapter).stem


def counted(results: Sequence[Result]) -> Counted:
    """How many cases are as declared. A case is, if none of its rules is broken or otherwise.

    A difference with a public issue is not as declared.
    """
    cases: dict[str, list[Result]] = {}
    for result in results:
        if result.verdict not in _NOT_JUDGED:
            cases.setdefault(result.case, []).append(result)
    as_declared = sum(
        all(one.verdict not in SUSPECT_VERDICTS for one in of_case) for of_case in cases.values()
    )
    return Counted(as_declared, len(cases))


def _of_level(level: str, results: Sequence[Result]) -> Badge:
    as_declared, judged = counted(results)
    if not judged:
        return Badge(level, "not observable", "lightgrey")
    color = "brightgreen" if as_declared == judged else "blue"
    return Badge(level, f"{as_declared}/{judged} as declared", color)
