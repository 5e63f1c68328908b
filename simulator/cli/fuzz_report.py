"""The result of ``gnomon fuzz``, as text and as values."""

from collections.abc import Iterator
from shlex import quote

import msgspec
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from gnomon.reference.schedule.clock import write_instant
from gnomon.reference.store.messages import Profile
from gnomon.simulator.fuzz.canary import Canary
from gnomon.simulator.fuzz.determinism import Divergence
from gnomon.simulator.fuzz.reachability import STATES, State, states_of
from gnomon.simulator.fuzz.search import BrokenRule, Tally
from gnomon.specs.render import tables
from gnomon.specs.render.strings import counted
from gnomon.specs.rules import RULES

USUAL_RUNS = 1_000
"""The default number of runs: enough to reach every state of a profile."""


class Found(msgspec.Struct, frozen=True):
    """A broken rule: the seeds that break it, the file with the shrunk recording, and the story.

    `picture` is the file of the page with the story and its time line.
    """

    rule: str
    first: BrokenRule
    file: str
    story: list[str]
    picture: str


class Report(msgspec.Struct):
    """A search: what was asked for, what it found, and how it ended.

    The seeds stand for drawn recordings, or for neighbours of those that `near` names, `originals`
    in number. A `profile` of None is that of each original. `lost` is why the seeds could not be
    tried to the end; None if they could.
    """

    seed: int
    profile: Profile | None
    canary: Canary
    tally: Tally
    divergence: Divergence | None = None
    was_interrupted: bool = False
    lost: str | None = None
    near: tuple[str, ...] = ()
    originals: int = 0

    @property
    def states(self) -> list[State]:
        """The states that the runs can reach."""
        return list(STATES.values()) if self.profile is None else states_of(self.profile)

    @property
    def missed(self) -> list[str]:
        """The states that no run reached, if there were enough runs to expect all of them.

        Neighbours of a few recordings need not reach what these are far from.
        """
        if self.near or self.tally.runs < USUAL_RUNS:
            return []
        return [state.id for state in self.states if not self.tally.reached[state.id]]

    @property
    def is_clean(self) -> bool:
        """Whether nothing was found by a search that would have found something."""
        can_be_trusted = self.canary.seed is not None and not self.missed and self.lost is None
        return can_be_trusted and not self.tally.broken and self.divergence is None


def report_parts(report: Report, found: list[Found]) -> Iterator[RenderableType]:
    """The result as text and tables."""
    tally = report.tally
    runs = counted(tally.runs, "run")
    events = f"{tables.count(tally.events)} events"
    end = ", then interrupted" if report.was_interrupted else ""
    yield f"{runs}, {_seeds(report)}, {events}{end}" if tally.runs else f"no runs{end}"
    yield ""
    yield _states_table(report)
    yield ""
    yield _canary_line(report.canary)
    if tally.patient < tally.runs:
        judged = f"liveness: judged in {tables.count(tally.patient)} of {runs}"
        yield f"{judged}; the others end paused or too soon, or have a duration without a limit"
    if report.lost is not None:
        yield Text(f"the search ended early: {report.lost}", "red")
    if report.missed:
        yield Text(f"not reached by {runs}: {', '.join(report.missed)}", "red")
    if report.divergence is not None:
        yield Text(report.divergence.in_words(), "red")
    for one in found:
        yield ""
        yield Text(_broken_line(one.rule, one.first), "bold red")
        yield from one.story
        yield f"picture: {one.picture}"
        yield f"shrunk: {_replay_command(one)}"
        yield f"as drawn: {_fuzz_command(report, one.first)}"
    for rule, first in list(tally.broken.items())[len(found) :]:
        yield Text(f"{_broken_line(rule, first)}: {_fuzz_command(report, first)}", "red")
    if report.is_clean:
        yield Text("nothing was found", "green")


def report_values(report: Report, found: list[Found]) -> dict[str, object]:
    """The result as values, for JSON."""
    tally = report.tally
    by_rule = {one.rule: one for one in found}
    return {
        "runs": tally.runs,
        "first_seed": report.seed,
        "profile": report.profile,
        "near": report.near,
        "originals": report.originals,
        "events": tally.events,
        "runs_judged_by_liveness": tally.patient,
        "interrupted": report.was_interrupted,
        "lost": report.lost,
        "canary": report.canary._asdict(),
        "sometimes": {state.id: tally.reached[state.id] for state in report.states},
        "missed": report.missed,
        "divergence": None if report.divergence is None else report.divergence.as_values(),
        "broken": {
            rule: {
                "seed": first.seed,
                "runs": first.seeds,
                "at": write_instant(first.broken.at),
                "what": first.broken.what,
                "again": _fuzz_command(report, first),
                "recording": by_rule[rule].file if rule in by_rule else None,
                "picture": by_rule[rule].picture if rule in by_rule else None,
                "story": by_rule[rule].story if rule in by_rule else [],
            }
            for rule, first in tally.broken.items()
        },
        "clean": report.is_clean,
    }


def _seeds(report: Report) -> str:
    last = report.seed + report.tally.runs - 1
    seeds = f"seed {last}" if report.tally.runs == 1 else f"seeds {report.seed} to {last}"
    return f"{seeds} near {counted(report.originals, 'recording')}" if report.near else seeds


def _states_table(report: Report) -> Table:
    table = tables.table("sometimes", "runs", "what they reached", right=("runs",))
    for state in report.states:
        runs = report.tally.reached[state.id]
        table.add_row(state.id, tables.count(runs), state.words, style="" if runs else "dim")
    return table


def _canary_line(canary: Canary) -> Text:
    if canary.seed is None:
        text = f"the canary was not found ({canary.words}): this search would not find a defect"
        return Text(text, "red")
    near = f" near {canary.near}" if canary.near else ""
    found = f"found by seed {canary.seed}{near}, which breaks {canary.rule}"
    return Text(f"canary: {canary.words}; {found}")


def _broken_line(rule: str, first: BrokenRule) -> str:
    others = "" if first.seeds == 1 else f" and {counted(first.seeds - 1, 'other')}"
    return f"{rule} is broken by seed {first.seed}{others}"


def _fuzz_command(report: Report, first: BrokenRule) -> str:
    near = "".join(f" --near {quote(name)}" for name in report.near)
    usual = None if report.near else "durable"
    profile = "" if report.profile == usual else f" --profile {report.profile}"
    return f"gnomon fuzz{near} --seed {first.seed} --runs 1{profile}"


def _replay_command(one: Found) -> str:
    """The command that repeats it; ``replay`` judges by rules only, not liveness or errors."""
    return f"gnomon {'replay' if one.rule in RULES else 'fuzz'} {one.file}"
