"""``gnomon serve``: runs a server of the live cluster.

The one idea: this module only declares the options. The web framework and the rest of the server
take a second to import, and only this command imports them, when it runs.
"""

import logging
import os
import sys
from pathlib import Path
from typing import Annotated, Literal, NoReturn

import typer

from gnomon.reference.live import DEFAULT_HTTP, EVENTS_KEPT
from gnomon.reference.live.cli.options import Data, Prefix, Redis
from gnomon.reference.store.administration import MOST_RESULTS_KEPT, RESULTS_KEPT
from gnomon.reference.store.messages import MAX_ATTEMPTS, MOST_ATTEMPTS
from gnomon.specs.cli.cluster_options import DeliveryProfile
from gnomon.specs.cli.console import examples
from gnomon.specs.cli.options import HistoryOut

LogFormat = Literal["text", "json"]
LogLevel = Literal["debug", "info", "warning", "error"]


def add_to(app: typer.Typer) -> None:
    """Add the command to `app`."""
    epilog = examples(
        "gnomon serve --servers 3",
        "gnomon serve --redis redis://localhost:6379/0 --services billing.jobs",
    )
    app.command("serve", epilog=epilog)(serve)


def serve(
    redis: Redis = None,
    name: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Name of this server.  [default: host name and API port]"
        ),
    ] = None,
    workers: Annotated[
        int,
        typer.Option(metavar="W", help="Number of services that run at once.", min=1, max=1_000),
    ] = 4,
    services: Annotated[
        list[str] | None,
        typer.Option(
            metavar="MODULE",
            help="Module of services: package.module or package.module:Class; repeatable.",
        ),
    ] = None,
    http: Annotated[
        str, typer.Option(metavar="HOST:PORT", help="Address of the API, or none.")
    ] = DEFAULT_HTTP,
    auth: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Credentials file of the API; see gnomon auth."),
    ] = None,
    tls_cert: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Certificate chain of the API, PEM.  [default: HTTP]"),
    ] = None,
    tls_key: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Private key of --tls-cert, PEM, without a password."),
    ] = None,
    servers: Annotated[
        int,
        typer.Option(
            metavar="N", help="Number of servers on this machine, for a trial.", min=1, max=32
        ),
    ] = 1,
    data: Data = None,
    profile: DeliveryProfile = "durable",
    lease: Annotated[
        str,
        typer.Option(
            metavar="D",
            help="Lease duration: how long a crashed server's work stays reserved. Same on every "
            "server.",
        ),
    ] = "10s",
    max_attempts: Annotated[
        int,
        typer.Option(
            metavar="N",
            help="Attempts of a message before it is dead-lettered, if each server that has it "
            "dies; a claim counts, even if its run had not begun. Same on every server.",
            min=1,
            max=MOST_ATTEMPTS,
        ),
    ] = MAX_ATTEMPTS,
    drain: Annotated[
        str,
        typer.Option(metavar="D", help="Time limit for running services to end after a stop."),
    ] = "30s",
    keep: Annotated[
        int, typer.Option(metavar="N", help="Number of events the history keeps.", min=1_000)
    ] = EVENTS_KEPT,
    results: Annotated[
        int,
        typer.Option(
            metavar="N",
            help="Number of latest results that are kept of each job.",
            min=1,
            max=MOST_RESULTS_KEPT,
        ),
    ] = RESULTS_KEPT,
    replicas: Annotated[
        int,
        typer.Option(
            metavar="N", help="Number of replicas that must have a change before it counts.", min=0
        ),
    ] = 0,
    prefix: Prefix = "gnomon",
    history_out: HistoryOut = None,
    log: Annotated[LogFormat, typer.Option(help="Format of the log.")] = "text",
    log_level: Annotated[LogLevel, typer.Option(help="Lowest level that is logged.")] = "info",
    log_payloads: Annotated[
        bool, typer.Option("--log-payloads", help="Payloads in the log; they may hold secrets.")
    ] = False,
    log_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="File to which the log is appended; SIGHUP opens it again.  "
            "[default: standard error]",
        ),
    ] = None,
) -> None:
    """Run a server of the live cluster.

    It campaigns to lead, runs services and serves the API. SIGTERM or Ctrl-C makes it finish the
    running services and leave; a second signal ends it at once. SIGHUP opens the --log-file again.

    Exit status 0: it left in good order; 1: it did not; 2: bad input.
    """
    from gnomon.reference.live.cli.launch import ServeOptions, launch  # noqa: PLC0415

    sys.path.insert(0, "")  # modules of services may be in the current folder
    left_in_order = launch(
        ServeOptions(
            redis=redis,
            name=name,
            workers=workers,
            services=services or [],
            http=http,
            auth=auth,
            tls_cert=tls_cert,
            tls_key=tls_key,
            servers=servers,
            data=data,
            profile=profile,
            lease=lease,
            max_attempts=max_attempts,
            drain=drain,
            keep=keep,
            results=results,
            replicas=replicas,
            prefix=prefix,
            history_out=history_out,
            log=log,
            log_level=log_level,
            log_payloads=log_payloads,
            log_file=log_file,
        )
    )
    if not left_in_order:
        _end_at_once()
    raise typer.Exit


def _end_at_once() -> NoReturn:
    """End the process with status 1, although services still run.

    A normal exit waits for threads that are no daemons, such as those of ``asyncio.to_thread``.
    """
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(1)
