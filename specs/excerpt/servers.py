"""What was so when an excerpt begins, of servers, of the lease and of faults.

The one idea: it is told by events at the first instant, as if it happened then. What came before is
read off the earlier events; where those are gone, off what happens first: who does something was
there, what ends was going on, who publishes holds the lease.

A server that was not there may be named all the same: the store gives messages to workers that
wait, and leases to who has asked, until it notices. It is started, and lost at once.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from msgspec.structs import replace

from gnomon.reference import events

LEAVES = (events.ServerStopped, events.ServerCrashed)
OF_A_LEASE = (
    events.LeaseAcquired,
    events.LeaseReleased,
    events.LeaseExpired,
    events.WritesLost,
)
"""What says who holds the lease, or that nobody does."""
_OF_THE_LIVING = (
    *LEAVES,
    events.ServerStopping,
    events.Started,
    events.Invoked,
    events.Finished,
)
"""What a server tells itself, or suffers; the rest comes from the store, whoever is still there."""
_GIVEN = (
    events.Claimed,
    events.LeaseAcquired,
    events.LeaseReleased,
    events.LeaseExpired,
)


def servers(
    told: list[Any], start: int, begins: int, known: Iterable[events.ServerStarted]
) -> tuple[list[Any], list[Any]]:
    """How servers appear at the place `start`, and how those are lost that were not there.

    `begins` is the instant of the beginning (µs), `known` are the servers that are there at the
    end. One of which nothing else is known has as many workers as are told of.
    """
    earlier, later = told[:start], told[start:]
    there, gone, stopping = _after(earlier)
    signs = _first_signs(later)
    members = {server.server: server for server in known}
    here = [
        name
        for name in dict.fromkeys([*there, *signs, *members])
        if name in there or (name not in gone and type(signs.get(name)) is not events.ServerStarted)
    ]
    lost = [name for name in _given_unstarted(later) if name not in here]
    restarted = {event.server for event in later if type(event) is events.ServerStarted}
    started = {name: as_now for name, as_now in members.items() if name not in restarted} | there
    workers = _workers(told)
    appear = [
        replace(started.get(name) or events.ServerStarted(0, name, workers[name]), at=begins)
        for name in (*here, *lost)
    ]
    stop = [events.ServerStopping(begins, name) for name in stopping]
    return [*appear, *stop], [events.ServerCrashed(begins, name) for name in lost]


def _after(
    earlier: Iterable[Any],
) -> tuple[dict[str, events.ServerStarted], dict[str, Any], dict[str, Any]]:
    """After all that: who is there, and how it was started; who ever left; who is stopping."""
    there: dict[str, events.ServerStarted] = {}
    gone: dict[str, Any] = {}
    stopping: dict[str, Any] = {}
    for event in earlier:
        if type(event) is events.ServerStarted:
            there[event.server] = event
        elif type(event) is events.ServerStopping:
            stopping[event.server] = event
        elif isinstance(event, LEAVES):
            gone[event.server] = event
            there.pop(event.server, None)
            stopping.pop(event.server, None)
    return there, gone, stopping


def _first_signs(later: Iterable[Any]) -> dict[str, Any]:
    """By server, what shows first whether it was there."""
    signs: dict[str, Any] = {}
    for event in later:
        if isinstance(event, (events.ServerStarted, *_OF_THE_LIVING)):
            signs.setdefault(event.server, event)
    return signs


def _given_unstarted(later: Iterable[Any]) -> dict[str, None]:
    """The servers that were given something before they were started, if they were."""
    started: set[str] = set()
    given: dict[str, None] = {}
    for event in later:
        if type(event) is events.ServerStarted:
            started.add(event.server)
        elif isinstance(event, _GIVEN) and event.server not in started:
            given[event.server] = None
    return given


def _workers(told: Iterable[Any]) -> Counter[str]:
    """By server, the highest number of a worker that is told of."""
    highest: Counter[str] = Counter()
    for event in told:
        if hasattr(event, "worker"):
            highest[event.server] = max(highest[event.server], event.worker)
    return highest


def lease(
    told: list[Any], start: int, begins: int, known: events.LeaseAcquired | None
) -> list[events.LeaseAcquired]:
    """Who holds the lease at the place `start`; `known` holds it at the end."""
    earlier = [event for event in told[:start] if isinstance(event, OF_A_LEASE)]
    if earlier:
        holder = earlier[-1] if type(earlier[-1]) is events.LeaseAcquired else None
    else:
        holder = _holder_before(told[start:], known)
    return [] if holder is None else [events.LeaseAcquired(begins, holder.server, holder.epoch)]


def _holder_before(later: Iterable[Any], known: events.LeaseAcquired | None) -> Any:
    """Somebody's event who held the lease before all that, or None."""
    for event in later:
        if isinstance(event, events.LeaseAcquired | events.WritesLost):
            return None
        if isinstance(event, OF_A_LEASE) or _is_planned(event):
            return event
    return known


def _is_planned(event: Any) -> bool:
    return type(event) is events.Published and not event.on_demand


def faults(told: list[Any], start: int, begins: int) -> list[events.FaultBegan]:
    """The faults that go on at the place `start`: begun before, or ended later and never begun."""
    going_on, _ = _faults(told[:start], Counter())
    _, ended = _faults(told[start:], going_on)
    return [events.FaultBegan(begins, *which) for which in (going_on + ended).elements()]


_Faults = Counter[tuple[str, str]]
"""How often each fault goes on at each target."""


def _faults(told: Iterable[Any], before: _Faults) -> tuple[_Faults, _Faults]:
    """What goes on after all that, if that went on before; and what ended and had not begun."""
    going_on, ended = before.copy(), _Faults()
    for event in told:
        if type(event) is events.FaultBegan:
            going_on[event.fault, event.target] += 1
        elif type(event) is events.FaultEnded:
            is_known = going_on[event.fault, event.target] > 0
            (going_on.subtract if is_known else ended.update)([(event.fault, event.target)])
    return going_on, ended
