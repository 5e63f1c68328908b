"""Events of a long history, packed: 50 bytes each, where an object takes 300.

The one idea: nearly all events of a history are of four kinds. A table of each of these kinds has
an array for each field that differs from event to event, and keeps every combination of the other
fields once. The events are made anew whenever somebody reads them; so two readings give equal
events, and not the same ones. Events of all other kinds are kept as they are.
"""

from array import array
from collections.abc import Callable, Iterable, Iterator, MutableSequence, Sequence, Sized
from itertools import islice, repeat
from operator import attrgetter
from typing import Any, Generic, TypeVar, overload

from gnomon.reference.events import Claimed, Event, EventBase, Finished, Published, Started

E = TypeVar("E", bound=EventBase)

MOST_UNPACKED = 100_000
"""Events of the longest history that is kept as a list.

A short history is read and judged faster as a list, and any of its events is found at once. The
longest list takes 30 MB.
"""

TOGETHER = 4_096
"""Events that are packed at once: that is faster than one by one."""

NUMBERS = frozenset(("at", "message", "due"))
"""Fields that have their own array of 64-bit numbers."""
TEXTS = frozenset(("cid",))
"""Fields that have their own list: texts that are never repeated."""

Column = MutableSequence[Any]  # the values of one field, each of that field's type


class _Places(dict[tuple[Any, ...], int]):
    """The place of each combination of values; one that is new gets the next, and is kept."""

    def __init__(self, keep: Callable[[tuple[Any, ...]], None]) -> None:
        super().__init__()
        self._keep = keep

    def __missing__(self, combination: tuple[Any, ...]) -> int:
        place = self[combination] = len(self)
        self._keep(combination)
        return place


class PackedTable(Sequence[E], Generic[E]):
    """The events of one kind, in order; each is made when it is read."""

    def __init__(self, kind: type[E]) -> None:
        self._kind = kind
        fields = kind.__struct_fields__
        self._own: dict[str, Column] = {
            name: array("q") if name in NUMBERS else []
            for name in fields
            if name in NUMBERS or name in TEXTS
        }
        self._shared: dict[str, list[Any]] = {name: [] for name in fields if name not in self._own}
        self._varying: set[str] = set()  # the shared fields that have more than one value
        self._shared_values = attrgetter(*self._shared)
        self._places = _Places(self._keep)  # of each combination of the shared fields
        self._combinations = array("i")  # of each event, the place of its combination

    def extend(self, happened: list[E]) -> None:
        """Add events. Raises OverflowError if a number has more than 64 bits."""
        for name, values in self._own.items():
            values.extend(map(attrgetter(name), happened))
        combinations = map(self._shared_values, happened)
        self._combinations.extend(map(self._places.__getitem__, combinations))

    def _keep(self, combination: tuple[Any, ...]) -> None:
        """Keep a combination of the shared fields that is new."""
        for (name, column), value in zip(self._shared.items(), combination, strict=True):
            column.append(value)
            if value != column[0]:
                self._varying.add(name)

    def __len__(self) -> int:
        return len(self._combinations)

    def __iter__(self) -> Iterator[E]:
        return self.picked(range(len(self)))

    @overload
    def __getitem__(self, row: int) -> E: ...
    @overload
    def __getitem__(self, row: slice) -> list[E]: ...
    def __getitem__(self, row: int | slice) -> E | list[E]:
        if isinstance(row, slice):
            return list(self.picked(range(*row.indices(len(self)))))
        return self._kind(*(self.value(name, row) for name in self._kind.__struct_fields__))

    def value(self, name: str, row: int) -> Any:
        """The value of one field of one event."""
        own = self._own.get(name)
        return self._shared[name][self._combinations[row]] if own is None else own[row]

    def picked(self, rows: Sequence[int]) -> Iterator[E]:
        """The events of these rows."""
        return map(self._kind, *(self.column(name, rows) for name in self._kind.__struct_fields__))

    def column(self, name: str, rows: Iterable[int] | None = None) -> Iterable[Any]:
        """The values of one field: of all events, or of those of `rows`."""
        if isinstance(rows, range) and rows == range(len(self)):
            rows = None
        if name in self._own:
            own = self._own[name]
            return own if rows is None else map(own.__getitem__, rows)
        values = self._shared[name]
        if name not in self._varying and (rows is None or isinstance(rows, Sized)):
            return repeat(values[0], len(self) if rows is None else len(rows)) if values else ()
        places = self._combinations
        chosen = places if rows is None else map(places.__getitem__, rows)
        return map(values.__getitem__, chosen)


class PickedEvents(Sequence[E], Generic[E]):
    """Some events of a table, by their `rows`; each is made when it is read."""

    def __init__(self, table: PackedTable[E], rows: "array[int]") -> None:
        self.table, self.rows = table, rows

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[E]:
        return self.table.picked(self.rows)

    @overload
    def __getitem__(self, number: int) -> E: ...
    @overload
    def __getitem__(self, number: slice) -> list[E]: ...
    def __getitem__(self, number: int | slice) -> E | list[E]:
        if isinstance(number, slice):
            return list(self.table.picked(self.rows[number]))
        return self.table[self.rows[number]]

    def column(self, name: str) -> Iterable[Any]:
        """The values of one field."""
        return self.table.column(name, self.rows)


