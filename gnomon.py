"""The command ``gnomon``: joins what the packages can do, and turns bad input into exit 2."""

import os
import sys
from importlib.metadata import version
from typing import Annotated

import typer

import simulator.commands
import specs.commands
from specs.console import BadInput, say_faults

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _say_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"gnomon {version('gnomon')}")
        raise typer.Exit


@app.callback()
def gnomon(
    _: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Which gnomon.")
    ] = False,
) -> None:
    """The fixed thing by which job schedulers are measured.

    Replay recorded schedules in a simulated cluster, judge the histories of any scheduler by rules
    with ids, and see when a definition is due.
    """


simulator.commands.add_to(app)
specs.commands.add_to(app)


def main() -> None:
    """Run the command; the console script."""
    try:
        app()
    except BadInput as error:
        say_faults(error)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:  # whoever read the output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


if __name__ == "__main__":
    main()
