"""The credentials of a client: a name with a password, or a token.

The one idea: a secret comes from the environment or from a file, never from an option. Every user
of the machine can read the command line of a running process, and a shell keeps it.
"""

import base64
import os
import re
from pathlib import Path

from gnomon.specs.cli import console
from gnomon.specs.cli.console import BadInput

ENVIRONMENT = ("GNOMON_USER", "GNOMON_PASSWORD", "GNOMON_TOKEN")
HOW_TO_LOG_IN = "set GNOMON_TOKEN, or GNOMON_USER and GNOMON_PASSWORD, or give a file with --login"

LARGEST_FILE = 2**20
"""Bytes of the file that ``--login`` names."""

_TOKEN = re.compile(r"[!-~]{1,1000}")


def authorization_from(file: Path | None) -> str | None:
    """The Authorization header of a request, from `file`, or without one from the environment.

    None if there are no credentials. Raises BadInput, which repeats no secret.
    """
    where = ", ".join(ENVIRONMENT) if file is None else str(file)
    try:
        return _from_environment() if file is None else _from_file(file)
    except ValueError as error:
        raise BadInput(where, [str(error)]) from None


def read_text(file: Path, largest: int) -> str:
    """The text in a file of at most `largest` bytes. Raises BadInput."""
    try:
        return console.read_file(file, largest).decode()
    except UnicodeDecodeError as error:
        raise BadInput(str(file), [f"it must be UTF-8; byte {error.start} is not"]) from None


def _from_environment() -> str | None:
    name, password, token = (os.environ.get(variable, "") for variable in ENVIRONMENT)
    if not (name or password or token):
        return None
    if token and (name or password):
        raise ValueError("set either a name and a password, or a token, not both")
    return _bearer(token) if token else _basic(name, password)


def _from_file(file: Path) -> str:
    line, _, more = read_text(file, LARGEST_FILE).partition("\n")
    if more:
        raise ValueError("it has more than one line; it must be a token or NAME:PASSWORD")
    name, colon, password = line.removesuffix("\r").partition(":")
    return _basic(name, password) if colon else _bearer(name)


def _basic(name: str, password: str) -> str:
    """HTTP Basic, in UTF-8 as the server's challenge says."""
    if not name or ":" in name or not password:
        raise ValueError("it needs a name without a colon, and a password")
    try:
        pair = f"{name}:{password}".encode()
    except UnicodeEncodeError:
        raise ValueError("a name and a password must be text that UTF-8 can encode") from None
    return f"Basic {base64.b64encode(pair).decode()}"


def _bearer(token: str) -> str:
    if not _TOKEN.fullmatch(token):
        raise ValueError("a token is printable ASCII without spaces")
    return f"Bearer {token}"
