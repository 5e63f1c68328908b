"""From when on an excerpt tells of a job, and what it was then.

The one idea: what is told of a job, from its creation on, or from as early as anything is told, is
looked at by itself. It appears when its definition is known:

    what is told, and what the store knows        it appears
    created in the excerpt                        as it was created
    created or edited before                      at the beginning, as it was then
    neither, and still there                      at the beginning, as it is now; active or not as
                                                  what is told implies
    edited in the excerpt, and still there        at the first edit
    deleted, and its creation is not told of      never: nobody knows what it was

What was due before is left out. If that was folded into what was due later, or had its outcome at
the same instant, the job appears after that: no decision is told of in part.

How many of its plan had been published before is known from what is told since its creation, or
from the store's count at the end.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import accumulate
from typing import Any, NamedTuple

from gnomon.reference import events, jobs
from gnomon.reference.store.operations import Job

Placed = tuple[int, Any]
"""An event and its place in what is told."""

_NOT_PUBLISHED = (events.Coalesced, events.Skipped)
_SWITCHES = (events.JobActivated, events.JobDeactivated)
_DEFINES = (events.JobCreated, events.JobEdited)
_CHANGES = (*_DEFINES, *_SWITCHES, events.JobDeleted)
_OF_A_JOB = (*_CHANGES, events.Published, *_NOT_PUBLISHED)


PlaceOf = Callable[[int], int]
"""The place from which on nothing is told of any instant before that (µs): O(log n)."""


def places(told: list[Any]) -> PlaceOf:
    """The places of instants in what is told."""
    earliest_from = list(accumulate((event.at for event in reversed(told)), min))[::-1]
    return partial(bisect_left, earliest_from)


def jobs_from(
    told: list[Any], place_of: PlaceOf, begins: int, known: Iterable[Job]
) -> tuple[set[int], list[tuple[int, events.JobCreated]]]:
    """The places of what is left out of jobs from the instant `begins` on (µs), and how they come.

    `known` are the jobs that the store knows. A job that was never there, as far as can be seen, is
    left to the rules as it is.
    """
    start, end = place_of(begins), len(told)
    left_out: set[int] = set()
    appearing: list[tuple[int, events.JobCreated]] = []
    for life in _lives(told, known):
        if life.is_created_from(start) or life.never_was:
            continue
        rest = [(place, event) for place, event in life.told if place >= start]
        appearance = _appearance(life, place_of, begins)
        if appearance is None or appearance.place == end > start:
            left_out.update(place for place, _ in rest)
            continue
        place, at, state = appearance
        before = {n for n, e in rest if n < place or (_has_outcome(e) and e.due < at)}
        left_out |= before
        published = life.published - sum(_is_planned(e) for n, e in rest if n not in before)
        created = events.JobCreated(
            at, life.id, state.name, state.definition, state.revision, max(published, 0)
        )
        appearing.append((place, created))
    return left_out, appearing


def _has_outcome(event: Any) -> bool:
    return _is_planned(event) or isinstance(event, _NOT_PUBLISHED)


def _is_planned(event: Any) -> bool:
    return type(event) is events.Published and not event.on_demand


class _Life(NamedTuple):
    """What is told of one job, and what the store knows of it if it is still there."""

    id: str
    told: list[Placed]
    now: Job | None

    @property
    def creation(self) -> events.JobCreated | None:
        """How it was created, if that is told."""
        first = self.told[0][1] if self.told else None
        return first if type(first) is events.JobCreated else None

    def is_created_from(self, start: int) -> bool:
        """Whether it was created at the place `start` or later."""
        return self.creation is not None and self.told[0][0] >= start

    @property
    def never_was(self) -> bool:
        """Whether it was neither created nor deleted, nor is it there."""
        is_deleted = any(type(event) is events.JobDeleted for _, event in self.told)
        return self.creation is None and self.now is None and not is_deleted

    @property
    def published(self) -> int:
        """How many of its plan have been published in all."""
        if self.creation is not None:
            counted = sum(_is_planned(event) for _, event in self.told)
            return counted + (self.creation.published or 0)
        return self.now.published if self.now else 0


def _lives(told: list[Any], known: Iterable[Job]) -> Iterator[_Life]:
    """Every job; one that is created anew under an old id is another."""
    now = {job.id: job for job in known}
    latest: dict[str, list[Placed]] = {id: [] for id in now}
    for place, event in enumerate(told):
        if not isinstance(event, _OF_A_JOB):
            continue
        if type(event) is events.JobCreated and latest.get(event.job):
            yield _Life(event.job, latest.pop(event.job), None)
        latest.setdefault(event.job, []).append((place, event))
    for id, of_job in latest.items():
        yield _Life(id, of_job, now.get(id))


# --- what a job was


class _State(NamedTuple):
    """What a job was at a time."""

    name: str
    definition: dict[str, Any]
    revision: int


def _state(life: _Life, place: int) -> _State | None:
    """What a job was before what is told at `place`; None if that cannot be known."""
    if life.creation is None and life.now is None:
        return None
    state = _unedited(life)
    for number, event in life.told:
        if number >= place:
            break
        if isinstance(event, _DEFINES):
            state = _State(event.name, event.definition, event.revision)
        elif isinstance(event, _SWITCHES) and state is not None:
            is_active = type(event) is events.JobActivated
            definition = {**state.definition, "is_active": is_active}
            state = _State(state.name, definition, event.revision)
        elif type(event) is events.JobDeleted:
            state = None
    return state


def _unedited(life: _Life) -> _State | None:
    """What a job was before anything is told, if it is there and was only switched since."""
    now = life.now
    changes: list[Any] = [event for _, event in life.told if type(event) in _CHANGES]
    if now is None or not all(type(event) in _SWITCHES for event in changes):
        return None
    definition = jobs.write(now.definition)
    if not changes:
        return _State(now.definition.name, definition, now.revision)
    definition["is_active"] = type(changes[0]) is events.JobDeactivated
    return _State(now.definition.name, definition, changes[0].revision - 1)


class _Appearance(NamedTuple):
    """From which place and instant (µs) on a job is told of, and what it is then."""

    place: int
    at: int
    state: _State


def _appearance(life: _Life, place_of: PlaceOf, begins: int) -> _Appearance | None:
    """How a job appears at the instant `begins` (µs) or later; None if it never does."""
    start = place = place_of(begins)
    at = begins
    if _state(life, start) is None:
        edits = [(n, e) for n, e in life.told if n >= start and type(e) is events.JobEdited]
        if not edits:
            return None
        place, at = edits[0][0] + 1, edits[0][1].at
    over = max((_until(event, at, n < place) for n, event in life.told), default=at)
    if over > at:
        at, place = over, max(place, place_of(over))
    state = _state(life, place)
    return None if state is None else _Appearance(place, at, state)


def _until(event: Any, at: int, is_before: bool) -> int:
    """The instant before which nothing can be left over of an event, at least `at` (µs).

    What was due then may have had its outcome before, or what was due earlier is folded into it.
    """
    until: int = at
    if is_before and _has_outcome(event):
        until = event.due + 1
    elif type(event) is events.Coalesced and event.due < at <= event.into:
        until = event.into + 1
    return max(until, at)
