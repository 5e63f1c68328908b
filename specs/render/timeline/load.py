"""The load of a cluster over time: messages that wait, workers that run something, workers there.

The one idea: the load is a step function of time, computed exactly; charts draw means and peaks of
equal parts of it.
"""

from bisect import bisect_left
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

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


def load_of(trace: Trace) -> list[Step]:
    """The load of a history from its first change on, in order: O(n log n)."""
    changes: dict[int, list[int]] = {}

    def count(what: int, begins: int, ends: int, number: int = 1) -> None:
        if begins < ends:
            changes.setdefault(begins, [0, 0, 0])[what] += number
            changes.setdefault(ends, [0, 0, 0])[what] -= number

    for wait in trace.cached(waits):
        count(0, wait.begins, wait.ends)
    for run in trace.runs:
        count(1, run.begins, trace.end if run.ends is None else run.ends)
    for member in trace.memberships:
        count(2, member.begins, member.ends, member.workers)
    waiting = busy = workers = 0
    steps = []
    for at in sorted(changes):
        more_waiting, more_busy, more_workers = changes[at]
        waiting, busy, workers = waiting + more_waiting, busy + more_busy, workers + more_workers
        steps.append(Step(at, waiting, busy, workers))
    return steps


def parts_of(steps: list[Step], begins: int, ends: int, number: int) -> list[Part]:
    """The load in each of at most `number` equal parts of [begins, ends) (µs)."""
    length = max(ends - begins, 1)
    number = min(number, length)
    edges = [begins + length * place // number for place in range(number + 1)]
    instants = [step.at for step in steps]
    parts = []
    for first, last in pairwise(edges):
        waiting = most = busy = workers = 0
        for since, until, step in _during(steps, instants, first, last):
            waiting += step.waiting * (until - since)
            busy += step.busy * (until - since)
            workers += step.workers * (until - since)
            most = max(most, step.waiting)
        took = last - first
        parts.append(Part(waiting / took, most, busy / took, workers / took))
    return parts


def _during(
    steps: list[Step], instants: list[int], begins: int, ends: int
) -> Iterator[tuple[int, int, Step]]:
    """The steps that hold in [begins, ends), each with the part of it in which it holds."""
    place = max(bisect_left(instants, begins + 1) - 1, 0)
    while place < len(steps) and instants[place] < ends:
        until = instants[place + 1] if place + 1 < len(steps) else ends
        if until > begins:
            yield max(instants[place], begins), min(until, ends), steps[place]
        place += 1


def starving(steps: list[Step], end: int, apart: int) -> list[Span]:
    """When messages waited while every worker was busy; spans less than `apart` µs apart are one.

    It is not known of a cluster whose number of workers is not known.
    """
    spans = []
    for number, step in enumerate(steps):
        if step.waiting and 0 < step.workers <= step.busy:
            until = steps[number + 1].at if number + 1 < len(steps) else end
            spans.append((step.at, until + apart))
    return [(begins, ends - apart) for begins, ends in merge_spans(spans)]
