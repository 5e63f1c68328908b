"""The options and questions of commands that use the API of a running server, and the connection.

The one idea: a command opens a connection once, and every error of it is reported as bad input.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gnomon.reference.live.cli.login import HOW_TO_LOG_IN, authorization_from
from gnomon.specs.cli import console
from gnomon.specs.cli.console import BadInput

if TYPE_CHECKING:
    from gnomon.reference.live.cli.client import Client

CA_VARIABLE = "GNOMON_CA_FILE"
_given_ca_file: ContextVar[Path | None] = ContextVar("ca_file", default=None)

Server = Annotated[
    str,
    typer.Option("--server", metavar="URL", envvar="GNOMON_SERVER", help="URL of the API."),
]
Login = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="File with one line: a token, or NAME:PASSWORD."),
]
CaFile = Annotated[
    Path | None,
    typer.Option(
        "--ca-file",
        metavar="FILE",
        envvar=CA_VARIABLE,
        help="Trusted authorities of an https:// server, PEM.  [default: the system's]",
    ),
]
Yes = Annotated[bool, typer.Option("--yes", help="No confirmation.")]


def take_ca_file(ca_file: CaFile = None) -> None:
    """For a group of commands: its option --ca-file, which `connected` uses."""
    _given_ca_file.set(ca_file)


def _ca_file() -> Path | None:
    """The file that --ca-file names before the command, or else the environment."""
    from_environment = os.environ.get(CA_VARIABLE)
    return _given_ca_file.get() or (Path(from_environment) if from_environment else None)


@contextmanager
def connected(server: str, login: Path | None, option: str = "--server") -> Iterator["Client"]:
    """A client of the API at the URL `server`, which `option` gave; errors become BadInput."""
    # The HTTP library takes a third of the time in which any command starts.
    from gnomon.reference.live.cli.client import Client, Failed  # noqa: PLC0415

    authorization = authorization_from(login)
    ca = _ca_file()
    try:
        client = Client(server, authorization, ca)
    except OSError as error:  # before ValueError: an error of ssl is both
        fault = f"{ca} cannot be used: {error.strerror or 'it has no certificate in PEM format'}"
        raise BadInput(f"--ca-file, {CA_VARIABLE}", [fault]) from None
    except ValueError as error:
        raise BadInput(option, [str(error)]) from None
    try:
        with client:
            yield client
    except Failed as error:
        advice = [HOW_TO_LOG_IN] if error.status == HTTPStatus.UNAUTHORIZED else []
        raise BadInput(server, [*error.faults, *advice]) from None


def refuse_without_terminal(yes: bool, done: str) -> None:
    """Raise BadInput if a confirmation is needed and there is no terminal to ask at."""
    if not yes and not (sys.stdin and sys.stdin.isatty()):
        problem = f"there is no terminal to ask at; with --yes {done} without asking"
        raise BadInput("--yes", [problem])


def confirms(question: str) -> bool:
    """Whether the user answers yes; the question does not mix with standard output."""
    console.print_notes([question])
    return sys.stdin.readline().strip().lower() in ("y", "yes")
