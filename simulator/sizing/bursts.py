"""Bursts: the instants at which the most work is due, when they come again, and who is due then.

The one idea: a burst is named by the time at which it recurs ("at 09:00 UTC on Mondays"), because
that is what the owner of a schedule can change.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple

from gnomon.reference.schedule.clock import DAY, HOUR, to_datetime, write_instant
from gnomon.simulator.sizing.queue_model import Load, Request
from gnomon.specs.render import tables

WEEKDAYS = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")


ALIKE = 0.9
"""Instants are of one burst if they have this share of the work of the largest."""


class Burst(NamedTuple):
    """Instants at which about the same amount of work is due (µs, UTC), the largest `at` first.

    `jobs` and `work` (µs of worker time) are those due `at` that instant; the least of the
    `instants` has `least` jobs.
    """

    at: int
    instants: list[int]
    jobs: list[str]
    least: int
    work: int
    words: str


class Filler(NamedTuple):
    """A service or a job, its number of runs, and the worker time that they took (µs)."""

    name: str
    runs: int
    work: int


def bursts(load: Load, most: int) -> list[Burst]:
    """The bursts with the most work, those of nearly the same amount taken together."""
    due: dict[int, list[Request]] = {}
    for request in load.requests:
        due.setdefault(request.since, []).append(request)
    work = {at: sum(request.duration for request in of) for at, of in due.items()}
    ranked = sorted(due, key=lambda at: (-work[at], -len(due[at]), at))
    found: list[Burst] = []
    begins = 0
    while begins < len(ranked) and len(found) < most:
        at = ranked[begins]
        ends = begins
        while ends < len(ranked) and work[ranked[ends]] >= ALIKE * work[at]:
            ends += 1
        ends = max(ends, begins + 1)
        instants = sorted(ranked[begins:ends])
        by_work = sorted(due[at], key=lambda request: (-request.duration, request.job))
        jobs = [request.job for request in by_work]
        least = min(len(due[instant]) for instant in instants)
        words = words_for(instants, load.start, load.end)
        found.append(Burst(at, instants, jobs, least, work[at], words))
        begins = ends
    return found


def fillers(load: Load, most: int) -> tuple[list[Filler], list[Filler]]:
    """The services, and the jobs, whose runs take the most worker time."""
    return (
        _ranked(((request.service, request.duration) for request in load.requests), most),
        _ranked(((request.job, request.duration) for request in load.requests), most),
    )


def _ranked(runs: Iterable[tuple[str, int]], most: int) -> list[Filler]:
    number: Counter[str] = Counter()
    work: Counter[str] = Counter()
    for name, duration in runs:
        number[name] += 1
        work[name] += duration
    ranked = sorted(work, key=lambda name: (-work[name], name))[:most]
    return [Filler(name, number[name], work[name]) for name in ranked]


# --- words


def words_for(instants: Sequence[int], start: int, end: int) -> str:
    """When the `instants` of a recording of [start, end) come again (µs, UTC).

    >>> words_for([0], 0, DAY), words_for([9 * HOUR + day * DAY for day in (4, 11)], 0, 14 * DAY)
    ('at 1970-01-01T00:00:00Z', 'at 09:00 UTC on Mondays')
    """
    if len(instants) == 1:
        return f"at {write_instant(instants[0])}"
    moments = [to_datetime(instant) for instant in instants]
    times = {moment.time() for moment in moments}
    if len(times) == 1:
        return f"at {_clock_time(moments[0])} {_days(moments, start, end)}"
    within_hour = {instant % HOUR for instant in instants}
    hours = {instant // HOUR for instant in instants}
    if len(within_hour) == 1:
        past = f":{moments[0]:%M}" + (f":{moments[0]:%S}" if moments[0].second else "")
        all_hours = (end - next(iter(within_hour)) - 1) // HOUR - (start - 1) // HOUR
        each = "every hour" if len(hours) >= all_hours else f"of {len(hours)} hours"
        return f"at {past} {each}"
    gaps = {after - before for before, after in pairwise(sorted(instants))}
    if len(gaps) == 1:
        return f"every {tables.span(gaps.pop())} from {write_instant(min(instants))}"
    return f"{tables.count(len(instants))} times, first at {write_instant(min(instants))}"


def _clock_time(moment: datetime) -> str:
    return f"{moment:%H:%M:%S} UTC" if moment.second else f"{moment:%H:%M} UTC"


def _days(moments: Sequence[datetime], start: int, end: int) -> str:
    days = {moment.date() for moment in moments}
    weekdays = {moment.weekday() for moment in moments}
    if len(days) >= (end - start) // DAY:
        return "every day"
    if len(weekdays) == 1:
        return f"on {WEEKDAYS[next(iter(weekdays))]}"
    if weekdays == set(range(5)):
        return "from Monday to Friday"
    return f"on {len(days)} days"
