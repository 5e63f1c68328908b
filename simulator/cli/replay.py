"""``gnomon replay``: a recording or a history, replayed in a simulated cluster and judged."""

from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from pathlib import Path
from shlex import quote
from typing import NamedTuple

import msgspec
import typer
from msgspec.structs import replace

from gnomon.reference.events import Event
from gnomon.reference.history import History, write
from gnomon.reference.schedule.clock import write_instant
from gnomon.reference.store.messages import Profile
from gnomon.simulator.cli.observation import Observation, comparison, observation_in
from gnomon.simulator.delays import NOT_JUDGED, delays_beyond_lease, judge_replay
from gnomon.simulator.world.commands import RefusedCommand
from gnomon.simulator.world.replay import header_of, simulate
from gnomon.specs.cli import console
from gnomon.specs.cli.cluster_options import ProfileOverride, Seed, Servers, Workers
from gnomon.specs.cli.console import BadInput, examples
from gnomon.specs.cli.options import (
    AllRules,
    EndOverride,
    HistoryOut,
    Json,
    RecordedLoad,
    ReportOut,
    parse_instant,
)
from gnomon.specs.cli.verdict import exit_if_broken, verdict_parts, write_report
from gnomon.specs.recording import files
from gnomon.specs.recording.commands import ServerCommand
from gnomon.specs.recording.model import Recording
from gnomon.specs.recording.reader import RecordingError
from gnomon.specs.render import tables
from gnomon.specs.render.documents.plots import load_plots
from gnomon.specs.render.strings import counted
from gnomon.specs.render.timeline.load import load_of
from gnomon.specs.rules import Finding
from gnomon.specs.trace.summary import Summary, summarise
from gnomon.specs.trace.trace import Trace


class Replayed(NamedTuple):
    """A replay: its recording, refused commands, trace, figures, verdicts and digest."""

    recording: Recording
    refused: list[RefusedCommand]
    trace: Trace
    summary: Summary
    findings: Mapping[str, Finding]
    digest: str


def add_to(app: typer.Typer) -> None:
    """Add the command to `app`."""
    epilog = examples(
        "gnomon replay overlap",
        "gnomon replay starvation --workers 2 --history-out cured.jsonl",
        "gnomon replay history.jsonl --servers 5",
        "gnomon replay failover --report failover.html",
    )
    app.command("replay", epilog=epilog)(replay)


def replay(
    recording: RecordedLoad = None,
    servers: Servers = None,
    workers: Workers = None,
    profile: ProfileOverride = None,
    seed: Seed = None,
    until: EndOverride = None,
    history_out: HistoryOut = None,
    report: ReportOut = None,
    rules: AllRules = False,
    json: Json = False,
) -> None:
    """Replay a recording in a simulated cluster and judge it.

    A history is replayed with its own jobs and the durations of its runs, and without its faults.
    gnomon recordings lists the recordings that ship.

    Exit status 0: every rule that was exercised holds; 1: a rule is broken; 2: bad input.
    """
    if recording is None:
        way_out = "give a file, or a name that gnomon recordings lists"
        raise BadInput("RECORDING", [f"it is missing; {way_out}"])
    observation = observation_in(recording)
    chosen = load(recording) if observation is None else observation.recording
    changed = overridden(chosen, servers, workers, profile, seed, until)
    if report is not None:
        console.require_output(report, Path(recording))
    replayed = _replay(changed, history_out, Path(recording))
    if report is not None:
        title = changed.title or recording
        lead = [f"Seed {changed.seed}.", *(f"{line}." for line in _refused(replayed))]
        source = Path(recording)
        write_report(report, source, replayed.trace, replayed.findings, title, lead)
    if json:
        console.print_json(_values(replayed, observation))
    else:
        _print(replayed, observation)
        command = f"gnomon replay {quote(recording)} --rules"
        console.print_parts(*verdict_parts(replayed.findings, rules, command))
        if delays_beyond_lease(changed):
            console.print_parts(NOT_JUDGED)
        if observation is not None and observation.recording.note:
            console.print_notes([observation.recording.note])
        if history_out is None:
            console.print_parts("The history: --history-out FILE, then gnomon show FILE")
        else:
            console.print_parts(f"history written to {history_out}")
        if report is not None:
            console.print_parts(f"report written to {report}")
        console.print_parts(f"history sha256 {replayed.digest}")
    exit_if_broken(replayed.findings)


