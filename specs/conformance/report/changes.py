"""What has changed between two reports: adapters, versions, profiles and verdicts.

The one idea: a defect that went away because the scheduler answers otherwise is *mended*; one that
went away because the adapter declares it is *differently declared*. Cases that are missing are a
change for the worse: what was not asked cannot be as declared.

    before                    after                                    kind
    no suspect                a suspect                                newly broken
    a suspect                 as declared, another answer              mended
    any                       another verdict or issue, same answer    differently declared
    a suspect                 a suspect, another answer                still broken
    as declared               as declared, another verdict             differently seen
    judged                    not observable, not exercised            no longer judged
    -                         any                                      new
    any                       -                                        gone
"""

from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple

from gnomon.specs.conformance.report.reader import (
    Key,
    WrittenAdapter,
    WrittenReport,
    WrittenResult,
)

Kind = Literal[
    "newly broken",
    "gone",
    "no longer judged",
    "still broken",
    "differently declared",
    "differently seen",
    "mended",
    "new",
]
KINDS: tuple[Kind, ...] = (
    "newly broken",
    "gone",
    "no longer judged",
    "still broken",
    "differently declared",
    "differently seen",
    "mended",
    "new",
)
"""The worst first."""
WORSE = frozenset(("newly broken", "gone", "no longer judged"))
_UNJUDGED = frozenset(("not observable", "not exercised"))


class Change(NamedTuple):
    """A result that is not what it was; None where there is none."""

    kind: Kind
    key: Key
    before: WrittenResult | None
    after: WrittenResult | None


class AdapterChange(NamedTuple):
    """What has changed about an adapter itself, in words."""

    adapter: str
    what: str
    is_worse: bool = False


class Changes(NamedTuple):
    """The changes from one report to another."""

    made_with: dict[str, tuple[str, str]]
    adapters: tuple[AdapterChange, ...]
    results: tuple[Change, ...]

    @property
    def is_worse(self) -> bool:
        """Whether anything has changed for the worse."""
        return any(one.is_worse for one in self.adapters) or any(
            one.kind in WORSE for one in self.results
        )


def changes(before: WrittenReport, after: WrittenReport) -> Changes:
    """What has changed. An adapter that is missing or did not run is one change, not one a case."""
    made_with = {
        name: (was, now)
        for name, was in before.made_with.items()
        if (now := after.made_with.get(name, "")) != was
    }
    both = {
        name
        for name in before.adapters.keys() & after.adapters.keys()
        if before.adapters[name].fault is None and after.adapters[name].fault is None
    }
    return Changes(
        made_with,
        tuple(_of_adapters(before.adapters, after.adapters)),
        tuple(_of_results(before.results, after.results, both)),
    )


def _of_adapters(
    before: Mapping[str, WrittenAdapter], after: Mapping[str, WrittenAdapter]
) -> Iterator[AdapterChange]:
    for name in sorted(before.keys() | after.keys()):
        was, now = before.get(name), after.get(name)
        if now is None:
            yield AdapterChange(name, "gone", is_worse=True)
        elif was is None:
            yield AdapterChange(name, f"new: {_state(now)}")
        elif (was.fault is None) != (now.fault is None):
            what = f"{_state(was)}; now {_state(now)}"
            yield AdapterChange(name, what, is_worse=now.fault is not None)
        elif now.fault is None:
            yield from _of_one(name, was, now)


def _of_one(name: str, was: WrittenAdapter, now: WrittenAdapter) -> Iterator[AdapterChange]:
    """The changes of an adapter that ran both times."""
    if was.version != now.version:
        yield AdapterChange(name, f"version {was.version}; now {now.version}")
    for knob in sorted(was.profile.keys() | now.profile.keys()):
        old, new = was.profile.get(knob), now.profile.get(knob)
        if old != new:
            yield AdapterChange(
                name, f"declares {knob} = {old or '(default)'}; now {new or '(default)'}"
            )


def _state(adapter: WrittenAdapter) -> str:
    if adapter.fault is None:
        return f"version {adapter.version}"
    kind = "the adapter is at fault" if adapter.installed else "not installed"
    return f"{kind}: {adapter.fault}"


def _of_results(
    before: Mapping[Key, WrittenResult], after: Mapping[Key, WrittenResult], adapters: set[str]
) -> Iterator[Change]:
    found = []
    for key in sorted(before.keys() | after.keys()):
        if key.adapter in adapters:
            was, now = before.get(key), after.get(key)
            if (kind := _kind(was, now)) is not None:
                found.append(Change(kind, key, was, now))
    yield from sorted(found, key=lambda one: (KINDS.index(one.kind), one.key))


def _kind(was: WrittenResult | None, now: WrittenResult | None) -> Kind | None:
    """How a result has changed; None if it has not."""
    if was is None or now is None:
        return "new" if was is None else "gone"
    if now.is_suspect:
        return _of_suspect(was, now)
    if now.verdict in _UNJUDGED:
        return None if was.verdict in _UNJUDGED else "no longer judged"
    if (was.verdict, was.url) == (now.verdict, now.url):
        return None
    if was.seen != now.seen:
        return "mended" if was.is_suspect else "differently seen"
    return "differently declared"


def _of_suspect(was: WrittenResult, now: WrittenResult) -> Kind | None:
    if not was.is_suspect:
        return "newly broken"
    return None if (was.verdict, was.seen) == (now.verdict, now.seen) else "still broken"
