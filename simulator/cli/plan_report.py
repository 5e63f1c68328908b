"""The answer of ``gnomon plan``, as text and as values: a sentence, a table, and the reasons."""

from collections.abc import Iterator
from pathlib import Path
from shlex import quote
from typing import NamedTuple

import msgspec
from msgspec.structs import replace
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from gnomon.reference.schedule.clock import write_duration, write_instant
from gnomon.simulator.sizing import bursts, formulas
from gnomon.simulator.sizing.bursts import Burst, Filler
from gnomon.simulator.sizing.measure import Figures, Shape
from gnomon.simulator.sizing.sampling import Interval
from gnomon.simulator.sizing.search import Candidate, Plan
from gnomon.simulator.sizing.spreading import Saving
from gnomon.simulator.sizing.targets import Target
from gnomon.specs.recording.model import Recording
from gnomon.specs.render import tables
from gnomon.specs.render.strings import counted

MOST_BURSTS = 5
MOST_FILLERS = 5
MOST_CANDIDATES = 24
"""Rows of the table of clusters; JSON has all."""


class Answered(NamedTuple):
    """The plan, what jitter would save, and how it was asked; `took` is in µs."""

    plan: Plan
    saved: Saving | None
    source: str
    growth: tuple[str, ...]
    took: int

    @property
    def recording(self) -> Recording:
        """The recording, grown as asked, in the cluster of the answer."""
        recording, answer = self.plan.question.recording, self.plan.answer
        if answer is None:
            return recording
        servers, workers = answer.shape
        return replace(
            recording, cluster=replace(recording.cluster, servers=servers, workers=workers)
        )

    @property
    def command(self) -> str | None:
        """The command that replays the answer; None if the recording had to grow for it."""
        answer = self.plan.answer
        if answer is None or self.growth:
            return None
        servers, workers = answer.shape
        return f"gnomon replay {quote(self.source)} --servers {servers} --workers {workers}"


# --- text


def report_parts(answered: Answered, written: Path | None) -> Iterator[RenderableType]:
    """The answer as text and tables."""
    plan = answered.plan
    yield Text(sentence(plan), "bold" if plan.answer else "bold red")
    yield ""
    yield _candidates_table(plan)
    if plan.question.is_random:
        yield f"Values are means or maxima over the seeds, with their {_CONFIDENCE} interval."
    else:
        yield "One replay decides each: nothing in the recording is drawn at random."
    yield from _doubts(plan)
    yield ""
    yield from _why(answered)
    if plan.answer is not None:
        yield ""
        yield _checks_table(plan, plan.answer)
    yield ""
    if written is not None and plan.answer is not None:
        yield f"To confirm it: gnomon replay {quote(str(written))}"
    elif answered.command is not None:
        yield f"To confirm it: {answered.command}"
    elif plan.answer is not None:
        yield "To confirm it: --recording-out FILE, then gnomon replay FILE"


_CONFIDENCE = "95 %"


def _doubts(plan: Plan) -> Iterator[Text]:
    """Where a larger cluster may do worse, which the search relies on not to happen."""
    if plan.question.has_faults:
        yield Text(
            "The recording breaks servers, links or the store. A larger cluster may do worse then, "
            "so that a smaller one than these may be enough, and a larger one may fail."
        )
    for small, large in plan.contradictions:
        yield Text(f"{small} meets the target although {large} fails.", "red")


def sentence(plan: Plan) -> str:
    """The answer in a sentence: the cluster, its values, the others, and the nearest failure."""
    answer, question = plan.answer, plan.question
    if answer is None:
        return f"{_no_answer(plan)}."
    parts = [f"{in_words(answer.shape)}: {_values_text(plan, answer)}"]
    others = [str(shape) for shape in plan.smallest if shape != answer.shape]
    if others:
        parts.append(f"{_listed(others)} also")
    if plan.nearest_failure is not None:
        parts.append(failure_text(plan, plan.nearest_failure))
    text = "; ".join(parts)
    lost = f", also while {counted(question.survive, 'server')} are lost" * bool(question.survive)
    return f"{text}{lost.replace('1 server are', 'a server is')}."


def in_words(shape: Shape) -> str:
    """A cluster: ``3 servers × 4 workers``."""
    return f"{counted(shape.servers, 'server')} × {counted(shape.workers, 'worker')}"


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _no_answer(plan: Plan) -> str:
    """Why no cluster is the answer."""
    question, failure = plan.question, plan.nearest_failure
    servers, workers = question.servers[-1], question.workers[-1]
    text = f"No cluster of up to {servers} servers × {workers} workers meets the target"
    if failure is None:
        return text
    text = f"{text}: {failure_text(plan, failure)}"
    lease = question.recording.cluster.lease
    if any("leader" in words for one in failure.measured for words, _ in one.with_losses):
        text += f"; a leader that is lost has no successor for its lease, {tables.span(lease)} "
        text += "(LEAD-3), however many workers there are"
    return text


