"""The load of a cluster over time: messages that wait, workers that run something, workers there.

The one idea: the load is a step function of time, computed exactly; charts draw means and peaks of
equal parts of it.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from heapq import merge
from itertools import chain, groupby, islice, pairwise, repeat
from operator import itemgetter
from typing import NamedTuple

from gnomon.specs.trace.rows import Rows
from gnomon.specs.trace.spans import Span, merge_spans
from gnomon.specs.trace.trace import Trace
from gnomon.specs.trace.waits import waits


class Step(NamedTuple):
    """From the instant `at` (µs, UTC) on: how many messages wait, and how many workers are busy.

    `workers` is how many workers there are, 0 if their number is not known.
    """

    at: int
    waiting: int
    busy: int
    workers: int


class Part(NamedTuple):
    """One of several equal parts of a time.

    Attributes:
        waiting: The mean number of messages that waited.
        most_waiting: The most that waited at once.
        busy: The mean number of busy workers.
        workers: The mean number of workers.
    """

    waiting: float
    most_waiting: int
    busy: float
    workers: float


def load_of(trace: Trace) -> Rows[Step]:
    """The load of a history from its first change on, in order: O(n log n)."""
    waiting, runs = trace.cached(waits), trace.runs
    there = [(m.begins, m.ends, m.workers) for m in trace.memberships if m.begins < m.ends]
    changes = merge(
        *_changes(_WAITING, waiting.column("begins"), waiting.column("ends")),
        *_changes(_BUSY, runs.begins, runs.ends(trace.end)),
        sorted((begins, _WORKERS, number) for begins, _, number in there),
        sorted((ends, _WORKERS, -number) for _, ends, number in there),
    )
    return Rows(Step, _steps(changes))


_Change = tuple[int, int, int]
"""An instant (µs, UTC), what changes then, as its place in a step, and by how much."""
_WAITING, _BUSY, _WORKERS = range(3)


def _changes(what: int, begins: Iterable[int], ends: Iterable[int]) -> list[Iterator[_Change]]:
    """The changes at the beginnings and at the ends of spans, each in the order of time."""
    spans = [(array("q"), 1), (array("q"), -1)]
    for since, until in zip(begins, ends, strict=True):
        if since < until:
            spans[0][0].append(since)
            spans[1][0].append(until)
    return [zip(array("q", sorted(ats)), repeat(what), repeat(n)) for ats, n in spans]


def _steps(changes: Iterable[_Change]) -> Iterator[Step]:
    counts = [0, 0, 0]
    for at, together in groupby(changes, key=itemgetter(0)):
        for _, what, number in together:
            counts[what] += number
        yield Step(at, *counts)


def parts_of(steps: Rows[Step], begins: int, ends: int, number: int) -> list[Part]:
    """The load in each of at most `number` equal parts of [begins, ends) (µs)."""
    length = max(ends - begins, 1)
    number = min(number, length)
    edges = [begins + length * place // number for place in range(number + 1)]
    instants, waiting_at, busy_at, there_at = map(steps.column, Step._fields)
    parts = []
    for first, last in pairwise(edges):
        waiting = most = busy = workers = 0
        for since, until, place in _during(instants, first, last):
            waiting += waiting_at[place] * (until - since)
            busy += busy_at[place] * (until - since)
            workers += there_at[place] * (until - since)
            most = max(most, waiting_at[place])
        took = last - first
        parts.append(Part(waiting / took, most, busy / took, workers / took))
    return parts


def _during(instants: Sequence[int], begins: int, ends: int) -> Iterator[tuple[int, int, int]]:
    """The numbers of the steps that hold in [begins, ends), each after the part in which it does.

    `instants` are those of all steps.
    """
    first, last = max(bisect_right(instants, begins) - 1, 0), bisect_left(instants, ends)
    for number in range(first, last):
        until = instants[number + 1] if number + 1 < last else ends
        yield max(instants[number], begins), until, number


def starving(steps: Rows[Step], end: int, apart: int) -> list[Span]:
    """When messages waited while every worker was busy; spans less than `apart` µs apart are one.

    It is not known of a cluster whose number of workers is not known.
    """
    following = chain(islice(steps.column("at"), 1, None), (end,))
    spans = (
        (step.at, until + apart)
        for step, until in zip(steps, following, strict=False)
        if step.waiting and 0 < step.workers <= step.busy
    )
    return [(begins, ends - apart) for begins, ends in merge_spans(spans)]
