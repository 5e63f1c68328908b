"""The order in which a new leader reads the jobs: those first that are expected to be due next.

The one idea: the order exists while somebody reads pages, and no longer. So reading all pages sorts
the jobs once, and a job that is published costs nothing more at all other times.
"""

from collections.abc import Iterable, Iterator

from sortedcontainers import SortedList

AFTER_ANY_ID = "\U0010ffff"
"""A text that is greater than any id."""


class Places:
    """The places of all jobs in order, as long as pages are read; see ``operations.place_of``."""

    __slots__ = ("_by_id", "_order")

    def __init__(self) -> None:
        self._order: SortedList[tuple[str, str]] | None = None  # place and id
        self._by_id: dict[str, str] = {}

    @property
    def are_kept(self) -> bool:
        """Whether somebody reads pages."""
        return self._order is not None

    def open(self, places: Iterable[tuple[str, str]]) -> None:
        """Keep these places, pairs of a place and an id, if none are kept: O(jobs · log(jobs))."""
        if self._order is None:
            self._by_id = {id: place for place, id in places}
            self._order = SortedList((place, id) for id, place in self._by_id.items())

    def after(self, place: str) -> Iterator[str]:
        """The ids of the jobs after a place, in order. They must be kept."""
        assert self._order is not None
        beyond = self._order.bisect_right((place, AFTER_ANY_ID))
        return (id for _, id in self._order.islice(beyond))

    def move(self, id: str, place: str | None) -> None:
        """Give a job another place, or none as it is deleted: O(log(jobs)). They must be kept."""
        assert self._order is not None
        before = self._by_id.pop(id, None)
        if before is not None:
            self._order.remove((before, id))
        if place is not None:
            self._by_id[id] = place
            self._order.add((place, id))

    def close(self) -> None:
        """Keep no places any longer."""
        self._order = None
        self._by_id = {}
