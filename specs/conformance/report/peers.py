"""The schedulers whose dialect is known: their declared profiles, and how well these were verified.

The one idea: a profile has one source, the file of the adapter, which is read and not run; that it
is true has one source, the published ``results.md``. A profile that explains too few answers there
is no dialect, so nothing is predicted from it.
"""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from gnomon.specs.conformance import shipped
from gnomon.specs.conformance.dialects.knobs import DEFAULT, KNOBS, Dialect, dialect_of

OURS = "gnomon"
"""The name of the dialect of the specification."""
REFERENCE = "reference"
"""The adapter whose dialect that is."""
LEAST_VERIFIED = 0.9
"""The part of the cases that must be as declared for a profile to be a dialect."""
_RULES = ("JOB-4", "FIRE-4", "FIRE-5")
"""The rules of level next that a dialect predicts."""
_ZONES = "FIRE-5"
_CELL = re.compile(r"(\d+)/(\d+)\b")


class Verified(NamedTuple):
    """How many of the `judged` cases of a `version` are as its profile says.

    `has_zones` is False if the scheduler knows no time zones.
    """

    version: str
    as_declared: int
    judged: int
    has_zones: bool

    @property
    def is_enough(self) -> bool:
        """Whether the profile explains enough to predict from it."""
        return self.judged > 0 and self.as_declared >= LEAST_VERIFIED * self.judged


class Peer(NamedTuple):
    """A scheduler and its dialect. `verified` is None for our own."""

    name: str
    dialect: Dialect
    verified: Verified | None

    @property
    def has_zones(self) -> bool:
        """Whether its dialect says anything about a zone that is not UTC."""
        return self.verified is None or self.verified.has_zones


class NoDialect(ValueError):
    """There is no dialect of that name; the message says why, and names the near ones."""


@cache
def peers() -> Mapping[str, Peer]:
    """The schedulers with a verified profile, by name; ours is the first."""
    found = {OURS: Peer(OURS, DEFAULT, None)}
    results = published()
    for name, adapter in shipped.shipped().items():
        if name == REFERENCE:
            continue
        profile, verified = shipped.declared_profile(adapter), results.get(name)
        if profile is not None and verified is not None and verified.is_enough:
            knobs = {knob: value for knob, value in profile.items() if knob in KNOBS}
            found[name] = Peer(name, dialect_of(knobs), verified)
    return found


def find_peer(name: str) -> Peer:
    """The scheduler of that name. Raises NoDialect."""
    if (found := peers().get(name)) is not None:
        return found
    names = ", ".join(peers())
    if (verified := published().get(name)) is not None and name in shipped.shipped():
        raise NoDialect(
            f"{name} has no verified profile: {verified.as_declared} of {verified.judged} cases "
            f"are as its adapter declares, which is too few; the dialects are {names}"
        )
    if name in shipped.shipped():
        raise NoDialect(
            f"{name} has no verified profile of cron definitions; the dialects are {names}"
        )
    close = get_close_matches(name.lower(), peers(), n=3)
    hint = f"did you mean {' or '.join(close)}? " if close else ""
    raise NoDialect(f"there is no dialect {name!r:.80}; {hint}the dialects are {names}")


@cache
def published() -> Mapping[str, Verified]:
    """The results in the published ``results.md``, by adapter."""
    file = files("gnomon.specs.conformance") / "results.md"
    return read_results(file.read_text("utf-8"))


def read_results(text: str) -> dict[str, Verified]:
    """The results in the matrix of level next of a report as Markdown, by adapter.

    Adapters that did not run are left out.
    """
    found: dict[str, Verified] = {}
    columns: list[str] = []
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")] if line[:1] == "|" else []
        if {"adapter", "version", "META-2", *_RULES} <= set(cells):
            columns = cells
        elif columns and len(cells) == len(columns):
            row = dict(zip(columns, cells, strict=True))
            counts = [_CELL.match(row[rule]) for rule in _RULES]
            if any(counts):
                found[row["adapter"].replace("\\", "")] = Verified(
                    row["version"].replace("\\", ""),
                    sum(int(count[1]) for count in counts if count),
                    sum(int(count[2]) for count in counts if count),
                    _CELL.match(row[_ZONES]) is not None,
                )
        else:
            columns = []
    return found
