"""The steps of a server, each computed once by the scheduler's own code and then remembered.

The one idea: a server is deterministic, and without the messages in transit around it has few
states. So its own code runs once for each state, instant and input: on a copy, whose key identifies
the state that it is in afterwards. A test compares every server that reaches a state again with the
first one, which stands for it.

Some replies change nothing any more, and `ignores` names them, so that they need not be in transit:
the order in which they arrive would only multiply the worlds. That is so of a reply that

    the server's own code ignores     in this state, at this instant, without any output
    cannot count later either         it is an Assignment to a claim, whose turn is over, and turns
                                      only grow; or the reply to a Join, which is no longer
                                      repeated; or the Outcomes of a Publish that is not awaited,
                                      since no object is awaited a second time

To receive such a reply leads to the same world without it, before or after any other step: a step
of another server does not see it, a crash of this server would lose it, and a pause only delays it.
To lose it is to receive it, with one fault less that may strike. So the same stores can be reached
with it and without it, by the same steps and with the same events. The second condition is a
property of the code. A test asks each state that follows; another one compares the worlds with
those of the search that keeps these replies.

A leader role distinguishes the request that it awaits from an earlier equal one, by identity. Here
messages are values that have this as a mark, and each state knows which objects it awaits.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import msgspec

from gnomon.reference.cluster.outputs import Outputs, Run
from gnomon.reference.cluster.server import TIMERS, Server, Timer
from gnomon.reference.store.operations import (
    Assignment,
    Claim,
    Join,
    Operation,
    Publish,
    Reply,
)
from gnomon.simulator.explore.numbers import Interned, Numbered


class InTransit(NamedTuple):
    """An operation in transit, or the `reply` to it; whether the server awaits that reply."""

    operation: Operation
    reply: Reply | None = None
    is_awaited: bool = False


class Awaiting(NamedTuple):
    """A server in some state, and the very objects whose replies it awaits, by their values."""

    server: Server
    objects: dict[Operation, Operation]


class ServerStep(NamedTuple):
    """What an input leads to: the number of the state afterwards, and what the server asks for.

    `given_up` are the operations whose replies it has awaited and now does not.
    """

    after: int
    runs: tuple[Run, ...]
    requests: tuple[int, ...]
    given_up: frozenset[Operation]


def _nothing(state: int) -> ServerStep:
    """The step of a server that ignores an input."""
    return ServerStep(state, (), (), frozenset())


Input = tuple[int, int, str, int]
"""State, instant, kind of input, and the worker or message that it concerns."""


class ServerSteps:
    """The states of servers and the messages in transit, by number, and the steps between them.

    `computed` counts the steps that the server's own code computed.
    """

    def __init__(self) -> None:
        self.states: Interned[Awaiting] = Interned()
        self.messages: Numbered[InTransit] = Numbered()
        self.runs: Numbered[Run] = Numbered()
        self._steps: dict[Input, ServerStep] = {}
        self._ignored: dict[tuple[int, int, int], bool] = {}  # by state, instant and message
        self._wakes: dict[int, tuple[tuple[Timer, int], ...]] = {}
        self.computed = 0

    def wakes(self, state: int) -> tuple[tuple[Timer, int], ...]:
        """The timers that are set, and when they fire (µs, by the server's clock)."""
        if state not in self._wakes:
            server = self.states[state].server
            wakes = [(timer, server.wake_at(timer)) for timer in TIMERS]
            self._wakes[state] = tuple((timer, at) for timer, at in wakes if at is not None)
        return self._wakes[state]

    def start(self, now: int, server: Server) -> ServerStep:
        """Start a new server."""
        return self._keep(server, server.start(now), {})

    def wake(self, state: int, now: int, timer: Timer) -> ServerStep:
        """A timer fires."""
        return self._step((state, now, timer, 0), lambda server: server.wake(now, timer))

    def finish(self, state: int, now: int, worker: int) -> ServerStep:
        """The service that a worker has run returns."""
        return self._step((state, now, "finish", worker), lambda s: s.finish(now, worker))

    def receive(self, state: int, now: int, message: int) -> ServerStep:
        """A reply arrives."""
        operation, reply, is_awaited = self.messages.keys[message]
        assert reply is not None
        objects = self.states[state].objects
        which = objects[operation] if is_awaited else msgspec.structs.replace(operation)
        return self._step(
            (state, now, "receive", message), lambda server: server.receive(now, which, reply)
        )

    def ignores(self, state: int, now: int, message: int) -> bool:
        """Whether a reply changes nothing, now or later: a server may do without it."""
        asked = (state, now, message)
        known = self._ignored.get(asked)
        if known is None:
            known = self._may_be_over(message) and self.receive(*asked) == _nothing(state)
            self._ignored[asked] = known
        return known

    def _may_be_over(self, message: int) -> bool:
        """Whether a reply that is ignored once is ignored for good."""
        operation, reply, is_awaited = self.messages.keys[message]
        if type(operation) is Claim:
            return type(reply) is Assignment
        return type(operation) is Join or (type(operation) is Publish and not is_awaited)

    def _step(self, asked: Input, step: Callable[[Server], Outputs]) -> ServerStep:
        known = self._steps.get(asked)
        if known is None:
            self.computed += 1
            before = self.states[asked[0]]
            server = before.server.copy()
            known = self._steps[asked] = self._keep(server, step(server), before.objects)
        return known

    def _keep(
        self, server: Server, outputs: Outputs, awaited: dict[Operation, Operation]
    ) -> ServerStep:
        requests = [output for output in outputs if not isinstance(output, Run)]
        objects = self._awaited(server, [*awaited.values(), *requests])
        return ServerStep(
            self.states.put(server.key(), Awaiting(server, objects)),
            tuple(output for output in outputs if isinstance(output, Run)),
            tuple(self._number(server, request) for request in requests),
            frozenset(value for value, one in awaited.items() if not server.is_awaiting(one)),
        )

    def _awaited(
        self, server: Server, operations: Iterable[Operation]
    ) -> dict[Operation, Operation]:
        return {operation: operation for operation in operations if server.is_awaiting(operation)}

    def _number(self, server: Server, request: Operation) -> int:
        return self.messages.number(InTransit(request, None, server.is_awaiting(request)))
