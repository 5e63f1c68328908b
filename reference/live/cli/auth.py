"""``gnomon auth``: prints lines for the credentials file of the API.

The one idea: standard output holds the line and never a secret, so that it can be appended to the
file. No secret is an argument: other users could read it while the command runs.
"""

import sys
from typing import Annotated

import typer

from gnomon.reference.live.api.access.credentials import hash_password, new_token
from gnomon.reference.live.api.access.roles import Role
from gnomon.specs.cli import console
from gnomon.specs.cli.console import BadInput, examples

LONGEST_PASSWORD = 4 * 2**10
"""Bytes of a password on standard input."""

Name = Annotated[
    str,
    typer.Argument(metavar="NAME", help="Name: printable ASCII without spaces and colons."),
]


RoleOption = Annotated[
    Role,
    typer.Option(
        "--role",
        help="What it permits: read sees everything; operate also runs, activates and deactivates "
        "jobs; admin also creates, changes and deletes them.",
    ),
]


def add_to(app: typer.Typer) -> None:
    """Add these commands to `app`."""
    group = typer.Typer(
        no_args_is_help=True,
        help="Print lines for the credentials file of gnomon serve.",
    )
    group.command("password", epilog=examples("gnomon auth password ann >> credentials"))(password)
    group.command("token", epilog=examples("gnomon auth token ci --role operate >> credentials"))(
        token
    )
    app.add_typer(group, name="auth")


def password(name: Name, role: RoleOption = "admin") -> None:
    """Print the line for a name and a password.

    At a terminal the command asks for the password twice, else it reads one line of standard input.
    The printed line holds a hash of the password.
    """
    try:
        line = hash_password(name, _read_password(), role)
    except ValueError as error:
        raise BadInput("NAME or password", [str(error)]) from None
    console.print_text(f"{line}\n")


def token(name: Name, role: RoleOption = "admin") -> None:
    """Print the line for a new token.

    The token itself goes to standard error.
    """
    try:
        made, line = new_token(name, role)
    except ValueError as error:
        raise BadInput("NAME", [str(error)]) from None
    console.print_text(f"{line}\n")
    console.print_notes(
        [
            f"The token: {made}",
            f"Copy it now, it is not stored. It gives the role {role}: keep it secret.",
        ]
    )


def _read_password() -> str:
    """The password, from a terminal or from a pipe. Raises BadInput."""
    where = "standard input"
    if sys.stdin is None:
        raise BadInput(where, ["it is closed; the password must be a line of it"])
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
