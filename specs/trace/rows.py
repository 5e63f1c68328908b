"""Long tables of named tuples, in columns: a number takes 4 or 8 bytes, where an object takes 32.

The one idea: a row is made when it is read. So a table of millions of rows has the room of its
numbers only, and whoever needs one field reads its column and makes no row at all.
"""

from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, MutableSequence, Sequence
from functools import partial
from itertools import islice
from typing import Any, Generic, TypeVar, overload

R = TypeVar("R", bound=tuple[Any, ...])
Column = MutableSequence[Any]
"""The values of one field: an array if they are whole numbers of at most 64 bits."""

TOGETHER = 4_096
"""Rows that are put into columns at once: that is faster than one by one."""


class Rows(Sequence[R], Generic[R]):
    """Rows of one `kind` of named tuple, in order."""

    def __init__(self, kind: type[R], rows: Iterable[R] = ()) -> None:
        self._kind = kind
        self._columns: dict[str, Column] = {
            name: array("i") if values is int else []
            for name, values in kind.__annotations__.items()
        }
        remaining = iter(rows)
        while some := list(islice(remaining, TOGETHER)):
            for name, values in zip(self._columns, zip(*some, strict=True), strict=True):
                self._columns[name] = _extended(self._columns[name], values)

    def column(self, name: str) -> Sequence[Any]:
        """The values of one field, of all rows."""
        return self._columns[name]

    def sort(self, *names: str) -> None:
        """Put the rows in the order of these fields; rows in which they are equal stay in order."""
        order: Sequence[int] = range(len(self))
        for name in reversed(names):
            order = sorted(order, key=self._columns[name].__getitem__)
        for name, column in self._columns.items():
            if isinstance(column, array):
                self._columns[name] = array(column.typecode, map(column.__getitem__, order))
            else:
                self._columns[name] = [column[number] for number in order]

    def numbers_by(self, name: str) -> dict[Any, Sequence[int]]:
        """The numbers of the rows that have a value in a field, by the value."""
        numbers: dict[Any, array[int]] = defaultdict(partial(array, "i"))
        for number, value in enumerate(self._columns[name]):
            numbers[value].append(number)
        return {**numbers}

    def picked(self, numbers: Sequence[int]) -> Iterator[R]:
        """The rows of these numbers."""
        return self._made(map(column.__getitem__, numbers) for column in self._columns.values())

    def _made(self, columns: Iterable[Iterable[Any]]) -> Iterator[R]:
        return map(partial(tuple.__new__, self._kind), zip(*columns, strict=True))

    def __len__(self) -> int:
        return len(next(iter(self._columns.values())))

    def __iter__(self) -> Iterator[R]:
        return self._made(self._columns.values())

    @overload
    def __getitem__(self, number: int) -> R: ...
    @overload
    def __getitem__(self, number: slice) -> list[R]: ...
    def __getitem__(self, number: int | slice) -> R | list[R]:
        if isinstance(number, slice):
            return list(self._made(column[number] for column in self._columns.values()))
        return tuple.__new__(self._kind, [column[number] for column in self._columns.values()])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Rows):
            return NotImplemented
        return self._kind is other._kind and self._columns == other._columns

    __hash__ = None  # type: ignore[assignment]  # as a list

    def __repr__(self) -> str:
        return f"<{len(self)} rows of {self._kind.__name__}>"


def _extended(column: Column, values: Sequence[Any]) -> Column:
    """A column with further values; it becomes a wider one if a number has no room in it."""
    if not isinstance(column, array):
        column.extend(values)
        return column
    try:
        column.extend(array(column.typecode, values))
    except OverflowError:
        return _extended(array("q", column) if column.typecode == "i" else [*column], values)
    return column
