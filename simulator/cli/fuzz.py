"""``gnomon fuzz``: many drawn recordings, tried on all cores, and what was found among them.

The one idea: what it prints depends on the seeds alone. How many processes there were and how fast
they were is told aside, on standard error.
"""

import math
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from msgspec.structs import replace
from rich.text import Text

from gnomon.reference.schedule.clock import MINUTE, SECOND, write_instant
from gnomon.reference.store.messages import Profile
from gnomon.simulator.fuzz import canary, generator
from gnomon.simulator.fuzz.canary import Canary
from gnomon.simulator.fuzz.determinism import Divergence, difference, pairs
from gnomon.simulator.fuzz.explain import story_of
from gnomon.simulator.fuzz.judge import Trial, run_trial
from gnomon.simulator.fuzz.reachability import reached, states_of
from gnomon.simulator.fuzz.search import BrokenRule, Tally, usable_cores
from gnomon.simulator.fuzz.shrink import shrink
from gnomon.specs.cli import console
from gnomon.specs.cli.console import BadInput
from gnomon.specs.recording import files, writer
from gnomon.specs.recording.model import LARGEST_SEED, Recording
from gnomon.specs.recording.reader import RecordingError
from gnomon.specs.render import tables
from gnomon.specs.rules import RULES

USUAL_RUNS = 1_000
"""So many are tried if nothing else is said, and so many must have come to every state."""
MOST_RUNS = 10**9
MOST_MINUTES = 7 * 24 * 60
MOST_JOBS = 256
MOST_TOLD = 5
"""So many broken rules are shrunk and told of; the others are only named."""


class Found(msgspec.Struct, frozen=True):
    """A rule that was broken, by which seeds, and the shrunk recording that breaks it as well."""

    rule: str
    first: BrokenRule
    recording: Recording
    file: str
    story: list[str]


class Hunt(msgspec.Struct):
    """A whole search, and how it ended."""

    seed: int
    profile: Profile
    canary: Canary
    tally: Tally
    divergence: Divergence | None = None
    was_interrupted: bool = False

    @property
    def missed(self) -> list[str]:
        """The states that nobody came to, if there were enough runs to expect it."""
        if self.tally.runs < USUAL_RUNS:
            return []
        return [state.id for state in states_of(self.profile) if not self.tally.reached[state.id]]

    @property
    def is_clean(self) -> bool:
        """Whether nothing was found, and something could have been."""
        has_seen_all = self.canary.seed is not None and not self.missed
        return has_seen_all and not self.tally.broken and self.divergence is None


def fuzz(
    recording: Annotated[
        str | None,
        typer.Argument(
            metavar="RECORDING",
            help="Try this one alone, a name or a file, as it would be tried in a search.",
        ),
    ] = None,
    runs: Annotated[
        int | None, typer.Option(metavar="N", help=f"So many runs.  [default: {USUAL_RUNS}]")
    ] = None,
    minutes: Annotated[
        float | None, typer.Option(metavar="M", help="As many runs as there is time for, instead.")
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(metavar="S", help="The first seed; each run has the next.  [default: 0]"),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(metavar="K", help="Processes.  [default: as many as there are cores]"),
    ] = None,
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Where recordings that break something go.")
    ] = Path(),
    profile: Annotated[Profile, typer.Option(help="How messages are delivered.")] = "durable",
    twice: Annotated[
        bool, typer.Option("--twice", help="Run each seed twice, and compare event by event.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Answer in JSON, for machines.")] = False,
) -> None:
    """Search for recordings that break a rule.

    A seed draws a cluster, its jobs and what goes wrong; in the end a core of servers is healthy
    again, and all that was due must settle. The same options find the same, on any number of cores.
    What breaks a rule is shrunk, written as a recording and told as a story. A planted defect is
    searched for as well, and 1,000 runs must come to every interesting state that is listed.

    Exit status 0: nothing was found; 1: something was, or the search cannot be trusted; 2: bad
    input.
    """
    if recording is not None:
        _refuse_beside(recording, runs=runs, minutes=minutes, seed=seed, jobs=jobs)
        _try_alone(recording, json)
        return
    count, duration = _extent(runs, minutes)
    first = 0 if seed is None else seed
    _check_range("--seed", first, 0, LARGEST_SEED - MOST_RUNS)
    processes = usable_cores() if jobs is None else jobs
    _check_range("--jobs", processes, 1, MOST_JOBS)
    if not out.is_dir():
        raise BadInput("--out", [f"there is no directory {out}"])
    hunt = Hunt(first, profile, canary.search(), Tally())
    _search(hunt, count, duration, processes, twice)
    told = list(hunt.tally.broken)[:MOST_TOLD]
    found = [_found(hunt, rule, out) for rule in told]
    if json:
        console.say_json(_as_values(hunt, found))
    else:
        console.say(*_as_text(hunt, found))
    if not hunt.is_clean:
        raise typer.Exit(1)


