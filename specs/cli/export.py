"""``gnomon export``: a history for the tools of data analysis."""

from pathlib import Path
from typing import Annotated

import typer

from gnomon.specs.cli import console
from gnomon.specs.cli.console import BadInput, examples
from gnomon.specs.cli.options import HistoryFile, Json

NO_LIBRARY = "it needs pyarrow, which is not installed: pip install 'gnomon[arrow]'"


def add_to(app: typer.Typer) -> None:
    """Add the command to `app`."""
    epilog = examples(
        "gnomon export history.jsonl --parquet history.parquet",
        "gnomon export day.jsonl.zst --parquet day.parquet --json",
    )
    app.command("export", epilog=epilog)(export)


def export(
    file: HistoryFile,
    parquet: Annotated[
        Path, typer.Option(metavar="FILE", help="Output file: a Parquet table of events.")
    ],
    json: Json = False,
) -> None:
    """Write a history as a Parquet table, for DuckDB, pandas and other tools.

    The table has a row for each event; docs/parquet.md describes the columns. Memory is bounded
    however long the history is. It needs the extra gnomon[arrow].
    """
    rows = _write(file, parquet)
    size = parquet.stat().st_size if parquet.is_file() else None
    if json:
        console.print_json({"file": str(parquet), "rows": rows, "bytes": size})
    else:
        in_bytes = "" if size is None else f", {_count(size)} bytes"
        console.print_parts(f"{parquet}: {_count(rows)} rows{in_bytes}")


def _write(source: Path, target: Path) -> int:
    """Write the table and return the number of its rows. Raises BadInput."""
    from gnomon.reference.history import stream  # noqa: PLC0415
    from gnomon.specs.export.parquet import (  # noqa: PLC0415
        UnwritableError,
        require_library,
        write_parquet,
    )

    try:
        require_library()
    except ImportError:
        raise BadInput("--parquet", [NO_LIBRARY]) from None
    console.require_output(target, source)
    try:
        with console.history_lines(source) as lines:
            header, happened = stream(lines)
            with console.open_output(target, source) as output:
                return write_parquet(header, happened, output)
    except UnwritableError as error:
        raise BadInput(str(source), [str(error)]) from None
    except RecursionError:
        raise BadInput(str(source), ["a definition in it is nested too deeply"]) from None


def _count(number: int) -> str:
    return f"{number:,}".replace(",", " ")
