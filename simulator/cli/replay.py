"""``gnomon replay``: a recording, or a history once more, in a simulated cluster, and judged."""

from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from msgspec.structs import replace

from gnomon.reference.events import Event
from gnomon.reference.history import History, Writer
from gnomon.reference.schedule.clock import read_instant, write_instant
from gnomon.reference.store.messages import Profile
from gnomon.simulator.cli.explore import explore
from gnomon.simulator.cli.fuzz import fuzz
from gnomon.simulator.cli.observed import compared, observed_in
from gnomon.simulator.world.commands import RefusedCommand
from gnomon.simulator.world.replay import header_of, simulate
from gnomon.specs.cli import console
from gnomon.specs.cli.console import BadInput
from gnomon.specs.recording import files
from gnomon.specs.recording.commands import ServerCommand
from gnomon.specs.recording.model import (
    LARGEST_SEED,
    MOST_SERVERS,
    MOST_WORKERS,
    Recording,
)
from gnomon.specs.recording.reader import RecordingError
from gnomon.specs.render import tables
from gnomon.specs.rules import Finding, judge_trace
from gnomon.specs.trace.summary import Summary, summarise
from gnomon.specs.trace.trace import Trace


def add_to(app: typer.Typer) -> None:
    """Add the simulator's commands to `app`."""
    app.command("replay")(replay)
    app.command("fuzz")(fuzz)
    app.command("explore")(explore)


def replay(
    recording: Annotated[
        str | None,
        typer.Argument(
            metavar="RECORDING",
            help="The name of a recording that ships, or a file: a recording, or a history to be "
            "replayed with its durations. Without it, those that ship are listed.",
        ),
    ] = None,
    servers: Annotated[
        int | None,
        typer.Option(metavar="N", help="So many servers instead.", min=1, max=MOST_SERVERS),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(metavar="W", help="Workers of each server.", min=1, max=MOST_WORKERS),
    ] = None,
    profile: Annotated[
        Profile | None, typer.Option(help="How messages are delivered instead.")
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(metavar="S", help="Seed of all chance.", min=0, max=LARGEST_SEED),
    ] = None,
    until: Annotated[
        str | None, typer.Option(metavar="T", help="End, such as 2026-01-31T00:00:00Z.")
    ] = None,
    history: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the history, as JSON lines.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Answer in JSON, for machines.")] = False,
) -> None:
    """Replay a recorded schedule and judge what happened.

    The cluster is simulated; the options take the place of what the recording says of it.

    Exit status 0: every rule that was exercised holds; 1: one is broken; 2: bad input.
    """
    if recording is None:
        list_recordings(json)
        return
    observed = observed_in(recording)
    wanted = load(recording) if observed is None else observed.recording
    replayed = overridden(wanted, servers, workers, profile, seed, until)
    events: list[Any] = []
    header = header_of(replayed)
    with console.written_file(history, Path(recording)) if history else nullcontext() as file:
        writer = Writer(header, file)

        def record(event: Event) -> None:
            events.append(event)
            writer.record(event)

        with console.progress("replaying", replayed.start, replayed.until) as bar:
            refused = simulate(replayed, record, bar)
        digest = writer.close()
    with console.working("judging"):
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
                "rules": tables.findings_as_values(findings),
                "history_sha256": digest,
                **({} if observed is None else {"observed": msgspec.to_builtins(observed.summary)}),
            }
        )
    else:
        say(replayed, refused, summary, findings, observed and observed.summary)
        console.say_aside([observed.recording.note] if observed and observed.recording.note else [])
        console.say(*([f"history written to {history}"] if history else []))
        console.say(f"history sha256 {digest}")
    if any(finding.violations for finding in findings.values()):
        raise typer.Exit(1)


def load(name: str) -> Recording:
    """The recording of that name. Raises BadInput."""
    try:
        return files.load(name)
    except RecordingError as error:
        raise BadInput(name, error.faults) from None


def overridden(
    recording: Recording,
    servers: int | None,
    workers: int | None,
    profile: Profile | None,
    seed: int | None,
    until: str | None,
) -> Recording:
    """`recording` with what was asked for in its place. Raises BadInput."""
    shape = {"servers": servers, "workers": workers, "profile": profile}
    cluster = replace(recording.cluster, **{k: v for k, v in shape.items() if v is not None})
    recording = replace(recording, cluster=cluster)
    if seed is not None:
        recording = replace(recording, seed=seed)
    if until is not None:
        try:
            end = read_instant(until)
        except ValueError as error:
            raise BadInput("--until", [f"{error}; given was {until!r}"]) from None
        if end <= recording.start:
            starts = write_instant(recording.start)
            raise BadInput("--until", [f"it must be later than the start, {starts}"])
        recording = replace(recording, until=end)
    unknown = [
        c.target
        for c in recording.commands
        if isinstance(c, ServerCommand) and c.server not in recording.cluster.server_names
    ]
    if unknown:
        problem = f"the recording's commands speak of {', '.join(unknown)}; use more servers"
        raise BadInput("--servers", [problem])
    return recording


def list_recordings(json: bool) -> None:
    """Say which recordings ship."""
    shipped = {name: files.load(name) for name in files.names()}
    if json:
        told = (
            {
                "name": name,
                "title": r.title,
                "jobs": r.job_count,
                "from": write_instant(r.start),
                "until": write_instant(r.until),
            }
            for name, r in shipped.items()
        )
        console.say_json(list(told))
        return
    listing = tables.table("recording", "jobs", "span", "what it shows", right=("jobs", "span"))
    for name, r in shipped.items():
        listing.add_row(name, str(r.job_count), tables.span(r.until - r.start), r.title)
    console.say(
        listing, "\nReplay one: gnomon replay overlap", "Or your own: gnomon replay FILE.toml"
    )


def say(
    recording: Recording,
    refused: list[RefusedCommand],
    summary: Summary,
    findings: Mapping[str, Finding],
    observed: Summary | None,
) -> None:
    """Say to people what came of a replay, beside what was `observed` of the same recording."""
    cluster = recording.cluster
    if recording.title:
        console.say(recording.title)
    begins, ends = write_instant(recording.start), write_instant(recording.until)
    console.say(f"{begins} to {ends} ({tables.span(recording.until - recording.start)})")
    console.say(
        f"{console.counted(recording.job_count, 'job')}, "
        f"{console.counted(cluster.servers, 'server')} × "
        f"{console.counted(cluster.workers, 'worker')}, seed {recording.seed}"
    )
    for command, why in refused:
        at, what = write_instant(command.at), f"{command.do} {command.target}"
        console.say(f"refused at {at}: {what}: {why}")
    for part in tables.figures(summary):
        console.say("", part)
    if observed is not None:
        console.say("", compared(observed, summary))
    console.say("", *tables.verdicts(findings), "")