def _try_alone(name: str, json: bool) -> None:
    """Try one recording, and story_of what it breaks."""
    try:
        recording = files.load(name)
    except RecordingError as error:
        raise BadInput(name, error.faults) from None
    with console.working("trying"):
        trial = run_trial(recording)
    stories = {broken.rule: story_of(trial, broken) for broken in trial.broken}
    states = reached(trial.trace)
    if json:
        console.say_json({"broken": stories, "sometimes": states, "clean": not stories})
    else:
        for rule, story in stories.items():
            console.say(Text(f"{rule} is broken", "bold red"), *story, "")
        console.say(f"it came to: {', '.join(states) or 'nothing that is listed'}")
    if stories:
        raise typer.Exit(1)


# --- options


def _extent(runs: int | None, minutes: float | None) -> tuple[int | None, int | None]:
    """How many runs, or for how long (µs). Raises BadInput."""
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
    """What says how to search has no meaning where nothing is searched. Raises BadInput."""
    given = [f"--{name}" for name, value in options.items() if value is not None]
    if given:
        problem = f"it is for a search; leave it out to try {recording} alone"
        raise BadInput(", ".join(given), [problem])


def _check_range(option: str, given: int, low: int, high: int) -> None:
    if not low <= given <= high:
        problem = f"it must be a whole number from {low} to {high}; given was {given}"
        raise BadInput(option, [problem])


# --- searching


def _search(hunt: Hunt, runs: int | None, duration: int | None, jobs: int, twice: bool) -> None:
    """Try the seeds, and count what comes of them, until the end or until somebody interrupts."""
    tally, began = hunt.tally, console.now()
    end = began + duration if duration is not None else None
    try:
        with (
            console.progress("searching", 0, runs or duration or 1) as bar,
            closing(pairs(hunt.seed, runs, jobs, hunt.profile, twice)) as trials,
        ):
            for outcome, other in trials:
                if other is not None and outcome.digest != other.digest:
                    hunt.divergence = difference(outcome.seed, hunt.profile)
                    break
                known = set(tally.broken)
                tally.add(outcome)
                now = console.now()
                bar(tally.runs if end is None else now - began)
                _say_found(tally, known)
                if end is not None and now >= end:
                    break
    except KeyboardInterrupt:
        hunt.was_interrupted = True
    except BrokenProcessPool:
        problem = "a process ended that should not have, perhaps for want of memory; use fewer"
        raise BadInput("--jobs", [problem]) from None
    took = max(console.now() - began, 1)
    per_second = tally.runs * SECOND // took
    console.say_aside(
        [f"{console.counted(tally.runs, 'run')} in {tables.span(took)}, {per_second} a second"]
    )


def _say_found(tally: Tally, known: set[str]) -> None:
    new = ((rule, first) for rule, first in tally.broken.items() if rule not in known)
    console.say_aside(f"seed {first.seed} breaks {rule}" for rule, first in new)


def _found(hunt: Hunt, rule: str, out: Path) -> Found:
    """Shrink what breaks a rule, write it and story_of how it came about."""
    first = hunt.tally.broken[rule]
    drawn = generator.drawn_from(first.seed, hunt.profile)
    try:
        with console.working(f"shrinking what breaks {rule}"):
            small = shrink(drawn, lambda recording: run_trial(recording).breaks(rule) is not None)
    except KeyboardInterrupt:
        small = drawn
    recording = replace(small, title=f"Breaks {rule}; found by seed {first.seed}, and shrunk")
    trial = run_trial(recording)
    file = out / f"fuzz-{rule.lower()}-seed-{first.seed}.toml"
    with console.written_file(file) as written:
        written.write(writer.to_toml(recording).encode())
    return Found(rule, first, recording, str(file), _story(trial, rule, first))


