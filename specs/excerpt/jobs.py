"""The jobs of an excerpt: from when on each is recorded, and with which definition.

The one idea: the recorded events of one job, from its creation on or from as early as there are
any, are examined by themselves. A job is created in the excerpt when its definition is known:

    recorded events, and what the store knows     the job is created
    it is created in the excerpt                  as it was created
    it was created or edited before               at the beginning, as it was then
    neither, and it still exists                  at the beginning, as it is now; active or not as
                                                  the events imply
    it is edited in the excerpt, and still exists at the first edit
    it is deleted, and its creation is not        never: its definition is unknown
    recorded

Occurrences due before are left out. If they were coalesced into a later occurrence, or had their
outcome at the same instant, the job is created after that: no decision is recorded in part.

So it is if one was skipped for `max_parallel`, and messages that are left out may be why (LIMIT-1).

The number of occurrences published before is counted from the job's creation on, or taken from the
store's count at the end.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import accumulate
from typing import NamedTuple, TypeGuard

from gnomon.reference import events, jobs
from gnomon.reference.events import (
    Event,
    Fields,
    JobChange,
    OccurrenceEvent,
    is_planned,
    message_of,
)
from gnomon.reference.store.operations import Job

_Switch = events.JobActivated | events.JobDeactivated
_Defines = events.JobCreated | events.JobEdited
_OfJob = JobChange | OccurrenceEvent
_Outcome = events.Published | events.Coalesced | events.Skipped
_EndsMessage = events.Finished | events.Lost | events.Expired | events.DeadLettered | events.Dropped
_Placed = tuple[int, _OfJob]
"""An event of a job, and its place among the recorded events."""


PlaceOf = Callable[[int], int]
"""The place of the first event from which on no event is earlier than an instant (µs): O(log n)."""


def places(recorded: list[Event]) -> PlaceOf:
    """The places of instants in a list of events."""
    earliest_from = list(accumulate((event.at for event in reversed(recorded)), min))[::-1]
    return partial(bisect_left, earliest_from)


def jobs_from(
    recorded: list[Event], place_of: PlaceOf, begins: int, known: Iterable[Job], held: Iterable[int]
) -> tuple[set[int], list[tuple[int, events.JobCreated]]]:
    """The places of the events of jobs that are left out, and the creations that are added.

    `begins` is the instant of the beginning (µs); `known` are the jobs that the store knows, and
    `held` the messages that workers hold at the end. A job
    that never existed, as far as the events show, stays as it is for the rules to judge.
    """
    start, end = place_of(begins), len(recorded)
    left_out: set[int] = set()
    creations: list[tuple[int, events.JobCreated]] = []
    unfinished = unfinished_messages(recorded, start, held)
    for record in _records(recorded, known):
        if record.is_created_from(start) or record.never_existed:
            continue
        rest = [(place, event) for place, event in record.recorded if place >= start]
        first = _first_known(record, place_of, begins, unfinished)
        if first is None or first.place == end > start:
            left_out.update(place for place, _ in rest)
            continue
        place, at, state = first
        before = {n for n, e in rest if n < place or (_has_outcome(e) and e.due < at)}
        left_out |= before
        published = record.published - sum(is_planned(e) for n, e in rest if n not in before)
        created = events.JobCreated(
            at, record.id, state.name, state.definition, state.revision, max(published, 0)
        )
        creations.append((place, created))
    return left_out, creations


class _JobRecord(NamedTuple):
    """The recorded events of one job, and what the store knows of it if it still exists."""

    id: str
    recorded: list[_Placed]
    now: Job | None

    @property
    def creation(self) -> events.JobCreated | None:
        """Its creation, if that is recorded."""
        first = self.recorded[0][1] if self.recorded else None
        return first if isinstance(first, events.JobCreated) else None

    def is_created_from(self, start: int) -> bool:
        """Whether it was created at the place `start` or later."""
        return self.creation is not None and self.recorded[0][0] >= start

    @property
    def never_existed(self) -> bool:
        """Whether it was neither created nor deleted, and does not exist now."""
        is_deleted = any(isinstance(event, events.JobDeleted) for _, event in self.recorded)
        return self.creation is None and self.now is None and not is_deleted

    @property
    def published(self) -> int:
        """The number of planned occurrences published in all."""
        if self.creation is not None:
            counted = sum(is_planned(event) for _, event in self.recorded)
            return counted + (self.creation.published or 0)
        return self.now.published if self.now else 0


def _records(recorded: list[Event], known: Iterable[Job]) -> Iterator[_JobRecord]:
    """The record of every job; a job that is created anew under an old id is another job."""
    now = {job.id: job for job in known}
    latest: dict[str, list[_Placed]] = {id: [] for id in now}
    for place, event in enumerate(recorded):
        if not isinstance(event, _OfJob):
            continue
        if isinstance(event, events.JobCreated) and latest.get(event.job):
            yield _JobRecord(event.job, latest.pop(event.job), None)
        latest.setdefault(event.job, []).append((place, event))
    for id, of_job in latest.items():
        yield _JobRecord(id, of_job, now.get(id))


# --- the state of a job


class _State(NamedTuple):
    """The name, definition and revision of a job at some time."""

    name: str
    definition: Fields
    revision: int


def _state_before(record: _JobRecord, place: int) -> _State | None:
    """The state of a job before the event at `place`; None if it is unknown."""
    if record.creation is None and record.now is None:
        return None
    state = _first_state(record)
    for number, event in record.recorded:
        if number >= place:
            break
        if isinstance(event, _Defines):
            state = _State(event.name, event.definition, event.revision)
        elif isinstance(event, _Switch) and state is not None:
            is_active = isinstance(event, events.JobActivated)
            definition = {**state.definition, "is_active": is_active}
            state = _State(state.name, definition, event.revision)
        elif isinstance(event, events.JobDeleted):
            state = None
    return state


def _first_state(record: _JobRecord) -> _State | None:
    """The state before the first event of a job that exists and was only switched since."""
    now = record.now
    changes = [event for _, event in record.recorded if isinstance(event, JobChange)]
    switches = [event for event in changes if isinstance(event, _Switch)]
    if now is None or len(switches) < len(changes):
        return None
    definition = jobs.write(now.definition)
    if not switches:
        return _State(now.definition.name, definition, now.revision)
    definition["is_active"] = isinstance(switches[0], events.JobDeactivated)
    return _State(now.definition.name, definition, switches[0].revision - 1)


class UnfinishedMessages(NamedTuple):
    """Where messages ended, and from which place on none that is left out is unfinished."""

    ends: dict[int, int]
    old_until: int


def unfinished_messages(
    recorded: list[Event], start: int, held: Iterable[int]
) -> UnfinishedMessages:
    """Until when messages published before the place `start` are unfinished; O(n).

    `held` are the messages that workers hold at the end.
    """
    ends: dict[int, int] = {}
    new: set[int] = set()
    claimed = len(recorded)  # the first claim of a new message: messages are claimed in order
    last: dict[int, int] = dict.fromkeys(held, len(recorded))
    for place, event in enumerate(recorded):
        message = message_of(event)
        if message is None:
            continue
        if isinstance(event, events.Published):
            (new.add(message) if place >= start else last.setdefault(message, len(recorded)))
        elif isinstance(event, _EndsMessage):
            ends[message] = place
            last[message] = place
        elif isinstance(event, events.Claimed):
            ends.pop(message, None)
            last[message] = len(recorded)
            claimed = min(claimed, place) if message in new else claimed
    old = (place for message, place in last.items() if message not in new)
    old_until = max(old, default=0)
    old_until = max(old_until, claimed)
    return UnfinishedMessages(ends, old_until)


def _is_unexplained(
    record: _JobRecord, place: int, event: _OfJob, created: int, unfinished: UnfinishedMessages
) -> bool:
    """Whether messages that are left out may be why an occurrence was skipped (LIMIT-1).

    The job is created at the place `created`.
    """
    if not isinstance(event, events.Skipped) or event.why != "max_parallel":
        return False
    if place > unfinished.old_until:
        return False
    state = _state_before(record, place)
    limit = state.definition.get("max_parallel") if state is not None else None
    counted = sum(
        is_planned(one) and unfinished.ends.get(one.message, place) >= place
        for number, one in record.recorded
        if created <= number < place
    )
    return not isinstance(limit, int) or counted < limit


class _FirstKnown(NamedTuple):
    """The place and instant (µs) from which on a job is recorded, and its state then."""

    place: int
    at: int
    state: _State


def _first_known(
    record: _JobRecord, place_of: PlaceOf, begins: int, unfinished: UnfinishedMessages
) -> _FirstKnown | None:
    """When the state of a job is known at the instant `begins` (µs) or later; None if never."""
    start = place = place_of(begins)
    at = begins
    if _state_before(record, start) is None:
        edits = [
            (place, event)
            for place, event in record.recorded
            if place >= start and isinstance(event, events.JobEdited)
        ]
        if not edits:
            return None
        place, at = edits[0][0] + 1, edits[0][1].at
    complete = max((_complete_at(e, at, n < place) for n, e in record.recorded), default=at)
    if complete > at:
        at, place = complete, max(place, place_of(complete))
    for number, event in record.recorded:
        if number >= place and _is_unexplained(record, number, event, place, unfinished):
            at = max(at, event.at + 1)
            place = max(number + 1, place_of(at))
    state = _state_before(record, place)
    return None if state is None else _FirstKnown(place, at, state)


def _has_outcome(event: _OfJob) -> TypeGuard[_Outcome]:
    """Whether an event is the outcome of an occurrence, in a full history."""
    return is_planned(event) or isinstance(event, events.Coalesced | events.Skipped)


def _complete_at(event: _OfJob, at: int, is_before: bool) -> int:
    """The first instant, `at` (µs) or later, from which on no decision is split by this event.

    An occurrence may have had its outcome before, or have an earlier one coalesced into it.
    """
    if is_before and _has_outcome(event):
        return max(event.due + 1, at)
    if isinstance(event, events.Coalesced) and event.due < at <= event.into:
        return max(event.into + 1, at)
    return at
