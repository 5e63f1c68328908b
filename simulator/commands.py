"""``gnomon replay``: a recording in a simulated cluster, with a verdict rule by rule."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Annotated, Any

import msgspec
import typer
from msgspec.structs import replace

from reference.clock import read_instant, write_instant
from reference.events import Event
from reference.history import History, Writer
from simulator.operator import RefusedCommand
from simulator.replay import header_of, simulate
from specs import console, shelf
from specs.reader import RecordingError
from specs.recording import MOST_SERVERS, MOST_WORKERS, ON_SERVERS, Recording
from specs.rules import Finding, judge_trace
from specs.summary import Summary, summarise
from specs.trace import Trace


def add_to(app: typer.Typer) -> None:
    """Add the simulator's commands to `app`."""
    app.command("replay")(replay)


def replay(
    recording: Annotated[
        str | None,
        typer.Argument(help="A recording's file, or the name of one that ships; none: list those."),
    ] = None,
    servers: Annotated[
        int | None,
        typer.Option(help="Servers instead of the recording's.", min=1, max=MOST_SERVERS),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(help="Workers a server instead.", min=1, max=MOST_WORKERS)
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Seed instead of the recording's.", min=0)
    ] = None,
    until: Annotated[
        str | None, typer.Option(help="End instead, as in 2026-01-31T00:00:00Z.")
    ] = None,
    history: Annotated[
        Path | None, typer.Option(help="Write the history to this file, as JSON lines.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Replay a recorded schedule in a simulated cluster and judge what happened.

    Exit 0 if every rule that was exercised holds, 1 if one is broken, 2 if the input is bad.
    """
    if recording is None:
        list_recordings(json)
        return
    replayed = overridden(load(recording), servers, workers, seed, until)
    events: list[Any] = []
    header = header_of(replayed)
    with opened(history) as file:
        writer = Writer(header, file)

        def record(event: Event) -> None:
            events.append(event)
            writer.record(event)

        with console.progress("replaying", replayed.start, replayed.until) as bar:
            refused = simulate(replayed, record, bar)
        digest = writer.close()
    trace = Trace(History(header, events))
    findings = judge_trace(trace)
    summary = summarise(trace)
    if json:
        console.say_json(
            {
                **msgspec.to_builtins(summary),
                "refused_commands": [
                    {"at": c.at, "do": c.do, "target": c.target, "why": why} for c, why in refused
                ],
                "rules": console.findings_as_values(findings),
                "history_sha256": digest,
            }
        )
    else:
        say(replayed, refused, summary, findings)
        where = f" in {history}" if history else ""
        console.console().print(f"history sha256 {digest}{where}")
    if any(finding.violations for finding in findings.values()):
        raise typer.Exit(1)


def load(name: str) -> Recording:
    """The recording of that name. Raises BadInput."""
    try:
        return shelf.load(name)
    except RecordingError as error:
        raise console.BadInput(name, error.faults) from None


def overridden(
    recording: Recording,
    servers: int | None,
    workers: int | None,
    seed: int | None,
    until: str | None,
) -> Recording:
    """`recording` with what was asked for in its place. Raises BadInput."""
    shape = {"servers": servers, "workers": workers}
    cluster = replace(recording.cluster, **{k: v for k, v in shape.items() if v is not None})
    recording = replace(recording, cluster=cluster)
    if seed is not None:
        recording = replace(recording, seed=seed)
    if until is not None:
        try:
            end = read_instant(until)
        except ValueError as error:
            raise console.BadInput("--until", [f"{error}; given was {until!r}"]) from None
        if end <= recording.start:
            starts = write_instant(recording.start)
            raise console.BadInput("--until", [f"it must be later than the start, {starts}"])
        recording = replace(recording, until=end)
    unknown = [
        c.target
        for c in recording.commands
        if c.do in ON_SERVERS and c.target not in recording.cluster.server_names
    ]
    if unknown:
        problem = f"the recording's commands speak of {', '.join(unknown)}; use more servers"
        raise console.BadInput("--servers", [problem])
    return recording


@contextmanager
def opened(path: Path | None) -> Iterator[IO[bytes] | None]:
    """The file to write a history to; it takes its name only when it is whole. Raises BadInput."""
    if path is None:
        yield None
        return
    part = path.with_name(path.name + ".part")
    try:
        with part.open("wb") as file:
            yield file
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise console.BadInput(str(path), [f"cannot be written: {error.strerror}"]) from None


def list_recordings(json: bool) -> None:
    """Say which recordings ship."""
    shipped = {name: shelf.load(name) for name in shelf.names()}
    if json:
        told = (
            {
                "name": name,
                "title": r.title,
                "jobs": len(r.jobs),
                "from": write_instant(r.start),
                "until": write_instant(r.until),
            }
            for name, r in shipped.items()
        )
        console.say_json(list(told))
        return
    listing = console.table("recording", "jobs", "span", "what it shows", right=("jobs", "span"))
    for name, r in shipped.items():
        listing.add_row(name, str(len(r.jobs)), console.span(r.until - r.start), r.title)
    out = console.console()
    out.print(listing)
    out.print("\nReplay one with: gnomon replay NAME, or your own with: gnomon replay FILE.toml")


def say(
    recording: Recording,
    refused: list[RefusedCommand],
    summary: Summary,
    findings: Mapping[str, Finding],
) -> None:
    """Say to people what came of a replay."""
    out = console.console()
    cluster = recording.cluster
    if recording.title:
        out.print(recording.title)
    out.print(
        f"{write_instant(recording.start)} to {write_instant(recording.until)} "
        f"({console.span(recording.until - recording.start)}), {len(recording.jobs)} jobs, "
        f"{cluster.servers} servers × {cluster.workers} workers, seed {recording.seed}"
    )
    for part in console.figures(summary):
        out.print()
        out.print(part)
    out.print()
    for verdict in console.verdicts(findings):
        out.print(verdict)
    for command, why in refused:
        at, what = write_instant(command.at), f"{command.do} {command.target}"
        out.print(f"refused at {at}: {what}: {why}")
