"""What was seen of a scheduler in one scenario: a reply for each action.

The one idea: an observation is complete without the process that it came from, so that judging,
models and reports are pure.
"""

import msgspec

from gnomon.specs.conformance.process import Failure
from gnomon.specs.conformance.protocol import Introduction, Reply
from gnomon.specs.conformance.tick.scenarios import Scenario


class Observation(msgspec.Struct, frozen=True):
    """The replies to the opening and to the actions of a scenario, in order.

    `opened` is the reply to the first `open`; `replies` has one reply for each action, that of a
    restart is the reply to its `open`. They end after the first that is neither `Done` nor
    `Fired`: what comes later was not tried.
    """

    scenario: Scenario
    introduction: Introduction
    opened: Reply | Failure
    replies: tuple[Reply | Failure, ...]
