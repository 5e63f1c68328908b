"""The command ``gnomon``: all subcommands, and the errors of a command line."""

from typing import Annotated

import typer

from gnomon.lazy import LazyGroup
from gnomon.plain_values import keep_plain_values
from gnomon.specs.cli.console import examples
from gnomon.start import print_version, require_zone_database
from gnomon.usage import print_usage_error

keep_plain_values()  # before any command is made: importing pydantic takes longer than most

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
        print_version()
        raise typer.Exit


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
    require_zone_database()  # reports a GNOMON_TZDATA that names no database before anything runs


def run() -> int:
    """Run what the command line names; the exit status. Raises BadInput."""
    try:
        status: int | None = app(prog_name="gnomon", standalone_mode=False)
    except typer.Abort:  # Ctrl-C or Ctrl-D at a prompt
        return 1
    except typer.TyperException as error:
        print_usage_error(error)
        return 2
    return status or 0
