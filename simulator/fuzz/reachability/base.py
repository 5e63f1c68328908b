"""The table of the states, and the questions about a history that several of them ask."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import NamedTuple, TypeVar, cast

from gnomon.reference import events
from gnomon.reference.events import Event, EventBase
from gnomon.reference.store.messages import Profile
from gnomon.specs.trace.entities import FaultWindow, Term
from gnomon.specs.trace.trace import Trace

Reaches = Callable[[Trace], bool]
"""Whether a history reaches a state."""

E = TypeVar("E", bound=EventBase)


class State(NamedTuple):
    """A state that the runs of a search must reach: its id, its description and its function.

    A state of one `profile` cannot be reached in the other; None is a state of both.
    """

    id: str
    words: str
    reaches: Reaches
    profile: Profile | None


STATES: dict[str, State] = {}
"""Every state, by id."""


def state(reaches: Reaches, profile: Profile | None = None) -> Reaches:
    """Add a function to `STATES`: the id is its name with hyphens, the text its docstring."""
    id = reaches.__name__.replace("_", "-")
    assert reaches.__doc__ is not None
    STATES[id] = State(id, reaches.__doc__.rstrip("."), reaches, profile)
    return reaches


def durable(reaches: Reaches) -> Reaches:
    """The same, for a state of the durable profile."""
    return state(reaches, "durable")


def classic(reaches: Reaches) -> Reaches:
    """The same, for a state of the classic profile."""
    return state(reaches, "classic")


def states_of(profile: Profile) -> list[State]:
    """The states that the runs of a profile can reach."""
    return [state for state in STATES.values() if state.profile in (None, profile)]


def reached(trace: Trace) -> list[str]:
    """The ids of the states that a history reaches."""
    return [state.id for state in STATES.values() if state.reaches(trace)]


def every(trace: Trace, kind: type[E]) -> list[E]:
    """Every event of a kind, in order."""
    return cast("list[E]", trace.cached(_by_kind).get(kind, []))


def _by_kind(trace: Trace) -> dict[type[EventBase], list[Event]]:
    table: defaultdict[type[EventBase], list[Event]] = defaultdict(list)
    for event in trace.events:
        table[type(event)].append(event)
    return dict(table)


def planned(trace: Trace) -> list[events.Published]:
    """Every message of a planned occurrence."""
    return [event for event in every(trace, events.Published) if not event.on_demand]


def vacancies(trace: Trace) -> list[tuple[int, int]]:
    """The spans between two leaders in which nobody led (µs)."""
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
