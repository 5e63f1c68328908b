"""What a history is once the instants are corrected at which its store's clock was wrong.

The one idea: when the store's clock is set back, it had been wrong. What the history has recorded
beyond the corrected instant happened at that instant, in the same order. The rules judge the
history with these instants, which never fall.

    beyond the corrected instant    is
    an event                        an event at that instant; 1 µs earlier for each start and end
                                    of a server from it on, as two of its processes are never there
                                    at once
    the instant of an occurrence    published: a run beside the plan, which has used up a repeat
                                    coalesced, skipped: no event
    an earlier occurrence that was  skipped, for no reason that a job's policy gives
    coalesced or skipped meanwhile

The store continues likewise: it forgets that these occurrences had an outcome, and keeps the
messages. Of their jobs it knows no earlier outcome, and lets every instant before the corrected one
count as accounted for. Nobody holds the lease from then on.

A store may lose its correction with its latest writes, while a simulated history keeps it. The
store then goes on from the latest instant that it kept. So the correction counts as one to that
instant, unless that is earlier; and a store that is too far ahead corrects its clock once more. A
store may lose the latest instant that it kept, too, while its clock reads less. Then the loss is
the correction, and nothing that the store has kept lies beyond it.
"""

from collections.abc import Sequence, Set
from typing import NamedTuple

from msgspec.structs import replace

from gnomon.reference import events
from gnomon.reference.events import STORE, Event, is_planned
from gnomon.reference.packed import kinds_in
from gnomon.specs.trace.entities import BEFORE_ALL, FaultWindow
from gnomon.specs.trace.spans import Span


class CorrectedHistory(NamedTuple):
    """The events with corrected instants, None in the place of those that count no more.

    `beside_plan` are the messages of occurrences beyond a corrected instant. `set_back` has, for
    each correction in order, the jobs whose latest outcome the store has forgotten. `windows` span
    the times in which the store's clock may have been wrong, and `wrong` those in which events lie
    that it recorded then, all as corrected.
    """

    events: Sequence[Event | None]
    beside_plan: frozenset[int]
    set_back: Sequence[Set[str]]
    windows: tuple[FaultWindow, ...] = ()
    wrong: tuple[Span, ...] = ()


def corrected(recorded: Sequence[Event]) -> CorrectedHistory:
    """A history with corrected instants: O(events · corrections)."""
    if events.ClockSetBack not in kinds_in(recorded):
        return CorrectedHistory(recorded, frozenset(), ())
    history = list(recorded)
    corrections = [n for n, event in enumerate(history) if type(event) is events.ClockSetBack]
    happened: list[Event | None] = [_with_since(event, history) for event in history]
    lost = {seq for event in history if type(event) is events.WritesLost for seq in event.undone}
    beside_plan: set[int] = set()
    spans: list[Span] = []
    wrong: list[Span] = []
    by_losses: set[int] = set()
    for n in corrections:
        at, beyond = history[n].at, history[n].at
        if _is_by_a_loss(history, n, by_losses):
            by_losses.add(n)
        if n + 1 in lost or n in by_losses:
            at = max(at, _kept_until(happened[:n], lost))
            beyond = at + 1
        spans = [(min(begins, at), min(ends, at)) for begins, ends in spans]
        wrong = [(min(begins, at), min(ends, at)) for begins, ends in wrong]
        right_until, wrong_from = _correct(happened, n, at, beyond, beside_plan)
        spans.append((right_until, at))
        wrong.append((wrong_from, at))
    windows = tuple(FaultWindow("clock_set_back", STORE, begins, ends) for begins, ends in spans)
    _let_time_stand_still(happened)
    set_back = _jobs_set_back(history, lost)
    return CorrectedHistory(happened, frozenset(beside_plan), set_back, windows, tuple(wrong))


_OF_OTHERS = (
    events.JobRejected,
    events.Started,
    events.Invoked,
    events.Finished,
    events.Overdue,
    events.ServerStarted,
    events.ServerStopping,
    events.ServerStopped,
    events.ServerCrashed,
    events.WritesLost,
    events.ClockSetBack,
    events.FaultBegan,
    events.FaultEnded,
)


_CHANGES_SERVERS = (events.ServerStarted, events.ServerStopped, events.ServerCrashed)


def _with_since(event: Event, history: list[Event]) -> Event:
    """A loss began with the earliest of what it has undone, whatever a wrong clock read then."""
    if type(event) is not events.WritesLost:
        return event
    undone = (history[seq - 1].at for seq in event.undone)
    return replace(event, since=min(event.since, *undone, event.at))


