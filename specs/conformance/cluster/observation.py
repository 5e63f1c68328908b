"""What was seen of a scheduler in one scenario of level cluster: what happened, and what fired.

The one idea: an observation is complete without the processes that it came from, so that judging is
pure.
"""

from typing import Literal

import msgspec

from gnomon.specs.conformance.cluster.scenarios import Scenario
from gnomon.specs.conformance.process import Failure
from gnomon.specs.conformance.protocol import Error, Firing, Introduction, Refused, Unsupported

Kind = Literal["launched", "ready", "killed", "paused", "resumed", "stopping", "stopped", "edited"]


class Event(msgspec.Struct, frozen=True):
    """What happened to an instance, at an instant of the machine's wall clock (µs, UTC).

    `launched` precedes `ready`, and `stopping` precedes `stopped`. `edited`: the new definitions
    are in force, and the instance that runs them is ready.
    """

    at: int
    kind: Kind
    instance: int


class Observation(msgspec.Struct, frozen=True):
    """The events of a scenario and its firings, each in the order of their instants.

    `ended` is the instant up to which it was watched (µs, UTC). `failure` is the reason why it
    could not be carried out to its end; what comes later was not tried.
    """

    scenario: Scenario
    introduction: Introduction
    events: tuple[Event, ...]
    firings: tuple[Firing, ...]
    ended: int
    failure: Failure | Refused | Unsupported | Error | None = None
