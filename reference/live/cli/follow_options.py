"""The options of ``gnomon check --follow``."""

from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from gnomon.reference.live.cli.connected import CaFile, Login

DEFAULT_WINDOW = 100_000
"""Events that are judged at once: one to two seconds of work."""
LEAST_WINDOW = 1_000

FollowUrl = Annotated[
    str | None,
    typer.Option("--follow", metavar="URL", help="Instead: the URL of a server of a live cluster."),
]
MetricsPlace = Annotated[
    str | None,
    typer.Option(
        "--metrics", metavar="HOST:PORT", help="With --follow: where Prometheus finds the verdicts."
    ),
]
FollowDuration = Annotated[
    str | None,
    typer.Option("--for", metavar="D", help="With --follow: how long, as in 10m.  [default: ever]"),
]
Window = Annotated[
    int | None,
    typer.Option(
        "--window",
        metavar="N",
        help="Number of events that are judged together, for bounded memory.  "
        "[default: all; with --follow 100000]",
        min=LEAST_WINDOW,
    ),
]
FollowLogin = Login
FollowCaFile = CaFile


class FollowOptions(NamedTuple):
    """The options of ``gnomon check --follow``, as they were given."""

    url: str
    login: Path | None
    ca_file: Path | None
    metrics: str | None
    duration: str | None
    window: int
    json: bool
