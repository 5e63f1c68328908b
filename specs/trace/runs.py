"""The runs of a history, in the order of starting."""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import pairwise
from typing import overload

from gnomon.reference import events
from gnomon.specs.trace.entities import Run
from gnomon.specs.trace.message_table import AT_ONCE, MessageTable

STILL_RUNS = -(2**63)
"""Stands for the end of a run that has not ended; earlier than any instant."""


class Runs(list[Run]):
    """Every run, in the order of starting."""

    @cached_property
    def begins(self) -> Sequence[int]:
        """When each run began (µs, UTC)."""
        return [run.begins for run in self]

    def ends(self, end: int) -> Sequence[int]:
        """When each run ended, or the `end` of the history for those that still run (µs, UTC)."""
        return [end if run.ends is None else run.ends for run in self]

    def servers(self) -> Iterable[str]:
        """The server of each run."""
        return [run.started.server for run in self]

    def jobs(self) -> Iterable[str]:
        """The job of each run."""
        return [run.record.published.job for run in self]


class PackedRuns(Sequence[Run]):
    """The runs of a long history; each is made when it is read."""

    def __init__(self, messages: MessageTable) -> None:
        self._messages = messages
        self.begins = array("q")
        self._ends = array("q")
        self._places = array("i")
        self._started: dict[int, events.Started] = {}  # by number, of those that are no first runs

    def add_first(self, begins: int, ends: int | None, place: int) -> None:
        """Add the run of the message at a place that began with its first start."""
        self.begins.append(begins)
        self._ends.append(STILL_RUNS if ends is None else ends)
        self._places.append(place)

    def add(self, ends: int | None, place: int, started: events.Started) -> None:
        """Add any run of the message at a place."""
        self._started[len(self)] = started
        self.add_first(started.at, ends, place)

    def sort(self) -> None:
        """Put the runs in the order of starting; those that start together keep their order."""
        if all(before <= after for before, after in pairwise(self.begins)):
            return
        order = array("i", sorted(range(len(self)), key=self.begins.__getitem__))
        self.begins = array("q", map(self.begins.__getitem__, order))
        self._ends = array("q", map(self._ends.__getitem__, order))
        self._places = array("i", map(self._places.__getitem__, order))
        if started := self._started:
            moved = ((number, old) for number, old in enumerate(order) if old in started)
            self._started = {number: started[old] for number, old in moved}

    def __len__(self) -> int:
        return len(self.begins)

    @overload
    def __getitem__(self, number: int) -> Run: ...
    @overload
    def __getitem__(self, number: slice) -> list[Run]: ...
    def __getitem__(self, number: int | slice) -> Run | list[Run]:
        if isinstance(number, slice):
            return self._made(range(*number.indices(len(self))))
        (run,) = self._made((range(len(self))[number],))
        return run

    def __iter__(self) -> Iterator[Run]:
        for first in range(0, len(self), AT_ONCE):
            yield from self[first : first + AT_ONCE]

    def _made(self, numbers: Sequence[int]) -> list[Run]:
        records = self._messages.at_places([self._places[number] for number in numbers])
        runs: list[Run] = []
        for number, record in zip(numbers, records, strict=True):
            ends = None if self._ends[number] == STILL_RUNS else self._ends[number]
            started = self._started.get(number) or record.started
            assert started is not None
            runs.append(Run(self.begins[number], ends, record, started))
        return runs

    def ends(self, end: int) -> Sequence[int]:
        """When each run ended, or the `end` of the history for those that still run (µs, UTC)."""
        return array("q", (end if ends == STILL_RUNS else ends for ends in self._ends))

    def servers(self) -> Iterable[str]:
        """The server of each run."""
        servers = self._messages.first_servers(self._places)
        if not self._started:
            return servers
        return [
            self._started[number].server if number in self._started else server
            for number, server in enumerate(servers)
        ]

    def jobs(self) -> Iterable[str]:
        """The job of each run."""
        return self._messages.jobs(self._places)
