"""The priority queue of what is due next.

The one idea: a sorted list of (instant, job) beside a table job -> instant. Cancelling and
rescheduling, which a heap does badly, are what a leader does after every edit.
"""

from collections.abc import Iterator

from sortedcontainers import SortedList


class Agenda:
    """Jobs in the order in which they are due; those due at one instant in the order of their ids.

    A job is in it once or not at all. `next_due` is the earliest instant (µs, UTC), None if there
    is none.
    """

    __slots__ = ("_due", "_order", "next_due")

    def __init__(self) -> None:
        self._order: SortedList[tuple[int, str]] = SortedList()
        self._due: dict[str, int] = {}
        self.next_due: int | None = None

    def __len__(self) -> int:
        return len(self._due)

    def __iter__(self) -> Iterator[tuple[int, str]]:
        """Every (instant, job), the earliest first."""
        return iter(self._order)

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
        self._order.add((due, job))
        if self.next_due is None or due < self.next_due:
            self.next_due = due

    def cancel(self, job: str) -> None:
        """Take `job` out, if it is in: O(log n)."""
        due = self._due.pop(job, None)
        if due is not None:
            self._order.remove((due, job))
            self.next_due = self._order[0][0] if self._order else None

    def clear(self) -> None:
        """Take everything out."""
        self._due.clear()
        self._order.clear()
        self.next_due = None

    def pop_due(self, now: int, most: int) -> list[str]:
        """Take out the jobs that are due at `now` or before, `most` of them at the most, in order.

        O(k log n) for k jobs.

        >>> agenda = Agenda()
        >>> agenda.add("b", 10); agenda.add("a", 10); agenda.add("c", 11)
        >>> agenda.pop_due(10, most=5)
        ['a', 'b']
        """
        order, jobs = self._order, list[str]()
        self.next_due = None
        for due, job in order:
            if due > now or len(jobs) == most:
                self.next_due = due
                break
            jobs.append(job)
        for job in jobs:
            del self._due[job]
            order.pop(0)
        return jobs

    def check(self) -> None:
        """Assert every invariant: O(n log n)."""
        order = list(self._order)
        assert order == sorted(order), "the agenda is out of order"
        assert len(order) == len(self._due), "a job is in the agenda twice, or half in it"
        assert self.next_due == (order[0][0] if order else None), "next_due is out of date"
        assert {job: due for due, job in order} == self._due, "order and table disagree"
