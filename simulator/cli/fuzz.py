"""``gnomon fuzz``: replays random recordings, on all cores or a cluster, in search of broken rules.

The one idea: standard output depends on the seeds alone. Standard error names the machines and the
speed.
"""

import math
from contextlib import ExitStack, closing
from pathlib import Path
from shlex import quote
from typing import Annotated

import typer
from msgspec.structs import replace
from rich.text import Text

from gnomon.reference.schedule.clock import MINUTE, SECOND
from gnomon.reference.store.messages import Profile
from gnomon.simulator.cli.fuzz_report import USUAL_RUNS, Found, Report, report_parts, report_values
from gnomon.simulator.cli.originals import load_originals
from gnomon.simulator.cli.replay import load
from gnomon.simulator.delays import NOT_JUDGED, delays_beyond_lease
from gnomon.simulator.fuzz import canary
from gnomon.simulator.fuzz.determinism import difference, pairs
from gnomon.simulator.fuzz.explain import story_of
from gnomon.simulator.fuzz.judge import run_trial
from gnomon.simulator.fuzz.liveness import why_unjudged
from gnomon.simulator.fuzz.picture import story_page
from gnomon.simulator.fuzz.reachability import reached
from gnomon.simulator.fuzz.search import Tally
from gnomon.simulator.fuzz.shrink import shrink
from gnomon.simulator.fuzz.sources import Drawn, Near, Source
from gnomon.specs.cli import console
from gnomon.specs.cli.console import BadInput, examples
from gnomon.specs.cli.options import Json, ReportOut, complete_recording
from gnomon.specs.cli.pools import Dask, Processes, number_of_processes, open_pool
from gnomon.specs.parallel.other_hashes import OtherHashes
from gnomon.specs.parallel.pool import Pool, PoolLost
from gnomon.specs.parallel.processes import processes as processes_of
from gnomon.specs.parallel.processes import processes_or_this
from gnomon.specs.recording import writer
from gnomon.specs.recording.model import LARGEST_SEED
from gnomon.specs.render import tables
from gnomon.specs.render.strings import counted

MOST_RUNS = 10**9
MOST_MINUTES = 7 * 24 * 60
MOST_SHRUNK = 5
"""Broken rules that are shrunk and explained; further ones are only named."""


def add_to(app: typer.Typer) -> None:
    """Add the command to `app`."""
    epilog = examples(
        "gnomon fuzz --runs 10000 --out found",
        "gnomon fuzz --minutes 30 --profile classic",
        "gnomon fuzz --runs 1000000 --dask tcp://10.0.0.1:8786",
        "gnomon fuzz fuzz-pub-1-seed-7.toml",
        "gnomon fuzz --near fuzz-pub-1-seed-7.toml --near broken/ --out found",
    )
    app.command("fuzz", epilog=epilog)(fuzz)


