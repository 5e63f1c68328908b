"""The priority queue of what is due next.

The one idea: what is due soonest is kept at hand in a plain list, everything later in a sorted
container, and a table job -> instant says where a job is. Cancelling and rescheduling, which a heap
does badly, are what a leader does after every edit; taking the earliest, which a sorted container
does slowly, is what it does all day.

    near  [next … end]   sorted; everything in it is earlier than everything in far
    far                  sorted; used only when near is not enough
"""

from bisect import bisect_left, insort
from collections.abc import Hashable, Iterator
from copy import copy
from itertools import chain, islice

from sortedcontainers import SortedList

MOST_NEAR = 2_048
"""Near holds so many at the most, and is filled with an eighth of far at a time."""


class Agenda:
    """Jobs in the order in which they are due; those due at one instant in the order of their ids.

    A job is in it once or not at all. `next_due` is the earliest instant (µs, UTC), None if there
    is none.
    """

    __slots__ = ("_due", "_far", "_near", "_next", "next_due")

    def __init__(self) -> None:
        self._near: list[tuple[int, str]] = []
        self._next = 0  # what stands before it in near has been taken out
        self._far: SortedList[tuple[int, str]] = SortedList()
        self._due: dict[str, int] = {}
        self.next_due: int | None = None

    def __len__(self) -> int:
        return len(self._due)

    def __iter__(self) -> Iterator[tuple[int, str]]:
        """Every (instant, job), the earliest first."""
        return chain(islice(self._near, self._next, None), self._far)

    def add(self, job: str, due: int) -> None:
        """Put `job` in at `due` (µs, UTC), or move it there if it is in already: O(log n).

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
        """Take `job` out, if it is in: O(log n)."""
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
        """Take everything out."""
        self._due.clear()
        self._near.clear()
        self._far.clear()
        self._look_ahead()

    def pop_due(self, now: int, most: int) -> list[str]:
        """Take out the jobs that are due at `now` or before, `most` of them at the most, in order.

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
        """Know what is due next, and fetch from far if nothing is near any more."""
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
        """Another that holds the same: O(n)."""
        other: Agenda = copy(self)
        other._near, other._far, other._due = self._near[:], self._far.copy(), self._due.copy()
        return other

    def key(self) -> Hashable:
        """All that can influence what it does: O(n)."""
        return tuple(self)

    def check(self) -> None:
        """Assert every invariant: O(n log n)."""
        order = list(self)
        assert order == sorted(order), "the agenda is out of order"
        assert len(order) == len(self._due), "a job is in the agenda twice, or half in it"
        assert {job: due for due, job in order} == self._due, "order and table disagree"
        assert self.next_due == (order[0][0] if order else None), "next_due is out of date"
        assert not self._far or self._next < len(self._near), "all is far and nothing near"
        assert len(self._near) - self._next <= MOST_NEAR, "too much is near"