def _story(trial: Trial, rule: str, first: BrokenRule) -> list[str]:
    return story_of(trial, trial.breaks(rule) or first.broken)


# --- telling


def _seeds(hunt: Hunt) -> str:
    last = hunt.seed + hunt.tally.runs - 1
    return f"seed {last}" if hunt.tally.runs == 1 else f"seeds {hunt.seed} to {last}"


def _as_text(hunt: Hunt, found: list[Found]) -> Iterator[Any]:
    tally = hunt.tally
    runs = console.counted(tally.runs, "run")
    events = f"{tables.count(tally.events)} events"
    end = ", then interrupted" if hunt.was_interrupted else ""
    yield f"{runs}, {_seeds(hunt)}, {events}{end}" if tally.runs else f"no runs{end}"
    yield ""
    yield _states(hunt)
    yield ""
    yield _canary_in_words(hunt.canary)
    if hunt.missed:
        yield Text(f"not reached by {runs}: {', '.join(hunt.missed)}", "red")
    if hunt.divergence is not None:
        yield Text(hunt.divergence.in_words(), "red")
    for one in found:
        yield ""
        yield Text(_broken_in_words(one.rule, one.first), "bold red")
        yield from one.story
        yield f"shrunk, to {one.file}: {_replay(one)}"
        yield f"as it was drawn: {_again(hunt, one.first)}"
    for rule, first in list(tally.broken.items())[len(found) :]:
        yield Text(f"{_broken_in_words(rule, first)}: {_again(hunt, first)}", "red")
    if hunt.is_clean:
        yield Text("nothing was found", "green")


def _states(hunt: Hunt) -> Any:
    states = tables.table("sometimes", "runs", "what they came to", right=("runs",))
    for state in states_of(hunt.profile):
        times = hunt.tally.reached[state.id]
        states.add_row(state.id, tables.count(times), state.words, style="" if times else "dim")
    return states


def _canary_in_words(told: Canary) -> Text:
    if told.seed is None:
        text = f"the canary was not found ({told.words}): this search would not find a defect"
        return Text(text, "red")
    return Text(f"canary: {told.words}; found by seed {told.seed}, which breaks {told.rule}")


def _broken_in_words(rule: str, first: BrokenRule) -> str:
    others = "" if first.seeds == 1 else f" and {console.counted(first.seeds - 1, 'other')}"
    return f"{rule} is broken by seed {first.seed}{others}"


def _again(hunt: Hunt, first: BrokenRule) -> str:
    profile = "" if hunt.profile == "durable" else f" --profile {hunt.profile}"
    return f"gnomon fuzz --seed {first.seed} --runs 1{profile}"


def _replay(one: Found) -> str:
    """The command that shows it: a replay knows rules, and neither liveness nor errors."""
    return f"gnomon {'replay' if one.rule in RULES else 'fuzz'} {one.file}"


def _as_values(hunt: Hunt, found: list[Found]) -> dict[str, Any]:
    tally = hunt.tally
    told = {one.rule: one for one in found}
    return {
        "runs": tally.runs,
        "first_seed": hunt.seed,
        "profile": hunt.profile,
        "events": tally.events,
        "interrupted": hunt.was_interrupted,
        "canary": hunt.canary._asdict(),
        "sometimes": {state.id: tally.reached[state.id] for state in states_of(hunt.profile)},
        "missed": hunt.missed,
        "divergence": None if hunt.divergence is None else hunt.divergence.as_values(),
        "broken": {
            rule: {
                "seed": first.seed,
                "runs": first.seeds,
                "at": write_instant(first.broken.at),
                "what": first.broken.what,
                "again": _again(hunt, first),
                "recording": told[rule].file if rule in told else None,
                "story": told[rule].story if rule in told else [],
            }
            for rule, first in tally.broken.items()
        },
        "clean": hunt.is_clean,
    }