def fuzz(
    recording: Annotated[
        str | None,
        typer.Argument(
            metavar="RECORDING",
            help="Name or file of one recording to judge as the search does.  [default: search]",
            show_default=False,
            autocompletion=complete_recording,
        ),
    ] = None,
    runs: Annotated[
        int | None, typer.Option(metavar="N", help=f"Number of runs.  [default: {USUAL_RUNS}]")
    ] = None,
    minutes: Annotated[
        float | None, typer.Option(metavar="M", help="Duration in minutes, instead of --runs.")
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(metavar="S", help="First seed; each run has the next one.  [default: 0]"),
    ] = None,
    near: Annotated[
        list[str] | None,
        typer.Option(
            metavar="RECORDING|FOLDER",
            help="A recording, or a folder of them, whose neighbours are tried in place of drawn "
            "recordings; can be repeated.",
            show_default=False,
            autocompletion=complete_recording,
        ),
    ] = None,
    processes: Processes = None,
    dask: Dask = None,
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Output folder for recordings that break a rule.")
    ] = Path(),
    profile: Annotated[
        Profile | None,
        typer.Option(
            help="Delivery profile of the clusters: durable is at least once, classic at most "
            "once.  [default: durable; with --near, that of the recordings]",
            show_default=False,
        ),
    ] = None,
    twice: Annotated[
        bool, typer.Option("--twice", help="A second run of each seed, compared event by event.")
    ] = False,
    report: ReportOut = None,
    json: Json = False,
) -> None:
    """Search for recordings that break a rule.

    Each seed gives a cluster, its jobs and its faults. At the end some servers are healthy, and
    everything that was due must be settled. The same options give the same result on any number of
    processes or machines. A recording that breaks a rule is shrunk, written to a file and
    explained, and its picture is written to a page beside it. The search must also find a defect
    planted for this purpose, and 1,000 runs must reach every state that is listed.

    With --near, each seed gives a neighbour of one of the recordings: some commands come at other
    instants, with other numbers, once more, not at all, or from another recording; or the cluster,
    a service or a job is changed. What broke a rule before often has relatives there that drawn
    recordings seldom meet. Neighbours need not reach every state, and the defect is searched for
    near a drawn recording. A neighbour is judged by liveness if its end leaves time for that, and
    by DLV-2 unless a link delays messages for longer than a lease, which a history does not tell.

    Exit status 0: nothing was found; 1: a rule is broken, or the search cannot be trusted; 2: bad
    input.
    """
    if recording is not None:
        if near:
            remedy = f"--near {quote(near[-1])} --near {quote(recording)}"
            raise BadInput(recording, [f"give each recording or folder a --near: {remedy}"])
        _refuse_beside(
            recording,
            runs=runs,
            minutes=minutes,
            seed=seed,
            processes=processes,
            dask=dask,
            profile=profile,
        )
        _judge_alone(recording, report, json)
        return
    if report is not None:
        problem = "it is for one RECORDING; a search writes a page beside each one that it finds"
        raise BadInput("--report", [problem])
    count, duration = _extent(runs, minutes)
    first = 0 if seed is None else seed
    _check_range("--seed", first, 0, LARGEST_SEED - MOST_RUNS)
    if not out.is_dir():
        raise BadInput("--out", [f"there is no directory {out}"])
    names = tuple(near or ())
    originals = load_originals(names, out)
    source: Source = Near(originals, profile)
    if not originals:
        profile = profile or "durable"
        source = Drawn(profile)
    with ExitStack() as stack:
        pool, others = _pools(stack, processes, dask, twice)
        found_canary = canary.search_near() if originals else canary.search()
        search = Report(first, profile, found_canary, Tally(), near=names, originals=len(originals))
        _search(search, source, count, duration, pool, others)
    shrunk = list(search.tally.broken)[:MOST_SHRUNK]
    found = [_shrink(search, source, rule, out) for rule in shrunk]
    if json:
        console.print_json(report_values(search, found))
    else:
        console.print_parts(*report_parts(search, found))
    if not search.is_clean:
        raise typer.Exit(1)


def _judge_alone(name: str, report: Path | None, json: bool) -> None:
    """Replay and judge one recording, explain what it breaks, and draw it if that is wanted."""
    recording = load(name)
    if report is not None:
        console.require_output(report, Path(name))
    with console.spinner("judging"):
        trial = run_trial(recording)
    stories = {broken.rule: story_of(trial, broken) for broken in trial.broken}
    states, unjudged = reached(trial.trace), why_unjudged(recording)
    if report is not None:
        first = trial.broken[0] if trial.broken else None
        with console.open_output(report, Path(name)) as written:
            written.write(story_page(trial, first, stories[first.rule] if first else ()).encode())
    if json:
        console.print_json(
            {
                "broken": stories,
                "sometimes": states,
                "judged_by_liveness": unjudged is None,
                "clean": not stories,
            }
        )
    else:
        for rule, story in stories.items():
            console.print_parts(Text(f"{rule} is broken", "bold red"), *story, "")
        console.print_parts(f"it reached: {', '.join(states) or 'none of the listed states'}")
        if delays_beyond_lease(recording):
            console.print_parts(NOT_JUDGED)
        if unjudged is not None:
            console.print_parts(f"its liveness was not judged: {unjudged}")
    if stories:
        raise typer.Exit(1)


# --- options


