"""What counts of a history in which the store has forgotten something.

The one idea: what a lost write did is as if it had not happened, and so is what others did because
of it. What remains is judged like any history; so a store that loses writes is allowed exactly what
those writes held, and nothing else.

    undone                       and so
    published                    everything about that message
    claimed                      the run of that attempt, until it is claimed anew
    a completion (`reopened`)    the run, so far

Who led has led, whatever the store remembers: each loss ends an office, and no epoch comes twice.
"""

from typing import Any

from reference import events

Attempt = tuple[int, str, int, int]
"""A message, a server, a worker, and which attempt."""

_OF_A_LEASE = (events.LeaseAcquired, events.LeaseReleased, events.LeaseExpired)
_OF_A_RUN = (events.Started, events.Invoked, events.Finished)


def events_that_count(history: list[Any]) -> list[Any]:
    """The events of a history but those that lost writes have undone: O(events x losses)."""
    losses = [n for n, event in enumerate(history) if type(event) is events.WritesLost]
    if not losses:
        return history
    counting: list[Any] = list(history)
    for loss in losses:
        _undo(counting, loss, history[loss])
    return [event for event in counting if event is not None]


def _undo(counting: list[Any], loss: int, lost: events.WritesLost) -> None:
    """Blot out, in `counting`, what a loss at that place has undone."""
    places = [seq - 1 for seq in lost.undone if not isinstance(counting[seq - 1], _OF_A_LEASE)]
    undone = [counting[place] for place in places if counting[place] is not None]
    for place in places:
        counting[place] = None
    messages = {event.message for event in undone if type(event) is events.Published}
    attempts = {_attempt(event) for event in undone if type(event) is events.Claimed}
    reopened = {message for message in lost.reopened if message not in messages}
    for n, event in enumerate(counting):
        message = getattr(event, "message", None)
        if message is None:
            continue
        if message in messages:
            counting[n] = None
        elif n > loss and type(event) is events.Claimed:
            attempts.discard(_attempt(event))
        elif type(event) in _OF_A_RUN and (
            _attempt(event) in attempts or (n < loss and message in reopened)
        ):
            counting[n] = None


def _attempt(event: Any) -> Attempt:
    return event.message, event.server, event.worker, event.attempt
