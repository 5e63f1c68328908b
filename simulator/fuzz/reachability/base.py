"""What a state is, and which of them a history comes to."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any, NamedTuple

from gnomon.reference import events
from gnomon.reference.store.messages import Profile
from gnomon.specs.trace.entities import FaultWindow, Term
from gnomon.specs.trace.trace import Trace

Reaches = Callable[[Trace], bool]


class State(NamedTuple):
    """Something that a set of runs must come to: an id, what it is in words, and the function.

    One that belongs to a profile alone is never come to in the other.
    """

    id: str
    words: str
    reaches: Reaches
    profile: Profile | None


STATES: dict[str, State] = {}
"""Every state, by id."""


def state(reaches: Reaches, profile: Profile | None = None) -> Reaches:
    """Enter a function among the `STATES`, under its name with hyphens and in its own words."""
    id = reaches.__name__.replace("_", "-")
    assert reaches.__doc__ is not None
    STATES[id] = State(id, reaches.__doc__.rstrip("."), reaches, profile)
    return reaches


def durable(reaches: Reaches) -> Reaches:
    """The same, for what only the durable profile knows."""
    return state(reaches, "durable")


def classic(reaches: Reaches) -> Reaches:
    """The same, for what only the classic profile knows."""
    return state(reaches, "classic")


def states_of(profile: Profile) -> list[State]:
    """The states that runs of a profile can come to."""
    return [state for state in STATES.values() if state.profile in (None, profile)]


def reached(trace: Trace) -> list[str]:
    """The ids of the states that a history comes to."""
    return [state.id for state in STATES.values() if state.reaches(trace)]


def every(trace: Trace, kind: type[events.Event]) -> list[Any]:
    """Every event of a kind, in order."""
    return trace.cached(_by_kind).get(kind, [])


def _by_kind(trace: Trace) -> dict[type[events.Event], list[Any]]:
    table: dict[type[events.Event], list[Any]] = {}
    for event in trace.events:
        table.setdefault(type(event), []).append(event)
    return table


def planned(trace: Trace) -> list[events.Published]:
    """Every message that was no run on demand."""
    return [event for event in every(trace, events.Published) if not event.on_demand]


def vacancies(trace: Trace) -> list[tuple[int, int]]:
    """When nobody led between two leaders (µs)."""
    return [
        (before.ends, after.begins)
        for before, after in pairwise(trace.terms)
        if before.ends < after.begins
    ]


def faults_of_leaders(trace: Trace) -> Iterator[tuple[Term, FaultWindow]]:
    """The faults that began at a server while it led."""
    for span in trace.faults:
        for term in trace.terms:
            if term.server == span.target and term.begins < span.begins < term.ends:
                yield term, span
