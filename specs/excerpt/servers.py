"""The state at the beginning of an excerpt: its servers, its lease and its faults.

The one idea: the state is recorded as events at the first instant. It is read from the earlier
events; where those are not recorded, from the first later ones: a server that acts was present, a
fault that ends was going on, and the server that publishes holds the lease.

A server that is absent may still be named: until the store notices, it assigns messages to waiting
workers and grants leases that were requested. Such a server is started and crashes at once.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice

from msgspec.structs import replace

from gnomon.reference import events
from gnomon.reference.events import Event, LeaseEvent, RunEvent, is_planned
from gnomon.specs.trace.entities import LeaseLogEvent, PauseEvent

ServerLeft = events.ServerStopped | events.ServerCrashed
"""The events with which a server leaves."""

_OwnEvent = (
    ServerLeft
    | events.ServerStopping
    | events.Started
    | events.Invoked
    | events.Overdue
    | events.Finished
)
"""Events of a server that is present; all others may come from the store while it is absent."""

_FromStore = events.Claimed | LeaseEvent
"""Events by which the store gives a server something, or takes the lease from it."""


def settles_the_lease(event: Event) -> bool:
    """Whether the holder of the lease, or that there is none, is known after an event."""
    return isinstance(event, LeaseLogEvent)


def servers_at(
    recorded: list[Event], start: int, begins: int, known: Iterable[events.ServerStarted]
) -> tuple[list[Event], list[events.ServerCrashed]]:
    """The starts of servers at the place `start`, and the crashes of those that are absent.

    `begins` is the instant of the beginning (µs); `known` are the servers present at the end. A
    server of which nothing else is known has as many workers as the events name.
    """
    earlier, later = recorded[:start], recorded[start:]
    present, left, stopping = _members_after(earlier)
    signs = _first_signs(later)
    members = {server.server: server for server in known}
    here = [
        name
        for name in dict.fromkeys([*present, *signs, *members])
        if name in present
        or (name not in left and not isinstance(signs.get(name), events.ServerStarted))
    ]
    absent = [name for name in _named_before_their_start(later) if name not in here]
    restarted = {event.server for event in later if isinstance(event, events.ServerStarted)}
    started = {name: now for name, now in members.items() if name not in restarted} | present
    workers = _highest_workers(recorded)
    starts = [
        replace(started.get(name) or events.ServerStarted(0, name, workers[name]), at=begins)
        for name in (*here, *absent)
    ]
    stops = [events.ServerStopping(begins, name) for name in stopping]
    return [*starts, *stops], [events.ServerCrashed(begins, name) for name in absent]


def _members_after(
    earlier: Iterable[Event],
) -> tuple[dict[str, events.ServerStarted], set[str], dict[str, None]]:
    """The servers present after `earlier`; those that ever left; those that are stopping."""
    present: dict[str, events.ServerStarted] = {}
    left: set[str] = set()
    stopping: dict[str, None] = {}
    for event in earlier:
        if isinstance(event, events.ServerStarted):
            present[event.server] = event
        elif isinstance(event, events.ServerStopping):
            stopping[event.server] = None
        elif isinstance(event, ServerLeft):
            left.add(event.server)
            present.pop(event.server, None)
            stopping.pop(event.server, None)
    return present, left, stopping


def _first_signs(later: Iterable[Event]) -> dict[str, Event]:
    """By server, the first event that shows whether it was present at the beginning."""
    signs: dict[str, Event] = {}
    for event in later:
        if isinstance(event, events.ServerStarted | _OwnEvent):
            signs.setdefault(event.server, event)
    return signs


def _named_before_their_start(later: Iterable[Event]) -> dict[str, None]:
    """The servers to which the store gave something before they were started, if they were."""
    started: set[str] = set()
    named: dict[str, None] = {}
    for event in later:
        if isinstance(event, events.ServerStarted):
            started.add(event.server)
        elif isinstance(event, _FromStore) and event.server not in started:
            named[event.server] = None
    return named


def _highest_workers(recorded: Iterable[Event]) -> Counter[str]:
    """By server, the highest number of a worker that an event names."""
    highest: Counter[str] = Counter()
    for event in recorded:
        if isinstance(event, RunEvent):
            highest[event.server] = max(highest[event.server], event.worker)
    return highest


def lease_at(
    recorded: list[Event], start: int, begins: int, known: events.LeaseAcquired | None
) -> list[events.LeaseAcquired]:
    """The holder of the lease at the place `start`, if any; `known` is the holder at the end."""
    earlier = (event for event in reversed(recorded[:start]) if settles_the_lease(event))
    last = next(earlier, None)
    if last is None:
        holder = _holder_before(islice(recorded, start, None), known)
    else:
        holder = last if isinstance(last, events.LeaseAcquired) else None
    return [] if holder is None else [events.LeaseAcquired(begins, holder.server, holder.epoch)]


def _holder_before(
    later: Iterable[Event], known: events.LeaseAcquired | None
) -> LeaseEvent | events.Published | None:
    """An event of the server that held the lease before `later`; None if there was none."""
    for event in later:
        match event:
            case events.LeaseAcquired() | events.WritesLost() | events.ClockSetBack():
                return None
            case events.LeaseReleased() | events.LeaseExpired():
                return event
            case _ if is_planned(event):
                return event
    return known


def faults_at(recorded: list[Event], start: int, begins: int) -> list[events.FaultBegan]:
    """The faults at the place `start`: begun before it, or ended later without having begun."""
    current, _ = _faults(recorded[:start], Counter())
    _, ended = _faults(recorded[start:], current)
    return [events.FaultBegan(begins, *which) for which in (current + ended).elements()]


_Faults = Counter[tuple[str, str]]
"""By fault and target, how many of them go on."""


def _faults(recorded: Iterable[Event], before: _Faults) -> tuple[_Faults, _Faults]:
    """The faults after these events, given those `before`; and those that ended without a start."""
    current, ended = before.copy(), _Faults()
    for event in recorded:
        if isinstance(event, events.FaultBegan):
            current[event.fault, event.target] += 1
        elif isinstance(event, events.FaultEnded):
            is_known = current[event.fault, event.target] > 0
            (current.subtract if is_known else ended.update)([(event.fault, event.target)])
    return current, ended


def pause_at(
    recorded: list[Event], start: int, begins: int, known: events.ClusterPaused | None
) -> Iterator[events.ClusterPaused]:
    """The pause of the cluster at the place `start`, if it is paused there.

    `begins` is the instant of the beginning (µs), `known` the pause at the end.
    """
    earlier = (event for event in reversed(recorded[:start]) if isinstance(event, PauseEvent))
    later = (event for event in recorded[start:] if isinstance(event, PauseEvent))
    before, after = next(earlier, None), next(later, None)
    if isinstance(before, events.ClusterPaused):
        yield replace(before, at=begins)
    elif before is None and isinstance(after, events.ClusterResumed):
        yield events.ClusterPaused(begins, after.by)
    elif before is None and after is None and known is not None:
        yield replace(known, at=begins)