def _values_text(plan: Plan, candidate: Candidate) -> str:
    question = plan.question
    return ", ".join(
        f"{target.name} {_interval_text(target, candidate.interval(question, number))}"
        for number, target in enumerate(question.targets)
    )


def _interval_text(target: Target, found: Interval) -> str:
    value, low, high = map(target.write, found)
    return value if low == high else f"{value} ({low} to {high})"


def failure_text(plan: Plan, candidate: Candidate) -> str:
    """Why a cluster does not meet the targets."""
    question = plan.question
    broken = candidate.broken(question)
    number = broken[0]
    target, found = question.targets[number], candidate.interval(question, number)
    value = f"{target.name} {_interval_text(target, found)}"
    if candidate.decision == "undecided":
        seeds = counted(len(candidate.measured), "seed")
        return f"{candidate.shape} is not decided after {seeds}: {value}"
    worst = max(candidate.measured, key=lambda one: one.worst(number))
    loss = worst.worst_loss(number)
    if loss is not None:
        return f"{candidate.shape} fails with {loss}: {value}"
    if plan.load.busy_workers >= candidate.shape.in_all:
        work = f"there is work for {plan.load.busy_workers:.1f} workers"
        return f"{candidate.shape} fails: {work}, {value}"
    return f"{candidate.shape} fails{_cause_text(plan, worst.figures)}{value}"


def _cause_text(plan: Plan, figures: Figures) -> str:
    """When messages waited for too long, and why; empty, or up to the value that follows."""
    if not figures.causes:
        return ": "
    when = bursts.words_for(figures.causes, plan.load.start, plan.load.end)
    if figures.published_late:
        return f" {when}: messages are published late, for lack of a leader, "
    if not figures.due_at_once:
        return f" {when}: "
    due = "is" if figures.due_at_once == 1 else "are"
    up_to = "up to " if len(figures.causes) > 1 else ""
    return f" {when}: {up_to}{counted(figures.due_at_once, 'job')} {due} due at once, "


def _candidates_table(plan: Plan) -> Table:
    question = plan.question
    names = [target.name for target in question.targets]
    more = [name for name in ("p99 wait", "longest wait", "workers busy") if name not in names]
    right = ["in all", *names, *more, "seeds"]
    table = tables.table("servers × workers", "in all", *names, *more, "seeds", "", right=right)
    ranked = sorted(plan.candidates.values(), key=lambda one: (one.shape.in_all, one.shape))
    smallest = set(plan.smallest)
    for one in ranked[:MOST_CANDIDATES]:
        figures = [found for measured in one.measured for found in measured.all]
        has = {
            "p99 wait": tables.span(max(found.p99_wait for found in figures)),
            "longest wait": tables.span(max(found.longest_wait for found in figures)),
            "workers busy": f"{max(found.utilisation for found in figures):.1%}",
        }
        if one.decision == "meets":
            verdict = "meets, smallest" if one.shape in smallest else "meets"
        else:
            verdict = one.decision
        table.add_row(
            str(one.shape),
            str(one.shape.in_all),
            *(
                _interval_text(target, one.interval(question, number))
                for number, target in enumerate(question.targets)
            ),
            *(has[name] for name in more),
            str(len(one.measured)),
            verdict,
            style="" if one.decision == "meets" else "dim",
        )
    return table


def _why(answered: Answered) -> Iterator[RenderableType]:
    """The busiest instants, the services and jobs that fill the workers, and what jitter saves."""
    plan = answered.plan
    messages = tables.count(len(plan.load.requests))
    yield f"{messages} messages keep {plan.load.busy_workers:.2f} workers busy on average."
    busiest = bursts.bursts(plan.load, MOST_BURSTS)
    if busiest:
        yield ""
        yield _bursts_table(busiest)
    services, jobs = bursts.fillers(plan.load, MOST_FILLERS)
    are_same = [filler[1:] for filler in services] == [filler[1:] for filler in jobs]
    for what, fillers in (("service", services), ("job", jobs)):
        if fillers and not (what == "job" and are_same):
            yield ""
            yield _fillers_table(what, fillers, plan.load.work)
    if answered.saved is not None:
        yield ""
        yield _saving_text(plan, answered.saved)


