"""Each rule reads of a partial history what it needs, all of it, and nothing else."""

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest
from msgspec.structs import replace

from gnomon.reference import events
from gnomon.reference.history import History, Observable
from gnomon.specs.notation.parser import read_examples
from gnomon.specs.rules import RULES, Rule, judge_trace
from gnomon.specs.spec_text import sections
from gnomon.specs.trace.entities import Firing, Stage
from gnomon.specs.trace.trace import Trace
from tests.support.partial import partial_history
from tests.support.vectors import all_vectors

IN_TRACE: dict[Observable, tuple[str, ...]] = {
    "jobs": ("jobs", "stages", "requests", "pauses"),
    "servers": ("memberships", "memberships_of", "faults", "fault_windows"),
    "firings": ("firings",),
    "definitions": ("changes", "rejected"),
    "messages": ("messages", "claims", "starts", "refused", "published_without_lease", "runs"),
    "leader": ("leases", "terms"),
}
"""The attributes of a trace that hold what a history observes."""

IN_EVENTS: dict[Observable, tuple[tuple[type, str], ...]] = {
    "jobs": ((Firing, "stage"),),
    "firings": ((Stage, "outcomes"),),
    "due": ((events.Fired, "due"),),
    "payload": ((events.Fired, "payload"),),
    "runs": ((Firing, "ended"),),
    "misfires": ((Stage, "has_misfires"),),
    "endings": ((events.JobDeactivated, "has_ended"),),
}
"""The same of other objects."""

NOT_READ_HERE = {
    ("PUB-3", "due"),  # runs that were matched to due instants are in their order
    ("MISS-1", "misfires"),  # a misfire that is not seen has no outcome
    ("MISS-2", "misfires"),
    ("RUN-1", "servers"),  # it reads the events themselves
}
"""What a rule needs although no guard sees how it reads it."""

CHECKED = [known for known in RULES.values() if known.subject == "a history"]


class Unobserved(Exception):
    """Something was read that the history does not observe."""


class GuardedTrace(Trace):
    """A trace that raises where something is read that is not in `allowed`."""

    allowed: frozenset[Observable] | None = None

    def __getattribute__(self, name: str) -> Any:  # of any attribute
        allowed = object.__getattribute__(self, "allowed")
        for aspect, names in IN_TRACE.items() if allowed is not None else ():
            if name in names and aspect not in allowed:
                raise Unobserved(f"{name} needs {aspect}")
        return super().__getattribute__(name)


@pytest.fixture
def guard(monkeypatch: pytest.MonkeyPatch) -> Callable[[Rule, History, set[Observable]], None]:
    """Run a rule on a history; what is not in the set raises when it is read."""
    forbidden: set[Observable] = set()

    def install(kind: type, field: str, aspect: Observable) -> None:
        original = kind.__dict__[field]

        def read(instance: object) -> Any:  # of any field
            if aspect in forbidden:
                raise Unobserved(f"{field} needs {aspect}")
            return original.__get__(instance, kind)

        monkeypatch.setattr(kind, field, property(read, original.__set__))

    for aspect, fields in IN_EVENTS.items():
        for kind, field in fields:
            install(kind, field, aspect)

    def run(known: Rule, history: History, allowed: set[Observable]) -> None:
        trace = GuardedTrace(history)
        forbidden.update({*IN_TRACE, *IN_EVENTS} - allowed)
        trace.allowed = frozenset(allowed)
        try:
            known.check(trace)
        finally:
            forbidden.clear()

    return run


@cache
def histories() -> list[History]:
    """The histories of all examples and vectors of the rules but very long ones."""

    def found() -> Iterator[History]:
        for section in sections().values():
            for example in section.examples:
                yield from read_examples(example.text)
        for vector in all_vectors().values():
            yield vector.history

    return [history for history in found() if len(history.events) < 30]


@pytest.mark.parametrize("known", CHECKED, ids=[known.id for known in CHECKED])
def test_a_rule_reads_nothing_but_what_it_needs(
    known: Rule, guard: Callable[[Rule, History, set[Observable]], None]
) -> None:
    for history in histories():
        guard(known, partial_history(history, known.needs), set(known.needs))


@pytest.mark.parametrize(
    ("known", "need"),
    [
        pytest.param(known, need, id=f"{known.id}-{need}")
        for known in CHECKED
        for need in known.needs
        if (known.id, need) not in NOT_READ_HERE
    ],
)
def test_a_rule_reads_all_that_it_needs(
    known: Rule, need: Observable, guard: Callable[[Rule, History, set[Observable]], None]
) -> None:
    def try_all() -> None:
        for history in histories():
            guard(known, partial_history(history, known.needs), {*known.needs} - {need})

    with pytest.raises(Unobserved, match=f"needs {need}"):
        try_all()


@pytest.mark.parametrize("known", CHECKED, ids=[known.id for known in CHECKED])
def test_a_rule_that_needs_more_is_not_observable_and_not_called(known: Rule) -> None:
    for need in known.needs:
        seen = tuple(other for other in known.needs if other != need)
        trace = GuardedTrace(partial_history(histories()[0], seen))
        found = judge_trace(trace)[known.id]
        assert (found.verdict, found.examined) == ("not observable", 0)


def test_a_full_history_observes_everything() -> None:
    for history in histories()[:20]:
        assert all(finding.observable for finding in judge_trace(Trace(history)).values())
        assert history.header.observes is None


def test_a_history_that_observes_nothing_has_no_verdict() -> None:
    (history, *_) = histories()
    trace = Trace(History(replace(history.header, observes=()), []))
    verdicts = {id: finding.verdict for id, finding in judge_trace(trace).items()}
    assert {verdicts[known.id] for known in CHECKED} == {"not observable"}
