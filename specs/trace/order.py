"""In which order messages were published, first claimed and first started.

The one idea: the order of publishing numbers the messages; claims and starts keep that order if
their numbers only rise. Nearly always they do, and then nothing is compared one by one.
"""

from typing import TypeVar

from gnomon.reference import events
from gnomon.specs.trace.trace import Trace

E = TypeVar("E", events.Claimed, events.Started)


def positions(trace: Trace) -> dict[int, int]:
    """The place of each message in the order of publishing, from 0."""
    return dict(zip(trace.messages, range(len(trace.messages)), strict=True))


def first_claims(trace: Trace) -> list[events.Claimed]:
    """The first attempts' claims, in order."""
    return _first_attempts(trace, trace.claims)


def first_starts(trace: Trace) -> list[events.Started]:
    """The first attempts' starts, in order."""
    return _first_attempts(trace, trace.starts)


def _first_attempts(trace: Trace, happened: list[E]) -> list[E]:
    known = trace.messages
    return [event for event in happened if event.attempt == 1 and event.message in known]


def keeps_order(trace: Trace, happened: list[E]) -> bool:
    """Whether events are in the order in which their messages were published."""
    position = trace.cached(positions)
    ranks = [position[event.message] for event in happened]
    return ranks == sorted(ranks)
