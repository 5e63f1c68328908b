"""Faults of schedulers, each reproduced without adapter and runner by a script of a few lines.

The one idea: a result that is not as declared is *unexplained* until a script shows the same fault
with the scheduler alone; then it is a *suspect*. The header of a script names the fault, the rules
and the cases in which it is seen; its assertions fail when the fault is mended.
"""

from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import NamedTuple

import msgspec

from gnomon.specs.conformance.judging import Result
from gnomon.specs.conformance.shipped import header_of

_END = "_suspects"


class Suspect(NamedTuple):
    """A fault: where it was seen, and the script that shows it."""

    adapters: tuple[str, ...]
    fault: str
    rules: tuple[str, ...]
    cases: tuple[str, ...]
    script: Path


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    fault: str
    rules: tuple[str, ...]
    cases: tuple[str, ...]
    adapters: tuple[str, ...] = ()
    """Other adapters whose schedulers use the one that the script is named after."""


@cache
def suspects() -> tuple[Suspect, ...]:
    """The faults of all scripts, by script and in the order of their headers."""
    found: list[Suspect] = []
    for script in sorted(Path(__file__).parent.glob(f"*/*{_END}.*")):
        name = script.stem.removesuffix(_END).replace("_", "-")
        table = header_of(script)["tool"]["gnomon"]["suspect"]
        found += (
            Suspect((name, *entry.adapters), entry.fault, entry.rules, entry.cases, script)
            for entry in msgspec.convert(table, list[_Entry])
        )
    return tuple(found)


def suspect_of(adapter: str, result: Result) -> Suspect | None:
    """The reproduced fault that a result shows; None if the result is unexplained."""
    return next(
        (
            suspect
            for suspect in suspects()
            if adapter in suspect.adapters
            and result.rule in suspect.rules
            and any(fnmatchcase(result.case, pattern) for pattern in suspect.cases)
        ),
        None,
    )
