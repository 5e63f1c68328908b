"""The options that name the store of a live cluster; ``serve`` and ``record`` share them."""

from pathlib import Path
from typing import Annotated

import typer

Redis = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="URL of the store: redis://, rediss://, unix://, redis+sentinel:// or "
        "redis+cluster://.  [default: an embedded store]",
    ),
]
Data = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="Data folder of the embedded store.  [default: the user's state folder]",
    ),
]
Prefix = Annotated[str, typer.Option(metavar="TEXT", help="Prefix of the store's keys.")]
