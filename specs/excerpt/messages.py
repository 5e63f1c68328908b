"""Messages that an excerpt leaves out, and the faults that excuse the servers that held them.

The one idea: a message published before the beginning is left out with everything that came of it,
but it did occupy workers. A server with such a worker has a fault until the worker is free. The
rules then demand nothing of it that takes time, because nothing else is known of that worker.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from gnomon.reference import events
from gnomon.reference.events import Event
from gnomon.reference.store.operations import Worker
from gnomon.specs.excerpt.servers import ServerLeft

UNRECORDED = "unseen"
"""The fault of a server or store that does work which the history does not contain."""

IsOld = Callable[[int], bool]
"""Whether a message is left out."""

_BEFORE = -1
"""The place of everything that happened before the first recorded event."""

_Holds = events.Claimed | events.Started | events.Invoked | events.Overdue
"""Events that show that a worker holds their message."""
_EndsWork = events.Claimed | events.Finished
"""Events that show that their worker holds no earlier message."""
_TakesBack = events.Reclaimed | events.Lost
"""Events that take their message from its worker."""


def old_messages(recorded: list[Event], start: int, left_out: set[int]) -> IsOld:
    """Which messages are left out: those published before `start`, or at a place in `left_out`.

    Messages are numbered in the order of publishing. A message whose publishing is not recorded
    is therefore old if its number is smaller than that of the first one published later.
    """
    published = [
        (place, event.message)
        for place, event in enumerate(recorded)
        if isinstance(event, events.Published)
    ]
    kept = {message for place, message in published if place >= start and place not in left_out}
    dropped = {message for _, message in published} - kept
    first = min((message for place, message in published if place >= start), default=None)

    def is_old(message: int) -> bool:
        if message in kept:
            return False
        return message in dropped or first is None or message < first

    return is_old


def unrecorded_work(
    recorded: list[Event], start: int, begins: int, is_old: IsOld, held: dict[Worker, int]
) -> Iterator[tuple[int, Event]]:
    """The faults of servers whose workers hold old messages: both ends of each, with their places.

    `start` is the place of the beginning and `begins` its instant (µs); `held` is the message of
    each worker at the end.
    """
    for server, first, last in _occupations(recorded, is_old, held):
        if last < start:
            continue
        at = recorded[first].at if first >= start else begins
        yield max(first, start), events.FaultBegan(at, UNRECORDED, server)
        if last < len(recorded):
            yield last, events.FaultEnded(recorded[last].at, UNRECORDED, server)


class _Occupation(NamedTuple):
    """A worker of `server` held an old message, from one place to another."""

    server: str
    begins: int
    ends: int


def _occupations(
    recorded: list[Event], is_old: IsOld, held: dict[Worker, int]
) -> Iterator[_Occupation]:
    """Every span in which a worker held an old message, until it ended that or claimed another.

    If the claim is not recorded, the span starts before the first recorded event.
    """
    since: dict[Worker, int] = {}
    seen: set[Worker] = set()
    for place, event in enumerate(recorded):
        for worker in _freed(event, since, seen, is_old):
            yield _Occupation(worker[0], since.pop(worker, _BEFORE), place)
        if isinstance(event, _Holds | _EndsWork):
            worker = (event.server, event.worker)
            if isinstance(event, _Holds) and is_old(event.message):
                since.setdefault(worker, _BEFORE if _held_before(event, worker, seen) else place)
            seen.add(worker)
    for worker, message in held.items():
        if worker not in seen and is_old(message):
            since[worker] = _BEFORE
    yield from (_Occupation(worker[0], begins, len(recorded)) for worker, begins in since.items())


def _freed(
    event: Event, since: dict[Worker, int], seen: set[Worker], is_old: IsOld
) -> list[Worker]:
    """The workers that hold an old message no longer: they are in `since`, or not yet `seen`."""
    if isinstance(event, ServerLeft):
        return [worker for worker in since if worker[0] == event.server]
    if not isinstance(event, _EndsWork | _TakesBack):
        return []
    worker = (event.server, event.worker)
    if isinstance(event, _EndsWork) and worker in since:
        return [worker]
    return [worker] if is_old(event.message) and _held_before(event, worker, seen) else []


def _held_before(event: Event, worker: Worker, seen: set[Worker]) -> bool:
    """Whether a worker, not yet seen, held the message before the first recorded event."""
    return worker not in seen and not isinstance(event, events.Claimed)
