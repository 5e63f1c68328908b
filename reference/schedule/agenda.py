"""A priority queue of jobs, ordered by the instant at which each is due next.

The one idea: a short sorted list holds the earliest jobs, a sorted container holds the others, and
a table from job to instant locates each job. A leader takes the earliest job all the time, which is
slow in a sorted container. It cancels and reschedules a job after every edit, which is slow in a
heap. Here both are fast.

    near  [next … end]   sorted; every entry is earlier than every entry in far
    far                  sorted; used only when near is full or empty
"""

from bisect import bisect_left, insort
from collections.abc import Hashable, Iterator
from copy import copy
from itertools import chain, islice

from sortedcontainers import SortedList

MOST_NEAR = 2_048
"""The largest number of entries in near. Near is refilled with an eighth of far at a time."""


class Agenda:
    """Jobs in the order in which they are due; jobs due at one instant in the order of their ids.

    Each job occurs at most once. `next_due` is the earliest instant (µs, UTC), None if there is no
    job.
    """

    __slots__ = ("_due", "_far", "_near", "_next", "next_due")

    def __init__(self) -> None:
        self._near: list[tuple[int, str]] = []
        self._next = 0  # the entries of near before it have been removed
        self._far: SortedList[tuple[int, str]] = SortedList()
        self._due: dict[str, int] = {}
        self.next_due: int | None = None

    def __len__(self) -> int:
        return len(self._due)

    def __iter__(self) -> Iterator[tuple[int, str]]:
        """Every (instant in µs UTC, job), the earliest first."""
        return chain(islice(self._near, self._next, None), self._far)

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
        self._due[job] = due
        entry, near = (due, job), self._near
        if self.next_due is None or entry > near[-1]:
            self._far.add(entry)
        else:
            insort(near, entry, self._next)
            if len(near) - self._next > MOST_NEAR:
                middle = (len(near) + self._next) // 2
                self._far.update(near[middle:])
                del near[middle:]
        if self.next_due is None or due < self.next_due:
            self._look_ahead()

    def cancel(self, job: str) -> None:
        """Remove `job`, if it is in the agenda: O(log n)."""
        due = self._due.pop(job, None)
        if due is None:
            return
        entry, near = (due, job), self._near
        if entry > near[-1]:
            self._far.remove(entry)
        else:
            del near[bisect_left(near, entry, self._next)]
            self._look_ahead()

    def clear(self) -> None:
        """Remove every job."""
        self._due.clear()
        self._near.clear()
        self._far.clear()
        self._look_ahead()

    def pop_due(self, now: int, most: int) -> list[str]:
        """Remove the jobs that are due at or before `now` (µs, UTC), at most `most`, in order.

        O(k log n) for k jobs.

        >>> agenda = Agenda()
        >>> agenda.add("b", 10); agenda.add("a", 10); agenda.add("c", 11)
        >>> agenda.pop_due(10, most=5)
        ['a', 'b']
        """
        jobs: list[str] = []
        while self.next_due is not None and self.next_due <= now and len(jobs) < most:
            job = self._near[self._next][1]
            jobs.append(job)
            del self._due[job]
            self._next += 1
            self._look_ahead()
        return jobs

    def _look_ahead(self) -> None:
        """Update `next_due`, and refill near from far if near is empty."""
        near, following = self._near, self._next
        if following < len(near):
            self.next_due = near[following][0]
            return
        far = self._far
        count = min(len(far) // 8 + 1, MOST_NEAR)
        self._near, self._next = list(far[:count]), 0
        del far[:count]
        self.next_due = self._near[0][0] if self._near else None

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
        assert not self._far or self._next < len(self._near), "near is empty and far is not"
        assert len(self._near) - self._next <= MOST_NEAR, "near is too long"
