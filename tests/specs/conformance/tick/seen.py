"""Observations written by hand: what was done to a scheduler, and what it reported."""

from collections.abc import Sequence

from gnomon.reference.schedule.clock import SECOND, read_instant, write_instant
from gnomon.specs.conformance.process import Failure
from gnomon.specs.conformance.protocol import (
    Done,
    Fired,
    Firing,
    Implementation,
    Introduction,
    Job,
    Known,
    Observes,
    Reply,
)
from gnomon.specs.conformance.tick.observation import Observation
from gnomon.specs.conformance.tick.scenarios import Action, Create, Scenario

NOW = "2026-01-05T00:00:00Z"
START = read_instant(NOW)
DONE = Done(1, True)


def at(seconds: float) -> str:
    """An instant, as seconds from the start of a scenario."""
    return write_instant(START + round(seconds * SECOND))


def runs(job: str, *seconds: float) -> Fired:
    """The reply to an advance in which a job ran at these instants."""
    return Fired(1, tuple(Firing(job, at(each)) for each in seconds))


def every(seconds: float, id: str = "a", **fields: object) -> Create:
    """The creation of an interval job."""
    return Create(Job(id, every=seconds, **fields))  # type: ignore[arg-type]


def seen(
    *steps: tuple[Action, Reply | Failure],
    observes: Sequence[Observes] = (),
    rules: Sequence[str] = ("FIRE-2",),
    known: Sequence[Known] = (),
    lag: float = 0,
) -> Observation:
    """What was seen in a scenario of these actions."""
    who = Implementation("a scheduler", "1", "Python")
    introduction = Introduction(1, 1, who, ("tick",), tuple(observes), {}, tuple(known))
    actions = tuple(action for action, _ in steps)
    scenario = Scenario("group/name", "A scenario.", tuple(rules), NOW, actions, lag=lag)
    return Observation(scenario, introduction, DONE, tuple(reply for _, reply in steps))
