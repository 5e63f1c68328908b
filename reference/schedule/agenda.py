"""A priority queue of jobs, ordered by the instant at which each is due next.

The one idea: a short sorted list holds the earliest jobs, a sorted container holds the others, and
a table from job to instant locates each job. A leader takes the earliest job all the time, which is
slow in a sorted container. It cancels and reschedules a job after every edit, which is slow in a
heap. Here both are fast.

    near   sorted; every entry is earlier than every entry in far
    far    sorted; empty until there are more than `MOST_NEAR` entries
"""

from bisect import bisect_left, insort
from collections.abc import Hashable, Iterator
from copy import copy
from itertools import chain

from sortedcontainers import SortedList

MOST_NEAR = 2_048
"""The largest number of entries in near. Near is refilled with an eighth of far at a time."""
FEWEST = 64
"""The smallest number of entries with which near is refilled, if there are as many."""


class Agenda:
    """Jobs in the order in which they are due; jobs due at one instant in the order of their ids.

    Each job occurs at most once. `next_due` is the earliest instant (µs, UTC), None if there is no
    job.
    """

    __slots__ = ("_due", "_far", "_near", "next_due")

    def __init__(self) -> None:
        self._near: list[tuple[int, str]] = []
        self._far: SortedList[tuple[int, str]] = SortedList()
        self._due: dict[str, int] = {}
        self.next_due: int | None = None

    def __len__(self) -> int:
        return len(self._due)

    def __iter__(self) -> Iterator[tuple[int, str]]:
        """Every (instant in µs UTC, job), the earliest first."""
        return chain(self._near, self._far)

    def add(self, job: str, due: int) -> None:
        """Add `job` at `due` (µs, UTC), or move it there if it is in the agenda: O(log n).

        >>> agenda = Agenda()
        >>> agenda.add("report", 20)
        >>> agenda.add("backup", 30)
        >>> agenda.add("report", 40)
        >>> list(agenda)
        [(30, 'backup'), (40, 'report')]
        """
        if job in self._due:
            self.cancel(job)
        entry, near, others = (due, job), self._near, len(self._due)
        self._due[job] = due
        if near and entry < near[-1]:
            insort(near, entry)
        elif len(near) == others < MOST_NEAR:  # far is empty
            near.append(entry)
        else:
            self._far.add(entry)
            return
        self.next_due = near[0][0]
        if len(near) > MOST_NEAR:
            middle = len(near) // 2
            self._far.update(near[middle:])
            del near[middle:]

    def cancel(self, job: str) -> None:
        """Remove `job`, if it is in the agenda: O(log n)."""
        due = self._due.pop(job, None)
        if due is None:
            return
        entry, near = (due, job), self._near
        if entry > near[-1]:
            self._far.remove(entry)
        else:
            del near[bisect_left(near, entry)]
            self._look_ahead()

    def clear(self) -> None:
        """Remove every job."""
        self._due.clear()
        self._near.clear()
        self._far.clear()
        self._look_ahead()

    def pop_due(self, now: int, most: int) -> list[str]:
        """Remove the jobs that are due at or before `now` (µs, UTC), at most `most`, in order.

        O(k · MOST_NEAR) for k jobs, moved in one block each; now and then near is refilled.

        >>> agenda = Agenda()
        >>> agenda.add("b", 10); agenda.add("a", 10); agenda.add("c", 11)
        >>> agenda.pop_due(10, most=5)
        ['a', 'b']
        """
        jobs: list[str] = []
        near = self._near
        while near and near[0][0] <= now and len(jobs) < most:
            _, job = near.pop(0)
            del self._due[job]
            jobs.append(job)
            if not near:
                self._look_ahead()
        self.next_due = near[0][0] if near else None
        return jobs

    def _look_ahead(self) -> None:
        """Update `next_due`, and refill near from far if near is empty."""
        near, far = self._near, self._far
        if not near and far:
            count = min(max(len(far) // 8, FEWEST), MOST_NEAR)
            near += far[:count]
            del far[:count]
        self.next_due = near[0][0] if near else None

    def copy(self) -> "Agenda":
        """An independent copy: O(n)."""
        other: Agenda = copy(self)
        other._near, other._far, other._due = self._near[:], self._far.copy(), self._due.copy()
        return other

    def key(self) -> Hashable:
        """A hashable value; equal for agendas that behave alike: O(n)."""
        return tuple(self)

    def check(self) -> None:
        """Assert every invariant: O(n log n)."""
        order = list(self)
        assert order == sorted(order), "the agenda is out of order"
        assert len(order) == len(self._due), "order and table differ in length"
        assert {job: due for due, job in order} == self._due, "order and table disagree"
        assert self.next_due == (order[0][0] if order else None), "next_due is out of date"
        assert self._near or not self._far, "near is empty and far is not"
        assert len(self._near) <= MOST_NEAR, "near is too long"