def _extent(runs: int | None, minutes: float | None) -> tuple[int | None, int | None]:
    """The number of runs, or else the duration (µs). Raises BadInput."""
    if runs is not None and minutes is not None:
        raise BadInput("--minutes", ["give either --runs or --minutes, not both"])
    if minutes is None:
        count = USUAL_RUNS if runs is None else runs
        _check_range("--runs", count, 1, MOST_RUNS)
        return count, None
    if not (math.isfinite(minutes) and 0 < minutes <= MOST_MINUTES):
        problem = f"it must be above 0 and at most {MOST_MINUTES}; given was {minutes}"
        raise BadInput("--minutes", [problem])
    return None, round(minutes * MINUTE)


def _refuse_beside(recording: str, **options: object) -> None:
    """Refuse the options of a search where one recording is judged. Raises BadInput."""
    given = [f"--{name}" for name, value in options.items() if value is not None]
    if given:
        problem = f"it is for a search; leave it out to judge {recording} alone"
        raise BadInput(", ".join(given), [problem])


def _check_range(option: str, given: int, low: int, high: int) -> None:
    if not low <= given <= high:
        problem = f"it must be a whole number from {low} to {high}; given was {given}"
        raise BadInput(option, [problem])


# --- the search


def _pools(
    stack: ExitStack, given: int | None, dask: str | None, twice: bool
) -> tuple[Pool, Pool | None]:
    """Where the seeds are tried, and where a second time if `twice`. Raises BadInput."""
    if not twice:
        return stack.enter_context(open_pool(given, dask)), None
    if dask is not None:
        cluster = stack.enter_context(open_pool(given, dask))
        return cluster, OtherHashes(cluster)
    each = max(number_of_processes(given, dask) // 2, 1)
    first = stack.enter_context(processes_or_this(each))
    return first, stack.enter_context(processes_of(each))


def _search(
    report: Report,
    source: Source,
    runs: int | None,
    duration: int | None,
    pool: Pool,
    others: Pool | None,
) -> None:
    """Try the seeds until the end, or until the user interrupts, and count their outcomes."""
    tally, began = report.tally, console.now()
    end = began + duration if duration is not None else None
    try:
        with (
            console.progress_bar("searching", 0, runs or duration or 1) as bar,
            closing(pairs(report.seed, runs, pool, source, others)) as trials,
        ):
            for outcome, other in trials:
                if other is not None and outcome.digest != other.digest:
                    report.divergence = difference(outcome.seed, source)
                    break
                known = set(tally.broken)
                tally.add(outcome)
                now = console.now()
                bar(tally.runs if end is None else now - began)
                _print_new(tally, known)
                if end is not None and now >= end:
                    break
    except KeyboardInterrupt:
        report.was_interrupted = True
    except PoolLost as error:
        report.lost = str(error)
    took = max(console.now() - began, 1)
    per_second = tally.runs * SECOND // took
    console.print_notes(
        [f"{counted(tally.runs, 'run')} in {tables.span(took)}, {per_second} a second"]
    )


def _print_new(tally: Tally, known: set[str]) -> None:
    """Print the rules that are broken and not yet `known`."""
    new = ((rule, first) for rule, first in tally.broken.items() if rule not in known)
    console.print_notes(f"seed {first.seed} breaks {rule}" for rule, first in new)


def _shrink(report: Report, source: Source, rule: str, out: Path) -> Found:
    """Shrink the first recording that breaks `rule`, write it and explain it."""
    first = report.tally.broken[rule]
    drawn = source.recording(first.seed)
    try:
        with console.spinner(f"shrinking the recording that breaks {rule}"):
            small = shrink(drawn, lambda recording: run_trial(recording).breaks(rule) is not None)
    except KeyboardInterrupt:
        small = drawn
    whence = drawn.title[:1].lower() + drawn.title[1:]
    recording = replace(small, title=f"Breaks {rule}; {whence}, and shrunk")
    trial = run_trial(recording)
    kind = "near" if report.near else "fuzz"
    file = out / f"{kind}-{rule.lower()}-seed-{first.seed}.toml"
    with console.open_output(file) as written:
        written.write(writer.to_toml(recording).encode())
    broken = trial.breaks(rule) or first.broken
    story = story_of(trial, broken)
    picture = file.with_suffix(".html")
    with console.open_output(picture) as written:
        written.write(story_page(trial, broken, story).encode())
    return Found(rule, first, str(file), story, str(picture))
