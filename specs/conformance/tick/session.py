"""One scenario under way: what is sent to an adapter, and what is wrong with its replies.

The one idea: the runner knows the wall clock without asking, because only its own requests move it.
So it opens the scheduler again at the right instant after a kill, and recognises a firing that
lies outside the time that has passed.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Final, Protocol

from gnomon.reference.schedule.clock import MILLISECOND, SECOND, read_instant, write_instant
from gnomon.specs.conformance import protocol
from gnomon.specs.conformance.process import AdapterFault, Failure
from gnomon.specs.conformance.protocol import Done, Fired, Introduction, Reply, Request
from gnomon.specs.conformance.tick.scenarios import (
    Action,
    Advance,
    Create,
    Delete,
    Edit,
    Execute,
    Pause,
    Restart,
    Resume,
    Scenario,
    Step,
    Store,
)

SLACK: Final = MILLISECOND
"""How far a reported instant may be off (µs): many clocks are read as floating-point numbers."""


class Connection(Protocol):
    """What carries requests to an adapter: a process, or a call in this one."""

    def introduce(self) -> Introduction:
        """Start the adapter, and ask for its introduction. Raises AdapterFault."""

    def send(self, make: Callable[[int], Request]) -> Reply | Failure:
        """Send a request of level tick, which `make` makes from its number."""

    def kill(self) -> None:
        """End the adapter without a warning."""

    def leave(self) -> None:
        """End the adapter."""


class Session:
    """One scenario under way. Its clock is the wall clock of the scheduler (µs, UTC)."""

    def __init__(self, connection: Connection, scenario: Scenario, store: str) -> None:
        self._connection, self._scenario, self._store = connection, scenario, store
        self._now = read_instant(scenario.now)
        self._passed = [self._now]  # readings of the clock since the latest report of firings
        self._jobs: set[str] = set()

    def replies(self, is_stopped: Callable[[], bool] = lambda: False) -> Iterator[Reply | Failure]:
        """Open the scheduler and carry out the actions, up to the first that is not carried out.

        No further action is carried out when `is_stopped` answers True.
        """
        last = self._open()
        yield last
        for action in self._scenario.actions:
            if not isinstance(last, Done | Fired) or is_stopped():
                break
            last = self._carry_out(action)
            yield last

    def _open(self) -> Reply | Failure:
        """Start the adapter, and open the scheduler in it."""
        try:
            self._connection.introduce()
        except AdapterFault as error:
            return Failure("crash", str(error))
        now, scenario = write_instant(self._now), self._scenario
        return self._connection.send(
            lambda seq: protocol.Open(seq, self._store, now, scenario.zone, scenario.lag)
        )

    def _carry_out(self, action: Action) -> Reply | Failure:
        if isinstance(action, Restart):
            return self._restart(action)
        reply = self._connection.send(partial(_request, action))
        match action:
            case Create(job=job):
                self._jobs.add(job.id)
            case Advance(by=by) | Step(by=by):
                self._move(by)
        if isinstance(reply, Fired):
            if fault := self._fault_in(reply):
                self._connection.kill()
                return Failure("garbage", fault)
            self._passed = [self._now]
        return reply

    def _move(self, by: float) -> None:
        self._now += round(by * SECOND)
        self._passed.append(self._now)

    def _restart(self, action: Restart) -> Reply | Failure:
        if action.how == "kill":
            self._connection.kill()
        else:
            closed = self._connection.send(protocol.Close)
            if not isinstance(closed, Done):
                return closed
            self._connection.leave()
        self._move(action.down)
        return self._open()

    def _fault_in(self, reply: Fired) -> str | None:
        """Why the firings cannot be those of the time that has passed; None if they can."""
        first, last = min(self._passed), max(self._passed)
        latest = first
        for firing in reply.fired:
            at = read_instant(firing.at)
            about = f"a firing of {firing.job!r} at {firing.at}"
            if firing.job not in self._jobs:
                return f"{about}: the runner has created no such job"
            if not first - SLACK <= at <= last + SLACK:
                span = f"{write_instant(first)} to {write_instant(last)}"
                return f"{about} lies outside the time that has passed, {span}"
            if at < latest - SLACK:
                return f"{about} comes after one at {write_instant(latest)}"
            latest = at
        return None


_REQUESTS: dict[type[Action], Callable[..., Request]] = {
    Create: protocol.Create,
    Edit: protocol.Edit,
    Delete: protocol.Delete,
    Pause: protocol.Pause,
    Resume: protocol.Resume,
    Execute: protocol.Execute,
    Advance: protocol.Advance,
    Step: protocol.Step,
    Store: protocol.Store,
}
"""The request that carries out each action; a Restart has none of its own."""


def _request(action: Action, seq: int) -> Request:
    fields = {name: getattr(action, name) for name in action.__struct_fields__}
    return _REQUESTS[type(action)](seq, **fields)
