"""``gnomon serve`` and ``gnomon record``: a server of the live cluster, and what the cluster did.

The one idea: here it is said what can be asked for. What it takes to do it, a web framework among
others, is imported when it is asked for, so that no other command waits for it.
"""

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from gnomon.reference.live import DEFAULT_HTTP, EVENTS_KEPT
from gnomon.reference.store.messages import Profile

LogFormat = Literal["text", "json"]
LogLevel = Literal["debug", "info", "warning", "error"]


def add_to(app: typer.Typer) -> None:
    """Add these commands to `app`."""
    app.command("serve")(serve)
    app.command("record")(record)


def serve(
    redis: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="The store: redis://, rediss://, unix://, redis+sentinel:// or redis+cluster://. "
            "Without it a store of one's own is started.",
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Name of this server.  [default: the machine's, and its port]"
        ),
    ] = None,
    workers: Annotated[
        int,
        typer.Option(metavar="W", help="So many services run at once.", min=1, max=1_000),
    ] = 4,
    services: Annotated[
        list[str] | None,
        typer.Option(
            metavar="MODULE",
            help="Where services are, package.module or package.module:Class; may be given often.",
        ),
    ] = None,
    http: Annotated[
        str, typer.Option(metavar="HOST:PORT", help="Where the API is served, or none.")
    ] = DEFAULT_HTTP,
    auth: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Who may use the API; gnomon auth makes its lines."),
    ] = None,
    servers: Annotated[
        int,
        typer.Option(
            metavar="N",
            help="So many servers on this machine, for a try-out.",
            min=1,
            max=32,
        ),
    ] = 1,
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Where a store of one's own keeps its data.  [default: the user's state folder]",
        ),
    ] = None,
    profile: Annotated[Profile, typer.Option(help="How messages are delivered.")] = "durable",
    lease: Annotated[
        str, typer.Option(metavar="D", help="After a crash others wait so long; one for all.")
    ] = "10s",
    grace: Annotated[
        str, typer.Option(metavar="D", help="What runs may take so long to end when it is stopped.")
    ] = "30s",
    keep: Annotated[
        int, typer.Option(metavar="N", help="The history keeps so many events.", min=1_000)
    ] = EVENTS_KEPT,
    replicas: Annotated[
        int,
        typer.Option(
            metavar="N", help="So many replicas must have each change before it counts.", min=0
        ),
    ] = 0,
    prefix: Annotated[
        str, typer.Option(metavar="TEXT", help="What the store's keys begin with.")
    ] = "gnomon",
    history: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="At the end, write what has happened since the start."),
    ] = None,
    log: Annotated[LogFormat, typer.Option(help="Form of the log, on standard error.")] = "text",
    log_level: Annotated[LogLevel, typer.Option(help="What is logged at least.")] = "info",
    log_payloads: Annotated[
        bool, typer.Option("--log-payloads", help="Log payloads, which may hold secrets.")
    ] = False,
) -> None:
    """Run a server of the live cluster.

    It campaigns to lead, runs services and serves the API.

    SIGTERM or Ctrl-C lets it finish what it runs; a second one ends it at once.

    Exit status 0: it left in good order; 1: it did not; 2: bad input.
    """
    # These take a second to import.
    from gnomon.reference.live.cli.launch import Options, start  # noqa: PLC0415

    sys.path.insert(0, "")  # a user's own modules lie where the command is given
    left_in_order = start(
        Options(
            redis=redis,
            name=name,
            workers=workers,
            services=services or [],
            http=http,
            auth=auth,
            servers=servers,
            data=data,
            profile=profile,
            lease=lease,
            grace=grace,
            keep=keep,
            replicas=replicas,
            prefix=prefix,
            history=history,
            log=log,
            log_level=log_level,
            log_payloads=log_payloads,
        )
    )
    raise typer.Exit(0 if left_in_order else 1)


def record(
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where to write the history.")],
    redis: Annotated[
        str | None,
        typer.Option(metavar="URL", help="The store; without it the one in the data folder."),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Data of a store of one's own that nobody is using now."),
    ] = None,
    prefix: Annotated[
        str, typer.Option(metavar="TEXT", help="What the store's keys begin with.")
    ] = "gnomon",
    since: Annotated[
        str | None,
        typer.Option(metavar="T", help="From then on: an instant, or how long ago, such as 15m."),
    ] = None,
    travel: Annotated[
        str | None,
        typer.Option(metavar="D", help="What the rules allow for a journey to the store and back."),
    ] = None,
) -> None:
    """Write down what the live cluster did, as a history.

    gnomon check judges it, gnomon show shows it, gnomon replay replays it with another shape.
    """
    from gnomon.reference.live.cli.launch import RecordOptions, record_to_file  # noqa: PLC0415

    options = RecordOptions(redis=redis, data=data, prefix=prefix, since=since, travel=travel)
    record_to_file(options, out)
