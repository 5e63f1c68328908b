"""In which order messages were published, first claimed and first started.

The one idea: the order of publishing numbers the messages; claims and starts keep that order if
their numbers only rise. Nearly always they do, and then nothing is compared one by one.
"""

from array import array
from collections.abc import Iterator, Sequence
from typing import TypeVar

from gnomon.reference import events
from gnomon.reference.packed import PackedTable, PickedEvents
from gnomon.specs.trace.trace import Trace

E = TypeVar("E", events.Claimed, events.Started)


def first_claims(trace: Trace) -> Sequence[events.Claimed]:
    """The first attempts' claims, in order."""
    return _first_attempts(trace, trace.claims)


def first_starts(trace: Trace) -> Sequence[events.Started]:
    """The first attempts' starts, in order."""
    return _first_attempts(trace, trace.starts)


def _first_attempts(trace: Trace, happened: Sequence[E]) -> Sequence[E]:
    known = trace.messages
    if not isinstance(happened, PackedTable):
        return [event for event in happened if event.attempt == 1 and event.message in known]
    attempts = zip(places_of(trace, happened), happened.column("attempt"), strict=True)
    first = (n for n, (place, tried) in enumerate(attempts) if tried == 1 and place is not None)
    return PickedEvents(happened, array("i", first))


def keeps_order(trace: Trace, happened: Sequence[E]) -> bool:
    """Whether events are in the order in which their messages were published."""
    known = [place for place in places_of(trace, happened) if place is not None]
    return known == sorted(known)


def places_of(trace: Trace, happened: Sequence[E]) -> Iterator[int | None]:
    """The place of each event's message in the order of publishing; None: it is not known."""
    if isinstance(happened, PackedTable | PickedEvents):
        return trace.messages.places_of(happened.column("message"))
    return trace.messages.places_of([event.message for event in happened])
