"""The options that commands of a live cluster share: the store, and the default server."""

from pathlib import Path
from typing import Annotated

import typer

from gnomon.reference.live import DEFAULT_HTTP

DEFAULT_SERVER = f"http://{DEFAULT_HTTP}"
"""The URL of the API for clients that name none."""

Redis = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        envvar="GNOMON_REDIS",
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
