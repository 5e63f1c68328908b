"""The outcomes of the occurrences of a job: each instant, and the event that was its outcome."""

from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import overload

from gnomon.reference import events

InstantOutcome = tuple[int, events.OccurrenceEvent]
"""An instant (µs, UTC), and an outcome of the occurrence that was due then."""


class Outcomes(list[InstantOutcome]):
    """Occurrences that had an outcome, in the order of the history."""

    __slots__ = ()

    @property
    def instants(self) -> list[int]:
        """The instants (µs, UTC)."""
        return [instant for instant, _ in self]

    def counts(self) -> Counter[type]:
        """How many events of each kind there are."""
        return Counter([type(event) for _, event in self])

    def kinds(self) -> Iterator[tuple[int, type]]:
        """The instants, each with the kind of the event."""
        return ((instant, type(event)) for instant, event in self)

    def messages(self) -> Iterator[tuple[int, int]]:
        """The instant and the number of each message."""
        return ((at, e.message) for at, e in self if type(e) is events.Published)

    def candidates(self, grace: int) -> Iterator[InstantOutcome]:
        """The outcomes later than `grace` µs after their instant, and those without a message."""
        return ((at, e) for at, e in self if e.at - at > grace or type(e) is not events.Published)


class PackedOutcomes(Sequence[InstantOutcome]):
    """The same for a long history: the messages are kept as their numbers.

    `event_of` gives the event with which a message was published.
    """

    __slots__ = ("_event_of", "_happened_at", "_messages", "_others", "instants")

    def __init__(self, event_of: Callable[[int], events.Published]) -> None:
        self._event_of = event_of
        self.instants = array("q")
        self._happened_at = array("q")
        self._messages = array("q")  # their numbers, and 0 for an event of another kind
        self._others: dict[int, events.OccurrenceEvent] = {}  # by the place of the outcome

    def append(self, outcome: InstantOutcome) -> None:
        """Add an outcome. Raises OverflowError if a number has more than 64 bits."""
        instant, event = outcome
        if type(event) is events.Published:
            self._messages.append(event.message)
        else:
            self._others[len(self._messages)] = event
            self._messages.append(0)
        self.instants.append(instant)
        self._happened_at.append(event.at)

    def counts(self) -> Counter[type]:
        """How many events of each kind there are."""
        counted: Counter[type] = Counter(map(type, self._others.values()))
        counted[events.Published] += len(self) - len(self._others)
        return counted

    def kinds(self) -> Iterator[tuple[int, type]]:
        """The instants, each with the kind of the event."""
        for number, instant in enumerate(self.instants):
            other = self._others.get(number)
            yield instant, events.Published if other is None else type(other)

    def messages(self) -> Iterator[tuple[int, int]]:
        """The instant and the number of each message."""
        every = zip(self.instants, self._messages, strict=True)
        return (pair for n, pair in enumerate(every) if n not in self._others)

    def candidates(self, grace: int) -> Iterator[InstantOutcome]:
        """The outcomes later than `grace` µs after their instant, and those without a message."""
        every = enumerate(zip(self.instants, self._happened_at, strict=True))
        late = [number for number, (instant, at) in every if at - instant > grace]
        return map(self.__getitem__, sorted({*late, *self._others}))

    def __len__(self) -> int:
        return len(self.instants)

    @overload
    def __getitem__(self, number: int) -> InstantOutcome: ...
    @overload
    def __getitem__(self, number: slice) -> list[InstantOutcome]: ...
    def __getitem__(self, number: int | slice) -> InstantOutcome | list[InstantOutcome]:
        if isinstance(number, slice):
            return [self[each] for each in range(*number.indices(len(self)))]
        number = range(len(self))[number]
        return self.instants[number], self._at(number)

    def _at(self, number: int) -> events.OccurrenceEvent:
        return self._others.get(number) or self._event_of(self._messages[number])
