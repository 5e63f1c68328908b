"""A history as a Parquet file: a table with a row for each event.

The one idea: rows are written while the history is read, in groups of `ROWS`, so memory is bounded
however long the history is. The library is an extra, ``gnomon[arrow]``.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import IO, TYPE_CHECKING

import msgspec

from gnomon.reference.events import Event
from gnomon.reference.history import Header
from gnomon.specs.export.columns import Column, ColumnType, columns, tag_of

if TYPE_CHECKING:
    import pyarrow as pa

ROWS = 50_000
"""Rows of a group: what is in memory at once."""
HEADER_KEY = "gnomon-header"
"""The key of the file's metadata that holds the header of the history, as JSON."""


class UnwritableError(ValueError):
    """The history has a value that a column cannot hold; the message names the event."""


def require_library() -> None:
    """Raise ImportError if the library is not installed."""
    import pyarrow.parquet  # noqa: F401, PLC0415


def write_parquet(header: Header, happened: Iterable[Event], file: IO[bytes]) -> int:
    """Write a row for each event to `file`, and return their number.

    Raises ImportError without the library, and UnwritableError.
    """
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    schema = arrow_schema(header)
    events, rows = iter(happened), 0
    with pq.ParquetWriter(file, schema, compression="zstd") as writer:
        while batch := list(islice(events, ROWS)):
            arrays = list(_arrays(batch, rows + 1, schema))
            writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=schema))
            rows += len(batch)
    return rows


def arrow_schema(header: Header) -> "pa.Schema":
    """The columns as Arrow has them, with the `header` in the metadata."""
    import pyarrow as pa  # noqa: PLC0415

    types: dict[ColumnType, pa.DataType] = {
        "instant": pa.timestamp("us", tz="UTC"),
        "number": pa.int64(),
        "flag": pa.bool_(),
        "text": pa.string(),
        "numbers": pa.list_(pa.int64()),
        "texts": pa.list_(pa.string()),
        "json": pa.string(),
    }
    fields = [
        pa.field(column.name, types[column.type], nullable=bool(column.kinds))
        for column in columns().values()
    ]
    seq = pa.field("seq", pa.int64(), nullable=False)
    return pa.schema([seq, *fields], metadata={HEADER_KEY: msgspec.json.encode(header)})


def _arrays(batch: list[Event], first: int, schema: "pa.Schema") -> Iterator["pa.Array"]:
    """The values of each column for the events in `batch`, which are numbered from `first`."""
    import pyarrow as pa  # noqa: PLC0415

    present = {tag_of(type(event)) for event in batch}
    yield pa.array(range(first, first + len(batch)), schema.field("seq").type)
    for column in columns().values():
        type_ = schema.field(column.name).type
        if column.kinds and present.isdisjoint(column.kinds):
            yield pa.nulls(len(batch), type_)
            continue
        values = _values(batch, column)
        try:
            yield pa.array(values, type_)
        except (OverflowError, pa.ArrowInvalid):
            raise UnwritableError(_misfit(values, first, column)) from None


def _values(batch: list[Event], column: Column) -> list[object]:
    """What `column` holds for each event; None for an event whose kind has no such field."""
    value = column.value
    if not column.kinds:
        return [value(event) for event in batch]
    has = frozenset(column.kinds)
    return [value(event) if tag_of(type(event)) in has else None for event in batch]


def _misfit(values: list[object], first: int, column: Column) -> str:
    """The message that a number is larger than Parquet's integers."""
    for seq, value in enumerate(values, first):
        for number in value if isinstance(value, tuple) else (value,):
            if isinstance(number, int) and not -(2**63) <= number < 2**63:
                return f"event {seq}: {column.name} is {number}, and Parquet has 64 bits for it"
    return f"events from {first}: the values of {column.name} do not fit into a column"
