"""``gnomon cluster``: shows the cluster of a running server, pauses and resumes it."""

import typer

from gnomon.reference.live.cli.cluster_tables import cluster_tables, pause_notes
from gnomon.reference.live.cli.connected import Login, Server, connected
from gnomon.reference.live.cli.options import DEFAULT_SERVER
from gnomon.specs.cli import console
from gnomon.specs.cli.console import examples
from gnomon.specs.cli.options import Json

_HELP = """Show the cluster of a running server, pause it and resume it.

A paused cluster publishes nothing as planned, whichever server leads, until it is resumed; then
each job's misfire policy decides what becomes of the occurrences that were due meanwhile. Runs on
demand go on, and so do messages that were published before.

gnomon jobs --help describes how to log in.

Exit status 0: done; 2: bad input, or the server refused.
"""


def add_to(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    group = typer.Typer(
        invoke_without_command=True,
        callback=show,
        help=_HELP,
        epilog=examples("gnomon cluster", "gnomon cluster --json", "gnomon cluster pause"),
    )
    for name, command, example in (
        ("pause", pause, "gnomon cluster pause"),
        ("resume", resume, "gnomon cluster resume"),
    ):
        group.command(name, epilog=examples(example))(command)
    app.add_typer(group, name="cluster")


def show(
    context: typer.Context,
    server: Server = DEFAULT_SERVER,
    login: Login = None,
    json: Json = False,
) -> None:
    """Show the servers, the leader, the store and the numbers of messages."""
    if context.invoked_subcommand is not None:
        return
    with connected(server, login) as client:
        found = client.cluster()
    if json:
        console.print_json(found)
    else:
        console.print_parts(*cluster_tables(found))


def pause(server: Server = DEFAULT_SERVER, login: Login = None, json: Json = False) -> None:
    """Publish nothing as planned until the cluster is resumed."""
    with connected(server, login) as client:
        found = client.pause_cluster()
    if json:
        console.print_json(found)
    else:
        console.print_parts(*pause_notes(found))


def resume(server: Server = DEFAULT_SERVER, login: Login = None, json: Json = False) -> None:
    """Publish as planned again.

    What was due meanwhile is a misfire: the policy of its job decides what becomes of it.
    """
    with connected(server, login) as client:
        found = client.resume_cluster()
    if json:
        console.print_json(found)
    else:
        console.print_parts("the cluster is resumed")
