"""The command ``gnomon``: all subcommands, and the errors of a command line."""

import os
import sys
from importlib.metadata import version
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated

import typer

from gnomon.lazy import LazyGroup
from gnomon.reference.schedule.zones import DIRECTORY_VARIABLE, ZoneDatabaseError, zone_database
from gnomon.specs.cli.console import BadInput, print_faults, print_text
from gnomon.specs.cli.options import examples
from gnomon.usage import print_usage_error

app = typer.Typer(
    cls=LazyGroup,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=examples("gnomon replay overlap", "gnomon next '0 12 * * MON-FRI'", "gnomon serve"),
)


def _print_version(wanted: bool) -> None:
    if wanted:
        print_text(f"gnomon {version('gnomon')}, tzdata {_zone_database()}\n")
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
        typer.Option("--version", callback=_print_version, is_eager=True, help="Version number."),
    ] = False,
) -> None:
    """An executable specification of job schedulers.

    Replay recorded schedules in a simulated cluster, judge the histories of any scheduler by rules
    with ids, compute when a definition is due, and run a cluster of schedulers.
    """
    _zone_database()  # reports a GNOMON_TZDATA that names no database before anything runs


def main() -> None:
    """Run the command; the console script. Bad input ends it with status 2 and no traceback."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # the parent process closed it
            setattr(sys, name, Path(os.devnull).open("w"))  # noqa: SIM115
    if isinstance(sys.stdout, TextIOWrapper):
        # Files and pipes get UTF-8, as the formats require; a terminal keeps its own encoding.
        encoding = None if sys.stdout.isatty() else "utf-8"
        sys.stdout.reconfigure(encoding=encoding, errors="backslashreplace")
    try:
        status = app(prog_name="gnomon", standalone_mode=False)
    except BadInput as error:
        print_faults(error)
        status = 2
    except typer.Abort:  # Ctrl-C or Ctrl-D at a prompt
        status = 1
    except typer.TyperException as error:
        print_usage_error(error)
        status = 2
    sys.exit(status)
