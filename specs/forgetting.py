"""What counts of a history in which the store has forgotten something.

The one idea: what a lost write did is as if it had not happened, and so is what others did because
of it. What remains is judged like any history; so a store that loses writes is allowed exactly what
those writes held, and nothing else.

    undone                       and so
    published                    everything about that message
    claimed                      the run of that attempt, until it is claimed anew
    a completion (`reopened`)    the run so far, if the message is taken up again

Who led has led, whatever the store remembers: each loss ends an office, and no epoch comes twice.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from msgspec.structs import replace

from reference import events

Attempt = tuple[int, str, int, int]
"""A message, a server, a worker, and which attempt."""

_OF_A_LEASE = (events.LeaseAcquired, events.LeaseReleased, events.LeaseExpired)
_TAKES_UP = (events.Claimed, events.Started, events.Reclaimed, events.Lost)
_OF_A_RUN = (events.Started, events.Invoked, events.Finished)


class Orphan(NamedTuple):
    """A run of something that the store has forgotten, in [begins, ends), at most (µs)."""

    server: str
    begins: int
    ends: int | None


def events_that_count(history: list[Any]) -> tuple[list[Any], list[Orphan]]:
    """The events of a history but those that lost writes have undone, and the runs among those.

    O(events x losses).
    """
    losses = [n for n, event in enumerate(history) if type(event) is events.WritesLost]
    if not losses:
        return history, []
    counting: list[Any] = list(history)
    orphans: list[Orphan] = []
    adopted: dict[int, events.Started] = {}
    for loss in losses:
        dropped = _undo(counting, loss, history[loss], adopted)
        orphans += _orphans(dropped, history[loss].at)
    return list(_with(adopted, counting)), orphans


def _with(adopted: dict[int, events.Started], counting: list[Any]) -> Iterator[Any]:
    for n, event in enumerate(counting):
        if event is not None:
            yield event
            if n in adopted:
                yield adopted[n]


def _orphans(dropped: list[Any], lost_at: int) -> Iterator[Orphan]:
    """Of each run that was dropped what of it came after the loss."""
    ends = {_attempt(event): event.at for event in dropped if type(event) is events.Finished}
    for event in dropped:
        if type(event) is events.Started:
            ended = ends.get(_attempt(event))
            if ended is None or ended > lost_at:
                yield Orphan(event.server, lost_at, ended)


def _undo(
    counting: list[Any], loss: int, lost: events.WritesLost, adopted: dict[int, events.Started]
) -> list[Any]:
    """Blot out, in `counting`, what a loss at that place has undone; what others did among it.

    A run that goes on when its attempt is claimed anew is `adopted`: it counts from that claim on.
    """
    places = [seq - 1 for seq in lost.undone if not isinstance(counting[seq - 1], _OF_A_LEASE)]
    undone = [counting[place] for place in places if counting[place] is not None]
    for place in places:
        counting[place] = None
    messages = {event.message for event in undone if type(event) is events.Published}
    attempts = {_attempt(event) for event in undone if type(event) is events.Claimed}
    reopened = {
        event.message
        for event in counting[loss + 1 :]
        if type(event) in _TAKES_UP and event.message in lost.reopened
    }
    dropped: list[Any] = []
    running: dict[Attempt, events.Started] = {}
    for n, event in enumerate(counting):
        message = getattr(event, "message", None)
        if message is None:
            continue
        if n > loss and type(event) is events.Claimed:
            attempt = _attempt(event)
            attempts.discard(attempt)
            if attempt in running:
                adopted[n] = replace(running.pop(attempt), at=event.at)
        is_orphan = type(event) in _OF_A_RUN and (
            _attempt(event) in attempts or (n < loss and message in reopened)
        )
        if message in messages or is_orphan:
            counting[n] = None
            dropped.append(event)
            if type(event) is events.Started:
                running[_attempt(event)] = event
            elif type(event) is events.Finished:
                running.pop(_attempt(event), None)
    return dropped


def _attempt(event: Any) -> Attempt:
    return event.message, event.server, event.worker, event.attempt