def load(name: str) -> Recording:
    """The recording that ships under `name` or that is in the file `name`. Raises BadInput."""
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
    """`recording` with the values of the options in place of its own. Raises BadInput."""
    shape = {"servers": servers, "workers": workers, "profile": profile}
    cluster = replace(recording.cluster, **{k: v for k, v in shape.items() if v is not None})
    recording = replace(recording, cluster=cluster)
    if seed is not None:
        recording = replace(recording, seed=seed)
    if until is not None:
        end = parse_instant("--until", until)
        if end <= recording.start:
            starts = write_instant(recording.start)
            raise BadInput("--until", [f"it must be later than the start, {starts}"])
        recording = replace(recording, until=end)
    unknown = [
        command.target
        for command in recording.commands
        if isinstance(command, ServerCommand)
        and command.server not in recording.cluster.server_names
    ]
    if unknown:
        problem = f"the recording has commands for {', '.join(unknown)}; use more servers"
        raise BadInput("--servers", [problem])
    return recording


def _replay(recording: Recording, history_out: Path | None, source: Path) -> Replayed:
    """Replay and judge `recording`, and write its history if that is wanted."""
    events: list[Event] = []
    output = console.open_history_output(history_out, source) if history_out else nullcontext()
    with output as file:
        with console.progress_bar("replaying", recording.start, recording.until) as bar:
            refused, span = simulate(recording, events.append, bar)
        history = History(header_of(recording, span), events)
        digest = write(history, file)
    with console.spinner("judging"):
        trace = Trace(history)
        findings = judge_replay(recording, trace)
        return Replayed(recording, refused, trace, summarise(trace), findings, digest)


def _values(replayed: Replayed, observation: Observation | None) -> dict[str, object]:
    observed = {} if observation is None else {"observed": msgspec.to_builtins(observation.summary)}
    return {
        **msgspec.to_builtins(replayed.summary),
        "refused_commands": [
            {"at": command.at, "do": command.do, "target": command.target, "why": why}
            for command, why in replayed.refused
        ],
        "rules": tables.findings_as_values(replayed.findings),
        "history_sha256": replayed.digest,
        **observed,
    }


def _shape(replayed: Replayed) -> Iterator[str]:
    """The shape of the cluster with its seed, and the commands that were refused."""
    recording, cluster = replayed.recording, replayed.recording.cluster
    yield (
        f"{counted(recording.job_count, 'job')}, {counted(cluster.servers, 'server')} × "
        f"{counted(cluster.workers, 'worker')}, seed {recording.seed}"
    )
    yield from _refused(replayed)


def _refused(replayed: Replayed) -> Iterator[str]:
    for command, why in replayed.refused:
        at, what = write_instant(command.at), f"{command.do} {command.target}"
        yield f"refused at {at}: {what}: {why}"


def _print(replayed: Replayed, observation: Observation | None) -> None:
    """Print the title, the shape of the cluster, the refused commands and the figures."""
    recording = replayed.recording
    if recording.title:
        console.print_parts(recording.title)
    begins, ends = write_instant(recording.start), write_instant(recording.until)
    console.print_parts(f"{begins} to {ends} ({tables.span(recording.until - recording.start)})")
    console.print_parts(*_shape(replayed))
    for table in tables.figures(replayed.summary):
        console.print_parts("", table)
    if (width := console.width()) is not None:
        load = load_plots(load_of(replayed.trace), recording.start, recording.until, width)
        console.print_parts(*([""] if load else []), *load)
    if observation is not None:
        console.print_parts("", comparison(observation.summary, replayed.summary))
