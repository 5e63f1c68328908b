"""Which events of a history count when the store has lost writes.

The one idea: what a lost write did counts as if it had not happened, and so does what others did
because of it. The rules judge what remains like any history. So a store that loses writes may cost
what those writes held, and nothing else.

    undone                       does not count either
    published                    everything about that message
    claimed                      the run of that attempt, until the attempt is claimed anew; then
                                 the run counts, unless the attempt is started anew, too
    a completion (`reopened`)    a run that had ended, if the message is claimed or run again, in
                                 that attempt or a later one
    reclaimed, lost              the same, because the completion that came too late is lost, too

A leader's term counts, whatever the store remembers: each loss ends a term, and no epoch is granted
twice in the same store. So does a correction of the store's clock: the instants of the history fall
there.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, cast, get_args

from msgspec.structs import replace

from gnomon.reference import events
from gnomon.reference.events import Event
from gnomon.reference.packed import kinds_in
from gnomon.specs.trace.entities import MessageEvent

Attempt = tuple[int, str, int, int]
"""A message, a server, a worker, and the number of the attempt."""

Adopted = dict[int, tuple[events.RunEvent, ...]]
"""The events of runs that count from a claim on, by the place of that claim."""

_OF_A_MESSAGE = frozenset({events.Published, *get_args(MessageEvent)})
_COUNTS_ANYWAY = (*get_args(events.LeaseEvent), events.ClockSetBack)
_TakesUp = events.Claimed | events.Started | events.Reclaimed | events.Lost
_TAKES_UP = frozenset(get_args(_TakesUp))
_OF_A_RUN = frozenset((events.Started, events.Invoked, events.Overdue, events.Finished))


class OrphanRun(NamedTuple):
    """A run of a message that the store has lost, in [begins, ends) (µs), from the loss on."""

    server: str
    begins: int
    ends: int | None


def surviving_events(history: Sequence[Event | None]) -> tuple[Sequence[Event], list[OrphanRun]]:
    """The events of a history that lost writes have not undone, and the runs that they have.

    An event that does not count for another reason is None. O(events · losses).
    """
    kinds = kinds_in(history)
    if type(None) not in kinds and events.WritesLost not in kinds:
        return cast("Sequence[Event]", history), []
    losses = [n for n, event in enumerate(history) if type(event) is events.WritesLost]
    surviving = list(history)
    orphans: list[OrphanRun] = []
    adopted: Adopted = {}
    for loss in losses:
        taken_up = _taken_up_after(loss, surviving)
        orphans += _Rollback(surviving, loss, adopted, taken_up).orphans()
    return list(_with(adopted, surviving)), orphans


def _taken_up_after(loss: int, surviving: list[Event | None]) -> list[_TakesUp]:
    """The events after a loss that take up a message, unless a later loss undoes them.

    A run whose claim is undone takes up nothing until that attempt is claimed anew.
    """
    later = [event for event in surviving[loss + 1 :] if type(event) is events.WritesLost]
    undone = {seq - 1 for lost in later for seq in lost.undone}
    lost = surviving[loss]
    assert type(lost) is events.WritesLost
    removed = {seq - 1 for seq in lost.undone} | {n for n in undone if n < loss}
    claims = (surviving[n] for n in removed)
    unclaimed = {_attempt(event) for event in claims if type(event) is events.Claimed}
    taken_up = []
    for n, event in enumerate(surviving[loss + 1 :], loss + 1):
        if type(event) not in _TAKES_UP:
            continue
        event = cast("_TakesUp", event)
        attempt = _attempt(event)
        if type(event) is events.Claimed:
            (unclaimed.add if n in undone else unclaimed.discard)(attempt)
        if n not in undone and attempt not in unclaimed:
            taken_up.append(event)
    return taken_up


def _with(adopted: Adopted, surviving: list[Event | None]) -> Iterator[Event]:
    for n, event in enumerate(surviving):
        if event is not None:
            yield event
            yield from adopted.get(n, ())


class _Rollback:
    """Removes from `surviving` what one loss has undone, and what others did because of it.

    A run that still goes on when its attempt is claimed anew is `adopted`: it counts from that
    claim on. So does a run that has ended, if its attempt is not started anew: its worker reports
    the completion again.
    """

    def __init__(
        self,
        surviving: list[Event | None],
        loss: int,
        adopted: Adopted,
        taken_up: list[_TakesUp],
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
        self._ended_runs: dict[Attempt, tuple[events.Started, events.Finished]] = {}
        completed = {_attempt(e) for e in surviving[:loss] if type(e) is events.Finished}
        held_again = self._remove_writes()
        latest = _latest_attempts(taken_up)
        self._reopened = {
            attempt
            for attempt in completed
            if latest.get(attempt[0], 0) >= attempt[3]
            and (attempt[0] in lost.reopened or attempt in held_again)
        }
        self._goes_on = {_attempt(e) for e in taken_up if type(e) is not events.Claimed}

    def _remove_writes(self) -> set[Attempt]:
        """Remove what the lost writes did; the attempts that are held again because of it."""
        held_again: set[Attempt] = set()
        for seq in self._lost.undone:
            event = self._surviving[seq - 1]
            if isinstance(event, _COUNTS_ANYWAY):
                continue
            if type(event) is events.Published:
                self._messages.add(event.message)
            elif type(event) is events.Claimed:
                self._attempts.add(_attempt(event))
            elif isinstance(event, events.Reclaimed | events.Lost):
                held_again.add(_attempt(event))
            self._surviving[seq - 1] = None
        return held_again

    def orphans(self) -> Iterator[OrphanRun]:
        """Remove the events of others, and yield the part after the loss of each run among them."""
        for n, event in self._events():
            if type(event) not in _OF_A_MESSAGE:
                if type(event) is events.ServerCrashed or type(event) is events.ServerStopped:
                    yield from self._left(event)
                continue
            if type(event) is events.Claimed:
                self._claimed(n, event)
            if not self._is_undone(n, cast("events.Published | MessageEvent", event)):
                continue
            self._remove(n, event)
            if type(event) is events.Started:
                self._running[_attempt(event)] = event
            elif type(event) is events.Finished:
                yield from self._finished(event)
        for attempt in [*self._running]:
            yield from self._ended(attempt, None)

    def _events(self) -> Iterator[tuple[int, Event | None]]:
        """The events, each with those of the run that its claim has adopted."""
        for n, event in enumerate(self._surviving):
            yield n, event
            of_run = self._adopted.get(n, ()) if event is not None else self._adopted.pop(n, ())
            for adopted in of_run:
                yield n, adopted

    def _remove(self, n: int, event: Event | None) -> None:
        if event is self._surviving[n]:
            self._surviving[n] = None
        elif n in self._adopted:
            self._adopted[n] = tuple(each for each in self._adopted[n] if each is not event)

    def _left(self, left: events.ServerCrashed | events.ServerStopped) -> Iterator[OrphanRun]:
        for attempt in [each for each in self._running if each[1] == left.server]:
            yield from self._ended(attempt, left.at)

    def _finished(self, finished: events.Finished) -> Iterator[OrphanRun]:
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
                started, finished = self._ended_runs.pop(attempt)
                at = claimed.at
                self._adopted[n] = (replace(started, at=at), replace(finished, at=at))

    def _is_undone(self, n: int, event: events.Published | MessageEvent) -> bool:
        if event.message in self._messages:
            return True
        if type(event) not in _OF_A_RUN:
            return False
        attempt = _attempt(cast("events.RunEvent", event))
        return attempt in self._attempts or (n < self._loss and attempt in self._reopened)

    def _ended(self, attempt: Attempt, at: int | None) -> Iterator[OrphanRun]:
        started = self._running.pop(attempt, None)
        if started is not None and (at is None or at > self._lost.at):
            yield OrphanRun(started.server, self._lost.at, at)


def _latest_attempts(taken_up: list[_TakesUp]) -> dict[int, int]:
    """The number of the latest attempt of each message that is taken up."""
    latest: dict[int, int] = {}
    for event in taken_up:
        latest[event.message] = max(event.attempt, latest.get(event.message, 0))
    return latest


def _attempt(event: events.RunEvent) -> Attempt:
    return event.message, event.server, event.worker, event.attempt
