"""Parquet: every event comes back from its row, and the page of the columns is complete."""

import io
import json
import sys
from typing import Any, get_args

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given

from gnomon.reference import events
from gnomon.reference.events import Event
from gnomon.reference.history import Header, History
from gnomon.reference.schedule.clock import to_datetime
from gnomon.specs.export import parquet
from gnomon.specs.export.columns import columns
from gnomon.specs.export.parquet import HEADER_KEY, UnwritableError, write_parquet
from tests.reference.test_history import histories
from tests.support.command import Command, broken_history, fault
from tests.support.paths import ROOT

PAGE = ROOT / "docs" / "parquet.md"


def table_of(history: History) -> pa.Table:
    file = io.BytesIO()
    assert write_parquet(history.header, history.events, file) == len(history.events)
    return pq.read_table(io.BytesIO(file.getvalue()))


def as_a_row_gives_it(value: Any, type_: str) -> Any:
    """A value of an event in the form in which a row gives it."""
    if value is None:
        return None
    if type_ == "instant":
        return to_datetime(value)
    if type_ == "json":
        return msgspec.to_builtins(value)
    return list(value) if isinstance(value, tuple) else value


@given(histories)
def test_every_event_comes_back_from_its_row(history: History) -> None:
    table = table_of(history)
    assert json.loads(table.schema.metadata[HEADER_KEY.encode()]) == msgspec.to_builtins(
        history.header
    )
    rows = table.to_pylist()
    assert [row.pop("seq") for row in rows] == list(range(1, len(rows) + 1))
    types = {column.name: column.type for column in columns().values()}
    for row, event in zip(rows, history.events, strict=True):
        assert row.pop("kind") == events.kind_of(event)
        for name, type_ in list(types.items())[1:]:
            value = row.pop(name)
            if type_ == "json" and value is not None:
                value = json.loads(value)
            assert value == as_a_row_gives_it(getattr(event, name, None), type_), name
        assert not row


def test_groups_of_rows_are_numbered_on(monkeypatch: pytest.MonkeyPatch) -> None:
    happened: list[Event] = [events.JobActivated(n, f"job {n}", n) for n in range(7)]
    happened[3] = events.JobRejected(3, "", {}, ("a", "b"))  # in one group only
    monkeypatch.setattr(parquet, "ROWS", 2)
    table = table_of(History(Header(start=0, end=7), happened))
    assert table["seq"].to_pylist() == [1, 2, 3, 4, 5, 6, 7]
    assert table["faults"].to_pylist() == [None, None, None, ["a", "b"], None, None, None]
    assert table["revision"].to_pylist() == [0, 1, 2, None, 4, 5, 6]


def test_an_empty_history_is_a_table_without_rows() -> None:
    table = table_of(History(Header(start=0, end=7), []))
    assert table.num_rows == 0 and table.column_names == ["seq", *columns()]


@pytest.mark.parametrize(
    "event",
    [events.Dropped(0, 2**63), events.WritesLost(0, 1, 0, (1, 2**64), ())],
    ids=["number", "numbers"],
)
def test_a_number_that_parquet_cannot_hold_is_named(event: Event) -> None:
    name = "message" if isinstance(event, events.Dropped) else "undone"
    with pytest.raises(UnwritableError, match=rf"event 2: {name} is \d+, and Parquet has 64 bits"):
        table_of(History(Header(start=0, end=7), [events.JobDeleted(0, "a"), event]))


def test_every_field_of_every_kind_has_a_column() -> None:
    known = columns()
    for event_type in get_args(Event):
        for name in event_type.__struct_fields__:
            column = known[name]
            assert not column.kinds or event_type.__struct_config__.tag in column.kinds


def test_the_page_has_every_column_with_its_type_and_kinds() -> None:
    rows = [line.split("|") for line in PAGE.read_text("utf-8").splitlines() if "| `" in line]
    described = {row[1].strip(" `"): (row[2].strip(), row[3].strip()) for row in rows}
    assert all(row[4].strip() for row in rows)
    assert described.pop("seq") == ("number", "all")
    assert described == {
        column.name: (column.type, ", ".join(column.kinds) or "all")
        for column in columns().values()
    }


# --- the command


def test_export_writes_the_table(run: Command, tmp_path: Any) -> None:
    source, target = broken_history(tmp_path), tmp_path / "h.parquet"
    result = run("export", source, "--parquet", target)
    rows = pq.read_table(target).num_rows
    assert result.code == 0
    size = f"{target.stat().st_size:,}".replace(",", " ")
    assert result.out == f"{target}: {rows} rows, {size} bytes\n"
    printed = run("export", source, "--parquet", target, "--json").json
    assert printed == {"file": str(target), "rows": rows, "bytes": target.stat().st_size}


def test_export_of_a_history_that_is_not_whole_leaves_no_file(run: Command, tmp_path: Any) -> None:
    source, target = broken_history(tmp_path), tmp_path / "h.parquet"
    source.write_bytes(source.read_bytes()[:-40])
    assert fault(run("export", source, "--parquet", target)).startswith(f"gnomon: {source}: line ")
    assert [file.name for file in tmp_path.iterdir()] == [source.name]


def test_export_does_not_overwrite_its_input(run: Command, tmp_path: Any) -> None:
    source = broken_history(tmp_path)
    before = source.read_bytes()
    assert "input of this command" in fault(run("export", source, "--parquet", source))
    assert source.read_bytes() == before


def test_export_without_its_library_names_the_extra(
    run: Command, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    printed = fault(run("export", broken_history(tmp_path), "--parquet", tmp_path / "h.parquet"))
    assert "pip install 'gnomon[arrow]'" in printed
