"""Rows in columns are what the same rows in a list are, whatever numbers are in them."""

from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gnomon.specs.trace import rows as module
from gnomon.specs.trace.rows import Rows


class Thing(NamedTuple):
    """A row with a field of each sort."""

    at: int
    name: str
    is_done: bool
    size: int


numbers = st.one_of(
    st.integers(-2, 2),
    st.sampled_from([sign * 2**bits + more for sign in (1, -1) for bits in (31, 63, 70)
                     for more in (-1, 0, 1)]),
)  # fmt: skip
things = st.lists(st.builds(Thing, numbers, st.sampled_from("abc"), st.booleans(), numbers))
bounds = st.none() | st.integers(-9, 9)
steps = st.none() | st.integers(-3, 3).filter(bool)


@pytest.fixture(autouse=True)
def few_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TOGETHER", 3)


@given(things, st.builds(slice, bounds, bounds, steps))
def test_rows_are_read_as_from_a_list(drawn: list[Thing], part: slice) -> None:
    rows = Rows(Thing, drawn)
    assert len(rows) == len(drawn)
    assert list(rows) == drawn == [rows[number] for number in range(len(drawn))]
    assert rows[part] == drawn[part]
    assert all(type(row) is Thing and type(row.is_done) is bool for row in [*rows, *rows[part]])
    assert list(rows.column("size")) == [thing.size for thing in drawn]
    places = range(len(drawn))[part]
    assert list(rows.picked(places)) == drawn[part]
    assert rows == Rows(Thing, drawn)
    assert rows != Rows(Thing, [*drawn, Thing(0, "", False, 0)])
    with pytest.raises(IndexError):
        rows[len(drawn)]


@given(things)
def test_rows_are_sorted_as_a_list_is(drawn: list[Thing]) -> None:
    rows = Rows(Thing, drawn)
    rows.sort("size", "name")
    assert list(rows) == sorted(drawn, key=lambda thing: (thing.size, thing.name))
    rows.sort(*Thing._fields)
    assert rows == Rows(Thing, sorted(drawn))


@given(things)
def test_rows_are_found_by_a_value(drawn: list[Thing]) -> None:
    rows = Rows(Thing, drawn)
    by_name = {name: list(rows.picked(found)) for name, found in rows.numbers_by("name").items()}
    assert by_name == {
        name: [thing for thing in drawn if thing.name == name]
        for name in dict.fromkeys(thing.name for thing in drawn)
    }