def _is_by_a_loss(history: list[Event], correction: int, by_losses: set[int]) -> bool:
    """Whether the store lost the instant that its clock had not reached again.

    It did if it has kept no later instant. Else it has corrected its clock itself, by less than a
    lease if it has lost all leases. `by_losses` are the earlier corrections that losses were.
    """
    correcting, before = history[correction], history[correction - 1] if correction else None
    if type(correcting) is not events.ClockSetBack or type(before) is not events.WritesLost:
        return False
    kept = _time_of_store(history[:correction], by_losses)
    return correcting.was <= before.at and kept <= correcting.at


def _time_of_store(history: list[Event], by_losses: set[int]) -> int:
    """The latest instant that a store has kept at the end of a history (µs): what its time was.

    A correction that a loss was is no write of the store: it may lose that instant, too.
    """
    lost = {seq for event in history if type(event) is events.WritesLost for seq in event.undone}
    kept = BEFORE_ALL
    for seq, event in enumerate(history, 1):
        if seq in lost or seq - 1 in by_losses:
            continue
        if type(event) is events.ClockSetBack:
            kept = event.at
        elif not isinstance(event, _OF_OTHERS):
            kept = max(kept, event.at)
    return kept


def _kept_until(happened: list[Event | None], lost: set[int]) -> int:
    """The latest instant of what a store recorded and has not lost (µs)."""
    return max(
        (
            event.at
            for seq, event in enumerate(happened, 1)
            if event is not None and seq not in lost and not isinstance(event, _OF_OTHERS)
        ),
        default=BEFORE_ALL,
    )


def _jobs_set_back(history: list[Event], lost: set[int]) -> list[Set[str]]:
    """For each correction, the jobs whose latest outcome was due at its instant or later.

    The store remembers one instant of each job, as here: the latest that had an outcome. A
    correction lets it be the one before the corrected instant, if it was later.
    """
    latest: dict[str, int] = {}
    set_back: list[Set[str]] = []
    for seq, event in enumerate(history, 1):
        if type(event) is events.ClockSetBack:
            beyond = () if seq in lost else latest.items()
            jobs = {job for job, instant in beyond if instant >= event.at}
            latest |= dict.fromkeys(jobs, event.at - 1)
            set_back.append(jobs)
        elif seq in lost:
            continue
        elif type(event) is events.JobCreated:
            latest[event.job] = BEFORE_ALL if event.published is None else event.at - 1
        elif isinstance(event, events.Coalesced | events.Skipped) or is_planned(event):
            latest[event.job] = max(latest.get(event.job, BEFORE_ALL), event.due)
    return set_back


def _correct(
    happened: list[Event | None], correction: int, end: int, beyond: int, beside_plan: set[int]
) -> Span:
    """Let what was recorded before index `correction`, at `beyond` or later, happen at `end`.

    Returns the last instant at which the clock was right, and the first of the corrected ones (µs).
    """
    right_until = BEFORE_ALL
    first = 0
    while first < correction and ((event := happened[first]) is None or event.at < beyond):
        right_until = right_until if event is None else event.at
        first += 1
    changes = sum(type(event) in _CHANGES_SERVERS for event in happened[first:correction])
    at = wrong_from = max(end - changes, right_until)
    for n in range(first, correction):
        event = happened[n]
        if event is not None:
            at = max(at, end - changes)
            changes -= type(event) in _CHANGES_SERVERS
            if is_planned(event) and event.due < end:
                at = max(at, event.due)
            happened[n] = _with_instant(event, at, end, beside_plan)
    return right_until, wrong_from


def _with_instant(event: Event, at: int, end: int, beside_plan: set[int]) -> Event | None:
    """An event of a clock that was wrong until `end`, as it counts at the instant `at` (µs)."""
    if is_planned(event) and event.due >= end:
        beside_plan.add(event.message)
        return replace(event, at=at, due=at, on_demand=True, coalesced=0)
    match event:
        case events.Coalesced() | events.Skipped():
            is_ahead = event.due >= end
            return None if is_ahead else events.Skipped(at, event.job, event.due, "changed")
        case events.Published():
            return replace(event, at=at, due=at if event.on_demand else event.due, coalesced=0)
        case events.WritesLost():
            return replace(event, at=at, since=min(event.since, at))
        case events.ServerCrashed(heard=heard) if heard is not None:
            return replace(event, at=at, heard=min(heard, at))
        case _:
            return replace(event, at=at)


def _let_time_stand_still(happened: list[Event | None]) -> None:
    """Where the store had lost a correction, let no instant fall."""
    latest = BEFORE_ALL
    for n, event in enumerate(happened):
        if event is None or event.at >= latest:
            latest = latest if event is None else event.at
        elif type(event) is events.Published and event.on_demand:
            happened[n] = replace(event, at=latest, due=latest)
        else:
            happened[n] = replace(event, at=latest)