def _bursts_table(busiest: list[Burst]) -> Table:
    right = ("jobs due", "work")
    table = tables.table("busiest", "jobs due", "work", "of", right=right)
    for burst in busiest:
        named = ", ".join(burst.jobs[:3]) + ("" if len(burst.jobs) <= 3 else ", …")
        number = len(burst.jobs)
        jobs = str(number) if burst.least == number else f"{burst.least} to {number}"
        table.add_row(burst.words, jobs, tables.span(burst.work), named)
    return table


def _fillers_table(what: str, fillers: list[Filler], work: int) -> Table:
    right = ("runs", "worker time", "share")
    table = tables.table(what, "runs", "worker time", "share", right=right)
    for filler in fillers:
        share = f"{filler.work / work:.1%}" if work else "0 %"
        table.add_row(filler.name, tables.count(filler.runs), tables.span(filler.work), share)
    return table


def _saving_text(plan: Plan, saved: Saving) -> str:
    assert plan.answer is not None
    fewer = plan.answer.shape.in_all - saved.shape.in_all
    jobs = counted(len(saved.jobs), "job")
    values = ", ".join(
        f"{target.name} {target.write(saved.measured.worst(number))}"
        for number, target in enumerate(plan.question.targets)
    )
    return (
        f"With jitter = {write_duration(saved.jitter)!r} for the {jobs} due at "
        f"{write_instant(saved.instant)}, {saved.shape} is enough ({values}): "
        f"{counted(fewer, 'worker')} fewer."
    )


def _checks_table(plan: Plan, answer: Candidate) -> Table:
    table = tables.table("formula", "it has", "replayed", "", right=("it has", "replayed"))
    for check in formulas.checks(plan.load, answer.shape, answer.measured[0].figures):
        verdict = "agrees" if check.agrees else f"parts: {check.why}"
        table.add_row(check.name, check.formula, check.replay, verdict)
    return table


# --- values


def report_values(answered: Answered) -> dict[str, object]:
    """The answer as values, for JSON; durations in µs."""
    plan = answered.plan
    question, answer, failure = plan.question, plan.answer, plan.nearest_failure
    services, jobs = bursts.fillers(plan.load, MOST_FILLERS)
    checks = formulas.checks(plan.load, answer.shape, answer.measured[0].figures) if answer else []
    return {
        "sentence": sentence(plan),
        "targets": [str(target) for target in question.targets],
        "growth": list(answered.growth),
        "survive": question.survive,
        "random": question.is_random,
        "answer": None if answer is None else answer.shape._asdict(),
        "smallest": [shape._asdict() for shape in plan.smallest],
        "clusters": [_candidate_values(plan, one) for one in sorted(plan.candidates.values())],
        "nearest_failure": None
        if failure is None
        else {**failure.shape._asdict(), "why": failure_text(plan, failure)},
        "busy_workers": round(plan.load.busy_workers, 4),
        "busiest": [
            {
                "when": burst.words,
                "largest": write_instant(burst.at),
                "instants": [write_instant(instant) for instant in burst.instants],
                "jobs": burst.jobs,
                "work_us": burst.work,
            }
            for burst in bursts.bursts(plan.load, MOST_BURSTS)
        ],
        "services": [_filler_values(filler) for filler in services],
        "jobs": [_filler_values(filler) for filler in jobs],
        "jitter": None if answered.saved is None else _saving_values(answered.saved),
        "has_faults": question.has_faults,
        "contradictions": [
            {"meets": small._asdict(), "fails": large._asdict()}
            for small, large in plan.contradictions
        ],
        "formulas": [check._asdict() for check in checks],
        "replay": answered.command,
    }


def _candidate_values(plan: Plan, candidate: Candidate) -> dict[str, object]:
    question = plan.question
    return {
        **candidate.shape._asdict(),
        "decision": candidate.decision,
        "seeds": len(candidate.measured),
        "targets": {
            target.name: candidate.interval(question, number)._asdict()
            for number, target in enumerate(question.targets)
        },
        "replays": [
            {
                **_without_causes(msgspec.to_builtins(one.figures)),
                "losses": {
                    words: _without_causes(msgspec.to_builtins(figures))
                    for words, figures in one.with_losses
                },
            }
            for one in candidate.measured
        ],
    }


def _without_causes(figures: dict[str, object]) -> dict[str, object]:
    return {key: value for key, value in figures.items() if key not in {"causes", "targeted"}}


def _filler_values(filler: Filler) -> dict[str, object]:
    return {"name": filler.name, "runs": filler.runs, "work_us": filler.work}


def _saving_values(saved: Saving) -> dict[str, object]:
    return {
        "jobs": saved.jobs,
        "at": write_instant(saved.instant),
        "jitter_us": saved.jitter,
        **saved.shape._asdict(),
    }
