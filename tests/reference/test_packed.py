"""Packed events are the same events, in the same order, as a list of them."""

from array import array
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gnomon.reference import events, packed
from gnomon.reference.events import Event
from gnomon.reference.packed import PACKED, PackedEvents, PickedEvents, kinds_in, pack, table_of

numbers = st.integers(-(2**63), 2**63 - 1)
names = st.sampled_from(("", "a", "b", "c"))
published = st.builds(
    events.Published, numbers, numbers, st.text(max_size=3), names, numbers, numbers, numbers,
    names, names, names, names, st.none() | names, st.booleans(), numbers, st.booleans(),
)  # fmt: skip
claimed = st.builds(events.Claimed, numbers, numbers, names, numbers, numbers)
started = st.builds(events.Started, numbers, numbers, names, numbers, numbers)
finished = st.builds(
    events.Finished, numbers, numbers, names, numbers, numbers,
    st.sampled_from(("ok", "failed")), st.none() | names,
)  # fmt: skip
other = st.builds(events.Expired, numbers, numbers)
histories = st.lists(published | claimed | started | finished | other, max_size=30)


@pytest.fixture(autouse=True)
def few_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed, "TOGETHER", 4)


def as_packed(happened: Sequence[Event]) -> PackedEvents:
    found = pack(happened, 0)
    assert isinstance(found, PackedEvents)
    return found


@given(histories.filter(bool), st.slices(30))
def test_packed_events_are_read_like_a_list(happened: list[Event], part: slice) -> None:
    found = as_packed(happened)
    assert len(found) == len(happened)
    assert list(found) == happened == list(found)
    assert found == happened
    assert happened == found
    assert list(reversed(found)) == happened[::-1]
    assert [found[n] for n in range(-len(happened), len(happened))] == [*happened, *happened]
    assert found[part] == happened[part]
    assert found != [*happened, happened[0]]
    with pytest.raises(IndexError):
        found[len(happened)]


@given(histories.filter(bool), st.data())
def test_a_table_has_the_events_of_its_kind(happened: list[Event], data: st.DataObject) -> None:
    found = as_packed(happened)
    assert kinds_in(found) == kinds_in(happened)
    for kind in PACKED:
        table, expected = found.table(kind), table_of(happened, kind)
        assert list(table) == list(table_of(found, kind)) == expected
        rows = data.draw(st.lists(st.sampled_from(range(len(expected))))) if expected else []
        some = PickedEvents(table, array("i", rows))
        chosen = [expected[row] for row in rows]
        assert list(table.picked(rows)) == list(some) == [some[n] for n in range(len(rows))]
        assert list(some) == some[:] == chosen
        for name in kind.__struct_fields__:
            assert list(table.column(name)) == [getattr(event, name) for event in expected]
            assert list(some.column(name)) == [getattr(event, name) for event in chosen]
        left = [event for event in happened if type(event) is not kind]
        assert list(packed.without_if_packed(found, kind)) == left


def test_a_short_history_is_kept_as_a_list() -> None:
    happened: list[Event] = [events.Expired(1, 1), events.Claimed(2, 1, "s1", 1, 1)]
    assert pack(iter(happened), 2) == happened
    assert isinstance(pack(iter(happened), 2), list)
    assert isinstance(pack(iter(happened), 1), PackedEvents)


@pytest.mark.parametrize("place", [0, 3, 9])
def test_a_number_that_does_not_fit_is_kept(place: int) -> None:
    happened: list[Event] = [events.Claimed(n, n, "s1", 1, 1) for n in range(12)]
    happened[place] = events.Finished(place, 2**64, "s1", 1, 1, "ok")
    assert pack(iter(happened), 0) == happened
