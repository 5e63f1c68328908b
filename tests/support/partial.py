"""What would be seen of a full history by somebody who observes only some of it."""

from collections.abc import Collection, Iterable, Iterator
from typing import get_args

from msgspec.structs import replace

from gnomon.reference import events
from gnomon.reference.events import Event
from gnomon.reference.history import History, Observable

KINDS: dict[Observable, tuple[type[Event], ...]] = {
    "jobs": (
        *get_args(events.JobChange),
        events.Requested,
        events.ClusterPaused,
        events.ClusterResumed,
    ),
    "firings": (events.Fired,),
    "runs": (events.Ended,),
    "definitions": (*get_args(events.JobChange), events.JobRejected),
    "servers": (
        events.ServerStarted,
        events.ServerStopping,
        events.ServerStopped,
        events.ServerCrashed,
        events.FaultBegan,
        events.FaultEnded,
    ),
    "misfires": (events.Skipped, events.Coalesced),
    "leader": (*get_args(events.LeaseEvent), events.StoreReplaced),
    "messages": (
        events.Published,
        events.PublishRefused,
        *get_args(events.RunEvent),
        events.Expired,
        events.DeadLettered,
        events.Dropped,
        events.PutBack,
    ),
}
"""The events that each aspect keeps as they are."""


def partial_history(history: History, observes: Collection[Observable]) -> History:
    """The same history, as far as it is observed; the runs are those that a full one has begun."""
    header = replace(history.header, observes=tuple(observes))
    return History(header, list(_seen(history.events, observes)))


def _seen(happened: Iterable[Event], observes: Collection[Observable]) -> Iterator[Event]:
    kept = {kind for aspect in observes for kind in KINDS.get(aspect, ())}
    for event in happened:
        if isinstance(event, events.JobDeactivated) and event.has_ended:
            if "endings" in observes:
                yield event
        elif type(event) in kept:
            yield event
        elif isinstance(event, events.Published) and "firings" in observes:
            due = None if event.on_demand else event.due
            payload = event.payload if "payload" in observes else None
            yield events.Fired(event.at, event.message, event.job, due, payload, event.on_demand)
        elif isinstance(event, events.Finished) and "runs" in observes:
            yield events.Ended(event.at, event.message, event.outcome)
