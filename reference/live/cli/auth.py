"""``gnomon auth``: the lines of the file that says who may use the API.

The one idea: a line goes to standard output and a secret never does, so that what was printed can
be appended to the file as it is. No secret is an argument: other users could read it while the
command runs.
"""

import sys
from typing import Annotated

import typer

from gnomon.reference.live.api.credentials import hash_password, new_token
from gnomon.specs.cli import console
from gnomon.specs.cli.console import BadInput

LONGEST_PASSWORD = 4 * 2**10
"""Bytes of a line that is read."""

Name = Annotated[
    str, typer.Argument(metavar="NAME", help="Who it is: printable ASCII, no space and no colon.")
]


def add_to(app: typer.Typer) -> None:
    """Add these commands to `app`."""
    group = typer.Typer(
        no_args_is_help=True,
        help="Make the lines of the file that gnomon serve --auth reads.",
    )
    group.command("password")(password)
    group.command("token")(token)
    app.add_typer(group, name="auth")


def password(name: Name) -> None:
    """Print the line for a name and a password.

    The password is asked for twice on a terminal, else it is one line of standard input. The line
    holds its hash, from which nothing leads back to it.

    gnomon auth password ann >> credentials
    """
    try:
        line = hash_password(name, _read_password())
    except ValueError as error:
        raise BadInput("NAME or password", [str(error)]) from None
    console.say_text(f"{line}\n")


def token(name: Name) -> None:
    """Print the line for a new token, and on standard error the token.

    gnomon auth token ci >> credentials
    """
    try:
        made, line = new_token(name)
    except ValueError as error:
        raise BadInput("NAME", [str(error)]) from None
    console.say_text(f"{line}\n")
    console.say_aside(
        [
            f"The token: {made}",
            "It is shown this once and kept nowhere. Who has it may do everything: keep it safe.",
        ]
    )


def _read_password() -> str:
    """The password, from a person or from a pipe. Raises BadInput."""
    where = "standard input"
    if sys.stdin is None:
        raise BadInput(where, ["it is closed, and the password is read from it"])
    if sys.stdin.isatty():
        asked: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
        return asked
    line = sys.stdin.buffer.readline(LONGEST_PASSWORD + 1)
    if len(line) > LONGEST_PASSWORD:
        raise BadInput(where, [f"a password has at most {LONGEST_PASSWORD} bytes"])
    try:
        return line.rstrip(b"\r\n").decode()
    except UnicodeDecodeError as error:
        problem = f"a password must be UTF-8; byte {error.start} is not"
        raise BadInput(where, [problem]) from None
