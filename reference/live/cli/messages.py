"""``gnomon messages``: lists, shows, drops and puts back the messages of a running server."""

from typing import Annotated

import typer

from gnomon.reference.live.cli.connected import (
    Login,
    Server,
    Yes,
    confirms,
    connected,
    refuse_without_terminal,
    take_ca_file,
)
from gnomon.reference.live.cli.options import DEFAULT_SERVER
from gnomon.reference.live.cli.tables import message_table, messages_table
from gnomon.reference.store.kept_messages import MessageState
from gnomon.specs.cli import console
from gnomon.specs.cli.console import examples
from gnomon.specs.cli.options import Json

Message = Annotated[
    int, typer.Argument(metavar="NUMBER", help="Number of a message.", min=1, max=2**53)
]

_HELP = """List, drop and put back the messages of a running server.

A message is waiting, held by a worker, or dead: it could not be read, or each server that had it
died, --max-attempts times. A dead message is not run, unless it is put back; one that could not be
read can only be dropped. A held message can be neither dropped nor put back.

gnomon jobs --help describes how to log in.

Exit status 0: done; 1: you declined; 2: bad input, or the server refused.
"""


def add_to(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    group = typer.Typer(no_args_is_help=True, help=_HELP, callback=take_ca_file)
    for name, command, example in (
        ("list", list_messages, "gnomon messages list --state dead"),
        ("show", show, "gnomon messages show 17"),
        ("drop", drop, "gnomon messages drop 17 --yes"),
        ("put-back", put_back, "gnomon messages put-back 17"),
    ):
        group.command(name, epilog=examples(example))(command)
    app.add_typer(group, name="messages")


def list_messages(
    state: Annotated[MessageState, typer.Option(help="State of the messages.")] = "dead",
    server: Server = DEFAULT_SERVER,
    login: Login = None,
    json: Json = False,
) -> None:
    """List the messages in a state, by number."""
    with connected(server, login) as client:
        found = client.messages(state)
    if json:
        console.print_json(found)
    else:
        console.print_parts(messages_table(found) if found else f"no message is {state}")


def show(
    message: Message, server: Server = DEFAULT_SERVER, login: Login = None, json: Json = False
) -> None:
    """Show a message, with its payload."""
    with connected(server, login) as client:
        found = client.message(message)
    if json:
        console.print_json(found)
    else:
        console.print_parts(message_table(found))


def drop(
    message: Message,
    yes: Yes = False,
    server: Server = DEFAULT_SERVER,
    login: Login = None,
    json: Json = False,
) -> None:
    """Drop a waiting or dead message, after a confirmation."""
    refuse_without_terminal(yes, "the message is dropped")
    with connected(server, login) as client:
        found = client.message(message)
        if not yes and not confirms(f"Drop message {message} of job {found.job or '?'}? [y/N]"):
            console.print_notes(["nothing was dropped"])
            raise typer.Exit(1)
        client.drop_message(message)
    if json:
        console.print_json(found)
    else:
        console.print_parts(f"dropped message {message}; it is never run")


def put_back(
    message: Message, server: Server = DEFAULT_SERVER, login: Login = None, json: Json = False
) -> None:
    """Let a dead message wait for a worker again."""
    with connected(server, login) as client:
        found = client.message(message)
        client.put_back_message(message)
    if json:
        console.print_json(found)
    else:
        console.print_parts(f"put message {message} back; it waits for a worker")
