"""The command ``gnomon``: joins what the packages can do, and turns bad input into exit 2."""

import os
import sys
from importlib.metadata import version
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated

import typer

from gnomon.reference.live.cli import auth, jobs, serve
from gnomon.reference.schedule.zones import DIRECTORY_VARIABLE, ZoneDatabaseError, zone_database
from gnomon.simulator.cli import replay
from gnomon.specs.cli import check
from gnomon.specs.cli.console import BadInput, say_faults, say_text

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _say_version(wanted: bool) -> None:
    if wanted:
        say_text(f"gnomon {version('gnomon')}, tzdata {_zone_database()}\n")
        raise typer.Exit


def _zone_database() -> str:
    try:
        return zone_database()
    except ZoneDatabaseError as error:
        raise BadInput(DIRECTORY_VARIABLE, [str(error)]) from None


@app.callback()
def gnomon(
    _: Annotated[
        bool,
        typer.Option("--version", callback=_say_version, is_eager=True, help="Say which gnomon."),
    ] = False,
) -> None:
    """The fixed thing by which job schedulers are measured.

    Replay recorded schedules in a simulated cluster, judge the histories of any scheduler by rules
    with ids, and see when a definition is due.
    """
    _zone_database()  # a GNOMON_TZDATA that names no database is reported before anything runs


replay.add_to(app)
check.add_to(app)
serve.add_to(app)
jobs.add_to(app)
auth.add_to(app)


def main() -> None:
    """Run the command; the console script."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started us
            setattr(sys, name, Path(os.devnull).open("w"))  # noqa: SIM115
    if isinstance(sys.stdout, TextIOWrapper):
        # Into files and pipes goes UTF-8, which the formats ask for; a terminal has its own.
        encoding = None if sys.stdout.isatty() else "utf-8"
        sys.stdout.reconfigure(encoding=encoding, errors="backslashreplace")
    try:
        app(prog_name="gnomon")
    except BadInput as error:
        say_faults(error)
        sys.exit(2)
