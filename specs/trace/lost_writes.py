"""What counts of a history in which the store has forgotten something.

The one idea: what a lost write did is as if it had not happened, and so is what others did because
of it. What remains is judged like any history; so a store that loses writes is allowed exactly what
those writes held, and nothing else.

    undone                       and so
    published                    everything about that message
    claimed                      the run of that attempt, until it is claimed anew: from then on the
                                 run counts, unless it begins anew as well
    a completion (`reopened`)    a run that had ended, if the message is taken up again
    reclaimed, lost              the same, for the completion that came too late is lost with it

Who led has led, whatever the store remembers: each loss ends an office, and no epoch comes twice.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from msgspec.structs import replace

from gnomon.reference import events

Attempt = tuple[int, str, int, int]
"""A message, a server, a worker, and which attempt."""

_ENDS_A_SERVER = (events.ServerCrashed, events.ServerStopped)
_OF_A_LEASE = (events.LeaseAcquired, events.LeaseReleased, events.LeaseExpired)
_TAKES_UP = (events.Claimed, events.Started, events.Reclaimed, events.Lost)
_GIVES_UP = (events.Reclaimed, events.Lost)
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
    adopted: dict[int, tuple[Any, ...]] = {}
    for loss in losses:
        orphans += _Undoing(counting, loss, adopted).orphans()
    return list(_with(adopted, counting)), orphans


def _with(adopted: dict[int, tuple[Any, ...]], counting: list[Any]) -> Iterator[Any]:
    for n, event in enumerate(counting):
        if event is not None:
            yield event
            yield from adopted.get(n, ())


class _Undoing:
    """Blots out, in `counting`, what the loss at a place has undone, and what others did among it.

    A run that goes on when its attempt is claimed anew is `adopted`: it counts from that claim on.
    So is one that has ended, if its attempt is not begun anew: its worker completes it once more.
    """

    def __init__(self, counting: list[Any], loss: int, adopted: dict[int, tuple[Any, ...]]) -> None:
        self._counting = counting
        self._loss = loss
        self._adopted = adopted
        self._lost: events.WritesLost = counting[loss]
        self._running: dict[Attempt, events.Started] = {}
        self._messages: set[int] = set()
        self._attempts: set[Attempt] = set()
        self._ended_runs: dict[Attempt, tuple[events.Started, events.Finished]] = {}
        completed = {_attempt(e) for e in counting[:loss] if type(e) is events.Finished}
        given_back = self._blot_out_writes()
        taken_up = [event for event in counting[loss + 1 :] if type(event) in _TAKES_UP]
        messages = {event.message for event in taken_up}
        self._reopened = {
            attempt
            for attempt in completed
            if attempt[0] in messages
            and (attempt[0] in self._lost.reopened or attempt in given_back)
        }
        self._goes_on = {_attempt(e) for e in taken_up if type(e) is not events.Claimed}

    def _blot_out_writes(self) -> set[Attempt]:
        """Blot out what the lost writes did; the attempts that are held again because of it."""
        given_back: set[Attempt] = set()
        for seq in self._lost.undone:
            event = self._counting[seq - 1]
            if isinstance(event, _OF_A_LEASE):
                continue
            if type(event) is events.Published:
                self._messages.add(event.message)
            elif type(event) is events.Claimed:
                self._attempts.add(_attempt(event))
            elif isinstance(event, _GIVES_UP):
                given_back.add(_attempt(event))
            self._counting[seq - 1] = None
        return given_back

    def orphans(self) -> Iterator[Orphan]:
        """Blot out the rest; of each run among it give what came after the loss."""
        for n, event in enumerate(self._counting):
            if type(event) in _ENDS_A_SERVER:
                for attempt in [each for each in self._running if each[1] == event.server]:
                    yield from self._ended(attempt, event.at)
            if getattr(event, "message", None) is None:
                continue
            if type(event) is events.Claimed:
                self._claimed(n, event)
            if not self._is_undone(n, event):
                continue
            self._counting[n] = None
            if type(event) is events.Started:
                self._running[_attempt(event)] = event
            elif type(event) is events.Finished:
                yield from self._finished(event)
        for attempt in [*self._running]:
            yield from self._ended(attempt, None)

    def _finished(self, finished: events.Finished) -> Iterator[Orphan]:
        attempt = _attempt(finished)
        if attempt in self._running:
            self._ended_runs[attempt] = self._running[attempt], finished
        yield from self._ended(attempt, finished.at)

    def _claimed(self, n: int, claimed: events.Claimed) -> None:
        if n > self._loss:
            attempt = _attempt(claimed)
            self._attempts.discard(attempt)
            if attempt in self._running:
                self._adopted[n] = (replace(self._running.pop(attempt), at=claimed.at),)
            elif attempt in self._ended_runs and attempt not in self._goes_on:
                ended = self._ended_runs.pop(attempt)
                self._adopted[n] = tuple(replace(event, at=claimed.at) for event in ended)

    def _is_undone(self, n: int, event: Any) -> bool:
        if event.message in self._messages:
            return True
        if type(event) not in _OF_A_RUN:
            return False
        attempt = _attempt(event)
        return attempt in self._attempts or (n < self._loss and attempt in self._reopened)

    def _ended(self, attempt: Attempt, at: int | None) -> Iterator[Orphan]:
        started = self._running.pop(attempt, None)
        if started is not None and (at is None or at > self._lost.at):
            yield Orphan(started.server, self._lost.at, at)


def _attempt(event: Any) -> Attempt:
    return event.message, event.server, event.worker, event.attempt