PACKED = (Published, Claimed, Started, Finished)
"""The kinds of events that have tables."""
_OTHER = len(PACKED)
_CODES: dict[type, int] = {kind: code for code, kind in enumerate(PACKED)}


class PackedEvents(Sequence[Event]):
    """The events of a history, in order.

    An event by its number takes O(n), and a slice takes O(n) up to its end: read them in order.
    """

    def __init__(self) -> None:
        self._codes = bytearray()  # of each event, the place of its kind in PACKED
        self._tables: tuple[PackedTable[Any], ...] = tuple(map(PackedTable, PACKED))
        self._others: list[Event] = []

    def extend(self, happened: list[Event]) -> None:
        """Add events. Raises OverflowError if a number in them has more than 64 bits."""
        of_kind: dict[type, list[Event]] = {kind: [] for kind in PACKED}
        others: list[Event] = []
        for event in happened:
            of_kind.get(type(event), others).append(event)
        for table, events in zip(self._tables, of_kind.values(), strict=True):
            table.extend(events)
        self._others += others
        self._codes += bytes(_CODES.get(kind, _OTHER) for kind in map(type, happened))

    def table(self, kind: type[E]) -> PackedTable[E]:
        """The events of one of the kinds in `PACKED`."""
        return self._tables[_CODES[kind]]

    def kinds(self) -> set[type]:
        """The types of the events."""
        return {*map(type, self._others), *(PACKED[code] for code in set(self._codes) - {_OTHER})}

    def __len__(self) -> int:
        return len(self._codes)

    def __iter__(self) -> Iterator[Event]:
        return self._read(self._codes)

    def without(self, kinds: Iterable[type[EventBase]]) -> Iterator[Event]:
        """The events in order, but for those of some kinds in `PACKED`."""
        return self._read(self._codes.translate(None, bytes(_CODES[kind] for kind in kinds)))

    def _read(self, codes: bytearray) -> Iterator[Event]:
        readers: list[Iterator[Event]] = [*map(iter, self._tables), iter(self._others)]
        return map(next, map(readers.__getitem__, codes))

    def __reversed__(self) -> Iterator[Event]:
        readers = [*map(reversed, self._tables), reversed(self._others)]
        return map(next, map(readers.__getitem__, reversed(self._codes)))

    @overload
    def __getitem__(self, number: int) -> Event: ...
    @overload
    def __getitem__(self, number: slice) -> list[Event]: ...
    def __getitem__(self, number: int | slice) -> Event | list[Event]:
        if isinstance(number, slice):
            places = range(len(self))[number]
            if places.step < 0:
                return self[places[-1] : places[0] + 1 : -places.step][::-1] if places else []
            return list(islice(self, places.start, places.stop, places.step))
        number = range(len(self))[number]
        code = self._codes[number]
        row = self._codes.count(code, 0, number)
        event: Event = (self._others if code == _OTHER else self._tables[code])[row]
        return event

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, list | PackedEvents):
            return NotImplemented
        return len(self) == len(other) and all(a == b for a, b in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]  # as a list

    def __repr__(self) -> str:
        return f"<{len(self)} packed events>"


# --- events in a list, or packed


def kinds_in(happened: Sequence[Event | None]) -> set[type]:
    """The types of these events, and that of None if one is None."""
    if not isinstance(happened, PackedEvents):
        return set(map(type, happened))
    return happened.kinds()


def table_of(happened: Sequence[Event], kind: type[E]) -> Sequence[E]:
    """The events of one of the kinds in `PACKED`, in order."""
    if isinstance(happened, PackedEvents):
        return happened.table(kind)
    return [event for event in happened if type(event) is kind]


def without_if_packed(happened: Sequence[Event], *kinds: type[EventBase]) -> Iterable[Event]:
    """The events in order: all of a list; of packed ones all but some kinds in `PACKED`.

    It saves time where the caller ignores these kinds.
    """
    return happened.without(kinds) if isinstance(happened, PackedEvents) else happened


def pack(happened: Iterable[Event], most_unpacked: int | None = None) -> Sequence[Event]:
    """All these events: in a list if they are at most `most_unpacked`, else packed.

    They are in a list, too, if a number in one has more than 64 bits.
    """
    remaining = iter(happened)
    most = MOST_UNPACKED if most_unpacked is None else most_unpacked
    next_ones = list(islice(remaining, most + 1))
    if len(next_ones) <= most:
        return next_ones
    packed = PackedEvents()
    while next_ones:
        try:
            packed.extend(next_ones)
        except OverflowError:
            return [*packed, *next_ones, *remaining]
        next_ones = list(islice(remaining, TOGETHER))
    return packed
