"""Targets: what a cluster must achieve over a recorded load, as people write it.

    p99 wait <= 2s      99 % of all waits are at most two seconds, by nearest rank
    longest wait <= 1m  no wait is longer
    backlog <= 100      the most messages that may wait at once
    utilisation <= 70%  the share of all worker time that runs take
    misfires <= 0       occurrences that were not published within their grace (MISS-1)

A wait lasts from when an occurrence was due to the start of its run, as in ``gnomon replay``. A
message that never starts has waited until the end.
"""

import re
from collections.abc import Iterable
from typing import Literal

import msgspec

from gnomon.reference.schedule.clock import read_duration, write_duration
from gnomon.specs.render import tables

Kind = Literal["wait", "backlog", "utilisation", "misfires"]
FORMS = "p99 wait <= 2s, longest wait <= 1m, backlog <= 100, utilisation <= 70%, misfires <= 0"
ALL = 100_000
"""The longest wait, as a percentile in thousandths."""

_FORM = re.compile(r"(?P<what>.+?)\s*(?:<=|≤)\s*(?P<limit>.+)")
_PERCENTILE = re.compile(r"p(\d{1,3})(?:\.(\d{1,3}))?")
_NUMBER = re.compile(r"\d{1,10}")
_PERCENT = re.compile(r"(\d{1,3}(?:\.\d{1,2})?)\s*%")


class Target(msgspec.Struct, frozen=True):
    """At most `limit`: a wait in µs, a number of messages or misfires, a share from 0 to 1.

    `thousandths` is the percentile of a wait in 1/1000 of a percent; `ALL` is the longest wait.
    """

    kind: Kind
    limit: float
    thousandths: int = ALL

    @property
    def name(self) -> str:
        """What is limited: ``p99 wait``."""
        if self.kind != "wait":
            return self.kind
        if self.thousandths == ALL:
            return "longest wait"
        return f"p{self.thousandths / 1000:g} wait"

    @property
    def is_mean(self) -> bool:
        """Whether the mean over all seeds must meet it; otherwise every seed must."""
        return self.kind == "utilisation" or (self.kind == "wait" and self.thousandths < ALL)

    def write(self, value: float) -> str:
        """A value of this kind, for people."""
        match self.kind:
            case "wait":
                return tables.span(round(value))
            case "utilisation":
                return f"{value:.1%}"
            case _:
                return tables.count(round(value))

    def __str__(self) -> str:
        is_wait, is_share = self.kind == "wait", self.kind == "utilisation"
        limit = write_duration(round(self.limit)) if is_wait else f"{self.limit:g}"
        return f"{self.name} <= {f'{self.limit * 100:g}%' if is_share else limit}"


def parse(texts: Iterable[str]) -> list[Target]:
    """The targets in some texts, each of one or more between commas. Raises ValueError."""
    parts = [part.strip() for text in texts for part in re.split(r",|\band\b", text)]
    targets = [_parse_one(part) for part in parts if part]
    if not targets:
        raise ValueError(f"there is no target; give one or more of: {FORMS}")
    twice = {target.name for target in targets if _count(target.name, targets) > 1}
    if twice:
        raise ValueError(f"{', '.join(sorted(twice))}: given twice; give one limit for each")
    return targets


def _count(name: str, targets: list[Target]) -> int:
    return sum(target.name == name for target in targets)


def _parse_one(text: str) -> Target:
    form = _FORM.fullmatch(text)
    if form is None:
        raise ValueError(f"{text!r} has no limit; a target is one of: {FORMS}")
    what, limit = " ".join(form["what"].split()).lower(), form["limit"].strip()
    try:
        match what.split():
            case ["longest", "wait"]:
                return Target("wait", read_duration(limit))
            case [percentile, "wait"] if (number := _PERCENTILE.fullmatch(percentile)) is not None:
                return Target("wait", read_duration(limit), _thousandths(*number.groups()))
            case ["backlog"]:
                return Target("backlog", _number(limit))
            case ["misfires"]:
                return Target("misfires", _number(limit))
            case ["utilisation" | "utilization"]:
                return Target("utilisation", _share(limit))
    except ValueError as error:
        raise ValueError(f"{text!r}: {error}") from None
    raise ValueError(f"{text!r}: nothing is known of {what!r}; a target is one of: {FORMS}")


def _thousandths(whole: str, rest: str | None) -> int:
    thousandths = int(whole) * 1000 + int((rest or "").ljust(3, "0"))
    if not 0 < thousandths <= ALL:
        raise ValueError("a percentile is above 0 and at most 100")
    return thousandths


def _number(text: str) -> int:
    if _NUMBER.fullmatch(text) is None:
        raise ValueError("the limit is a whole number from 0, as in backlog <= 100")
    return int(text)


def _share(text: str) -> float:
    form = _PERCENT.fullmatch(text)
    if form is None or not 0 < float(form[1]) <= 100:
        raise ValueError("the limit is a percentage above 0, as in utilisation <= 70%")
    return float(form[1]) / 100
