"""Which events of a history count when the store has lost writes.

The one idea: what a lost write did counts as if it had not happened, and so does what others did
because of it. The rules judge what remains like any history. So a store that loses writes may cost
what those writes held, and nothing else.

    undone                       does not count either
    published                    everything about that message
    claimed                      the run of that attempt, until the message is claimed anew
    a completion (`reopened`)    the run so far, if the message is claimed or run again

A leader's term counts, whatever the store remembers: each loss ends a term, and no epoch is granted
twice.
"""

from collections.abc import Iterator
from typing import NamedTuple, cast, get_args

from msgspec.structs import replace

from gnomon.reference import events
from gnomon.reference.events import Event
from gnomon.specs.trace.entities import MessageEvent

Attempt = tuple[int, str, int, int]
"""A message, a server, a worker, and the number of the attempt."""

_OF_A_MESSAGE = frozenset({events.Published, *get_args(MessageEvent)})
_OF_A_LEASE = (events.LeaseAcquired, events.LeaseReleased, events.LeaseExpired)
_TAKES_UP = (events.Claimed, events.Started, events.Reclaimed, events.Lost)
_OF_A_RUN = (events.Started, events.Invoked, events.Finished)


class OrphanRun(NamedTuple):
    """A run of a message that the store has lost, in [begins, ends) (µs), from the loss on."""

    server: str
    begins: int
    ends: int | None


def surviving_events(history: list[Event]) -> tuple[list[Event], list[OrphanRun]]:
    """The events of a history that lost writes have not undone, and the runs that they have.

    O(events · losses).
    """
    losses = [n for n, event in enumerate(history) if type(event) is events.WritesLost]
    if not losses:
        return history, []
    surviving: list[Event | None] = list(history)
    orphans: list[OrphanRun] = []
    adopted: dict[int, events.Started] = {}
    for loss in losses:
        orphans += _Rollback(surviving, loss, adopted).orphans()
    return list(_with(adopted, surviving)), orphans


def _with(adopted: dict[int, events.Started], surviving: list[Event | None]) -> Iterator[Event]:
    for n, event in enumerate(surviving):
        if event is not None:
            yield event
            if n in adopted:
                yield adopted[n]


class _Rollback:
    """Removes from `surviving` what one loss has undone, and what others did because of it.

    A run that still goes on when its attempt is claimed anew is `adopted`: it counts from that
    claim on.
    """

    def __init__(
        self, surviving: list[Event | None], loss: int, adopted: dict[int, events.Started]
    ) -> None:
        lost = surviving[loss]
        assert type(lost) is events.WritesLost
        self._surviving = surviving
        self._loss = loss
        self._adopted = adopted
        self._lost = lost
        self._running: dict[Attempt, events.Started] = {}
        self._messages: set[int] = set()
        self._attempts: set[Attempt] = set()
        self._remove_writes()
        taken_up = {e.message for e in surviving[loss + 1 :] if isinstance(e, _TAKES_UP)}
        self._reopened = taken_up & set(lost.reopened)

    def _remove_writes(self) -> None:
        for seq in self._lost.undone:
            event = self._surviving[seq - 1]
            if isinstance(event, _OF_A_LEASE):
                continue
            if type(event) is events.Published:
                self._messages.add(event.message)
            elif type(event) is events.Claimed:
                self._attempts.add(_attempt(event))
            self._surviving[seq - 1] = None

    def orphans(self) -> Iterator[OrphanRun]:
        """Remove the events of others, and yield the part after the loss of each run among them."""
        for n, event in enumerate(self._surviving):
            if type(event) is events.ServerCrashed or type(event) is events.ServerStopped:
                for attempt in [each for each in self._running if each[1] == event.server]:
                    yield from self._ended(attempt, event.at)
            if type(event) not in _OF_A_MESSAGE:
                continue
            if type(event) is events.Claimed:
                self._claimed(n, event)
            if not self._is_undone(n, cast("events.Published | MessageEvent", event)):
                continue
            self._surviving[n] = None
            if type(event) is events.Started:
                self._running[_attempt(event)] = event
            elif type(event) is events.Finished:
                yield from self._ended(_attempt(event), event.at)
        for attempt in [*self._running]:
            yield from self._ended(attempt, None)

    def _claimed(self, n: int, claimed: events.Claimed) -> None:
        if n > self._loss:
            attempt = _attempt(claimed)
            self._attempts.discard(attempt)
            if attempt in self._running:
                self._adopted[n] = replace(self._running.pop(attempt), at=claimed.at)

    def _is_undone(self, n: int, event: events.Published | MessageEvent) -> bool:
        if event.message in self._messages:
            return True
        is_reopened = n < self._loss and event.message in self._reopened
        return isinstance(event, _OF_A_RUN) and (is_reopened or _attempt(event) in self._attempts)

    def _ended(self, attempt: Attempt, at: int | None) -> Iterator[OrphanRun]:
        started = self._running.pop(attempt, None)
        if started is not None and (at is None or at > self._lost.at):
            yield OrphanRun(started.server, self._lost.at, at)


def _attempt(event: events.RunEvent) -> Attempt:
    return event.message, event.server, event.worker, event.attempt
