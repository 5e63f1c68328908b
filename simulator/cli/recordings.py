"""``gnomon recordings``: the recordings that ship."""

import typer

from gnomon.reference.schedule.clock import write_instant
from gnomon.specs.cli import console
from gnomon.specs.cli.console import examples
from gnomon.specs.cli.options import Json
from gnomon.specs.recording import files
from gnomon.specs.render import tables


def add_to(app: typer.Typer) -> None:
    """Add the command to `app`."""
    epilog = examples("gnomon recordings")
    app.command("recordings", epilog=epilog)(recordings)


def recordings(json: Json = False) -> None:
    """List the recordings that ship with Gnomon."""
    shipped = {name: files.load(name) for name in files.names()}
    if json:
        values = [
            {
                "name": name,
                "title": recording.title,
                "jobs": recording.job_count,
                "from": write_instant(recording.start),
                "until": write_instant(recording.until),
            }
            for name, recording in shipped.items()
        ]
        console.print_json(values)
        return
    listing = tables.table("recording", "jobs", "span", "what it shows", right=("jobs", "span"))
    for name, recording in shipped.items():
        span = tables.span(recording.until - recording.start)
        listing.add_row(name, str(recording.job_count), span, recording.title)
    console.print_parts(listing, "", "Replay one: gnomon replay overlap")
    console.print_parts("Replay your own: gnomon replay FILE.toml")
