"""The time line of a scenario: which runs were expected, declared and seen, and what was done.

The one idea: the line is the time that passes, and not the wall clock, which may be set back. So
every firing has one place on it, also those of a repeated hour.
"""

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from gnomon.reference.schedule.clock import SECOND, read_instant, write_instant
from gnomon.specs.conformance.behaviour.matching import starts
from gnomon.specs.conformance.behaviour.model import Prediction, predict
from gnomon.specs.conformance.behaviour.profile import Settings
from gnomon.specs.conformance.cluster import observation as cluster
from gnomon.specs.conformance.cluster.slots import Slots
from gnomon.specs.conformance.protocol import Fired, Firing
from gnomon.specs.conformance.tick.observation import Observation
from gnomon.specs.conformance.tick.scenarios import (
    Action,
    Advance,
    Create,
    Restart,
    Scenario,
    Step,
    Store,
)

MOST_JOBS = 4
"""Jobs of a picture; those that differ come first."""


class Row(msgspec.Struct, frozen=True):
    """The runs of a job: their places on the line (µs since the opening)."""

    job: str
    expected: tuple[int, ...]
    declared: tuple[int, ...]
    seen: tuple[int, ...]


class Mark(msgspec.Struct, frozen=True):
    """Something that was done, at a place on the line; `until` is the end of a time without it."""

    at: int
    what: str
    until: int | None = None


class Picture(msgspec.Struct, frozen=True):
    """A time line: `length` in µs, the wall clock at its ends, its rows and marks."""

    length: int
    first: str
    last: str
    rows: tuple[Row, ...]
    marks: tuple[Mark, ...]
    left_out: int = 0
    """Number of jobs without a row."""
    is_predicted: bool = True
    """Whether the profile predicts instants; at level cluster it does not."""


class _Span(msgspec.Struct, frozen=True):
    """The time of an action: from `start` to `end` on the line, and the clock at its start (µs)."""

    action: Action
    start: int
    end: int
    wall: int


def picture_of(observation: Observation, settings: Settings) -> Picture:
    """The time line of what was seen, beside what is expected and what `settings` predict."""
    scenario = observation.scenario
    spans = list(_spans(scenario))
    by_row = [
        _by_job(spans, _predicted(predict(scenario))),
        _by_job(spans, _predicted(predict(scenario, settings.behaviour, settings.dialect))),
        _by_job(spans, _seen(observation)),
    ]
    jobs = dict.fromkeys(action.job.id for action in scenario.actions if isinstance(action, Create))
    rows = [Row(job, *(tuple(row.get(job, ())) for row in by_row)) for job in jobs]
    rows.sort(key=_is_equal)
    last = spans[-1]
    return Picture(
        last.end,
        scenario.now,
        write_instant(last.wall + _clock_moved(last.action)),
        tuple(rows[:MOST_JOBS]),
        tuple(_marks(spans, len(observation.replies))),
        len(rows[MOST_JOBS:]),
    )


def picture_of_cluster(observation: cluster.Observation) -> Picture | None:
    """The time line of a scenario of level cluster; None if nothing ran."""
    if not observation.firings:
        return None
    slots = Slots(observation)
    events = observation.events
    start = min(slots.firings[0], *(event.at for event in events[:1])) // SECOND * SECOND
    due = map(slots.due, range(slots.slot(slots.firings[0]), slots.slot(observation.ended) + 1))
    row = Row(
        observation.scenario.job.id,
        tuple(at - start for at in due if start <= at <= observation.ended),
        (),
        tuple(at - start for at in slots.firings),
    )
    marks = [Mark(one.at - start, f"{one.instance} {one.kind}") for one in events]
    if (outage := slots.outage()) is not None:
        harm, ready = outage
        marks.append(Mark(harm.at - start, "", ready.at - start))
    end = max(observation.ended, slots.firings[-1])
    return Picture(
        end - start,
        write_instant(start),
        write_instant(end // SECOND * SECOND),
        (row,),
        tuple(sorted(marks, key=lambda mark: mark.at)),
        is_predicted=False,
    )


def _is_equal(row: Row) -> bool:
    """Whether the firings of a row do not differ by a second or more."""
    return all(
        len(row.seen) == len(other)
        and all(abs(one - two) < SECOND for one, two in zip(row.seen, other, strict=True))
        for other in (row.expected, row.declared)
    )


def _spans(scenario: Scenario) -> Iterator[_Span]:
    passed, wall = 0, read_instant(scenario.now)
    for action in scenario.actions:
        lasts = 0 if isinstance(action, Step) else _clock_moved(action)
        yield _Span(action, passed, passed + lasts, wall)
        passed += lasts
        wall += _clock_moved(action)


def _clock_moved(action: Action) -> int:
    """How far the wall clock moves in an action (µs)."""
    match action:
        case Advance(by=seconds) | Step(by=seconds) | Restart(down=seconds):
            return round(seconds * SECOND)
        case _:
            return 0


def _predicted(prediction: Prediction) -> Iterator[tuple[int, Firing]]:
    """The firings, each with the index of its action."""
    first = 0
    for index, count in enumerate(prediction.counts):
        yield from ((index, firing) for firing in prediction.firings[first:count])
        first = count


def _seen(observation: Observation) -> Iterator[tuple[int, Firing]]:
    """The runs that began, each with the index of its action."""
    began = iter(starts(observation))
    following = next(began, None)
    for index, reply in enumerate(observation.replies):
        for firing in reply.fired if isinstance(reply, Fired) else ():
            if firing is following:
                yield index, firing
                following = next(began, None)


def _by_job(spans: Sequence[_Span], firings: Iterable[tuple[int, Firing]]) -> dict[str, list[int]]:
    """The places of firings on the line, by job."""
    found: dict[str, list[int]] = {}
    for index, firing in firings:
        span = spans[index]
        place = span.start + read_instant(firing.at) - span.wall
        found.setdefault(firing.job, []).append(min(max(place, 0), span.end))
    return found


def _marks(spans: Sequence[_Span], tried: int) -> Iterator[Mark]:
    """What was done, beside the passing of time; `tried` actions were."""
    cut_off: int | None = None
    for index, span in enumerate(spans):
        action = span.action
        match action:
            case Restart(how=how):
                yield Mark(span.start, "killed" if how == "kill" else "closed", span.end)
                cut_off = None
            case Step(by=by):
                yield Mark(span.start, f"clock {by:+g} s")
            case Store(reachable=reachable):
                if reachable and cut_off is not None:
                    yield Mark(cut_off, "no store", span.start)
                cut_off = None if reachable else span.start
            case Advance():
                pass
            case _:
                yield Mark(span.start, type(action).__name__.lower())
        if index + 1 == tried < len(spans):
            yield Mark(span.end, "nothing more was tried")
            return
