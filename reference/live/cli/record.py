"""``gnomon record``: writes what the live cluster did as a history."""

from pathlib import Path
from typing import Annotated

import typer

from gnomon.reference.live.cli.options import Data, Prefix, Redis
from gnomon.specs.cli.console import examples


def add_to(app: typer.Typer) -> None:
    """Add the command to `app`."""
    epilog = examples("gnomon record --redis redis://localhost:6379/0 --since 1h --out hour.jsonl")
    app.command("record", epilog=epilog)(record)


def record(
    out: Annotated[
        Path,
        typer.Option(
            metavar="FILE", help="Output file for the history, compressed if named .gz or .zst."
        ),
    ],
    redis: Redis = None,
    data: Data = None,
    prefix: Prefix = "gnomon",
    since: Annotated[
        str | None,
        typer.Option(
            metavar="T", help="Start: an instant, or how long ago, as in 15m.  [default: all]"
        ),
    ] = None,
    travel: Annotated[
        str | None,
        typer.Option(
            metavar="D", help="Longest round trip to the store that the rules allow, as in 2s."
        ),
    ] = None,
) -> None:
    """Write what the live cluster did as a history.

    gnomon check judges it, gnomon show prints it, and gnomon replay replays it in a cluster of
    another shape. The data folder of an embedded store must not be in use.
    """
    from gnomon.reference.live.cli.recorder import record_to_file  # noqa: PLC0415

    record_to_file(redis, data, prefix, since, travel, out)
