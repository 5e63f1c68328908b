"""What an excerpt does not tell of messages, and how it excuses those who had to do with it.

The one idea: a message that was published before its time is left out with all that came of it, but
it did occupy workers. A server with such a worker is held up as by a fault: nothing that takes time
is asked of it then. Nothing else can be said of a worker whose work is not told of.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from gnomon.reference import events
from gnomon.specs.excerpt.servers import LEAVES
from gnomon.specs.trace.entities import Worker

UNSEEN = "unseen"
"""The fault that something goes on of which the history does not tell."""

IsOld = Callable[[int], bool]
"""Whether a message is left out."""

_BEFORE = -1
"""The place of what happened before anything is told."""
_HAS = (events.Claimed, events.Started, events.Invoked)
_ENDS = (events.Claimed, events.Finished)
_TAKES_BACK = (events.Reclaimed, events.Lost)


def old_messages(told: list[Any], start: int, left_out: set[int]) -> IsOld:
    """Which messages are left out: those published before `start`, or at a place that is left out.

    Messages are numbered in the order of publishing: of one that is not told to have been published
    it is known whether it was before.
    """
    published = [(n, e.message) for n, e in enumerate(told) if type(e) is events.Published]
    kept = {message for n, message in published if n >= start and n not in left_out}
    gone = {message for n, message in published} - kept
    first = min((message for n, message in published if n >= start), default=None)

    def is_old(message: int) -> bool:
        if message in kept:
            return False
        return message in gone or first is None or message < first

    return is_old


def unseen(
    told: list[Any], start: int, begins: int, is_old: IsOld, held: dict[Worker, int]
) -> Iterator[tuple[int, Any]]:
    """The faults of servers with workers that had what is left out, and the places of both ends.

    `start` is the place of the beginning, `begins` its instant (µs); `held` is which message each
    worker has at the end.
    """
    for server, first, last in _occupied(told, is_old, held):
        if last < start:
            continue
        at = told[first].at if first >= start else begins
        yield max(first, start), events.FaultBegan(at, UNSEEN, server)
        if last < len(told):
            yield last, events.FaultEnded(told[last].at, UNSEEN, server)


class _Occupation(NamedTuple):
    """A worker of `server` had what is left out, from one place to another."""

    server: str
    begins: int
    ends: int


def _occupied(told: list[Any], is_old: IsOld, held: dict[Worker, int]) -> Iterator[_Occupation]:
    """When workers had what is left out, until each ended it or claimed something else.

    One that did not claim it as far as is told had it from the beginning on.
    """
    since: dict[Worker, int] = {}
    heard: set[Worker] = set()
    for place, event in enumerate(told):
        for worker in _freed(event, since, heard, is_old):
            yield _Occupation(worker[0], since.pop(worker, _BEFORE), place)
        if isinstance(event, (*_HAS, *_ENDS)):
            worker = (event.server, event.worker)
            if isinstance(event, _HAS) and is_old(event.message):
                since.setdefault(worker, _BEFORE if _had_it(event, worker, heard) else place)
            heard.add(worker)
    for worker, message in held.items():
        if worker not in heard and is_old(message):
            since[worker] = _BEFORE
    yield from (_Occupation(worker[0], begins, len(told)) for worker, begins in since.items())


def _freed(event: Any, since: dict[Worker, int], heard: set[Worker], is_old: IsOld) -> list[Worker]:
    """The workers that have what is left out no longer: they are in `since`, or not yet `heard`."""
    if isinstance(event, LEAVES):
        return [worker for worker in since if worker[0] == event.server]
    if not isinstance(event, (*_ENDS, *_TAKES_BACK)):
        return []
    worker = (event.server, event.worker)
    if isinstance(event, _ENDS) and worker in since:
        return [worker]
    return [worker] if is_old(event.message) and _had_it(event, worker, heard) else []


def _had_it(event: Any, worker: Worker, heard: set[Worker]) -> bool:
    """Whether a worker, not yet heard, had the message of an event before anything was told."""
    return worker not in heard and type(event) is not events.Claimed
