"""The options that describe a cluster; those of a simulated one override the recording.

The one idea: their limits are those of recordings, which other commands do not import.
"""

from typing import Annotated

import typer

from gnomon.reference.store.messages import Profile
from gnomon.specs.recording.model import LARGEST_SEED, MOST_SERVERS, MOST_WORKERS

Servers = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        help="Number of servers (overrides the recording).",
        min=1,
        max=MOST_SERVERS,
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(
        metavar="W",
        help="Number of workers of each server (overrides the recording).",
        min=1,
        max=MOST_WORKERS,
    ),
]
ProfileOverride = Annotated[
    Profile | None,
    typer.Option("--profile", help="Delivery profile (overrides the recording)."),
]
DeliveryProfile = Annotated[
    Profile,
    typer.Option(
        "--profile", help="Delivery profile: durable is at least once, classic at most once."
    ),
]
Seed = Annotated[
    int | None,
    typer.Option(
        metavar="S",
        help="Seed of the random numbers (overrides the recording).",
        min=0,
        max=LARGEST_SEED,
    ),
]
