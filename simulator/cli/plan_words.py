"""The answer of ``gnomon plan`` in words and rows, as text, page and JSON have it."""

from collections.abc import Iterator, Sequence
from shlex import quote
from typing import NamedTuple

from msgspec.structs import replace

from gnomon.reference.schedule.clock import write_duration, write_instant
from gnomon.simulator.sizing import bursts, formulas
from gnomon.simulator.sizing.figures import Figures, meets
from gnomon.simulator.sizing.losses.instants import is_of_leader
from gnomon.simulator.sizing.measure import Shape
from gnomon.simulator.sizing.sampling import CONFIDENCE, Interval
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
MOST_NAMED = 3
"""Jobs of a burst that are named."""


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


class Rows(NamedTuple):
    """A table: its columns, its rows of texts, and the columns of numbers."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    right: Sequence[str]


# --- sentences


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
    lost = lost.replace("1 server are", "a server is")
    unsure = losses_unsure(plan)
    if unsure:
        lost += f"; that is not sure, as {_not_replayed(unsure)}"
    return f"{text}{lost}."


def losses_unsure(plan: Plan) -> int:
    """The number of losses that were not replayed although with them the answer may fail."""
    answer, targets = plan.answer, plan.question.targets
    return sum(
        one.left
        for one in (() if answer is None else answer.measured)
        if one.at_most is None
        or any(value > target.limit for target, value in zip(targets, one.at_most, strict=True))
    )


def _not_replayed(number: int) -> str:
    return f"{number:,} losses were not replayed" if number != 1 else "1 loss was not replayed"


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
    if any(
        is_of_leader(words) and not meets(figures, question.targets)
        for one in failure.measured
        for words, figures in one.with_losses
    ):
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


def losses_text(plan: Plan) -> Iterator[str]:
    """The worst loss of the answer for each target, and how many instants were tried."""
    answer, question = plan.answer, plan.question
    if answer is None or not question.survive:
        return
    for number, target in enumerate(question.targets):
        worst = max(answer.measured, key=lambda one: one.worst(number))
        loss = worst.worst_loss(number) or "no loss makes it worse"
        yield f"Worst {target.name} of {answer.shape}: {target.write(worst.worst(number))}; {loss}."
    instants = sum(one.instants for one in answer.measured)
    tried = sum(one.tried for one in answer.measured)
    known = counted(instants, "instant")
    if len(answer.measured) > 1:
        known += f" over {counted(len(answer.measured), 'seed')}"
    yield f"Servers were lost at {tried:,} of the {known} that can matter{_of_the_others(plan)}."


def _of_the_others(plan: Plan) -> str:
    """What is known of the instants at which no server was lost; there is an answer."""
    assert plan.answer is not None
    measured = plan.answer.measured
    left = sum(one.left for one in measured)
    if not left:
        return ": all of them"
    doubt = next((one.doubt for one in measured if one.doubt is not None), None)
    if doubt is not None:
        first = "that are estimated to be worst" if doubt.is_estimated else "with most at stake"
        known = f"{_not_replayed(left)}, and nothing is certain of the others"
        return f", those {first} first; {known}, because {doubt.why}"
    bounds = [one.at_most for one in measured if one.at_most is not None]
    worse = [
        f"{target.name} up to {target.write(bound)}"
        for number, target in enumerate(plan.question.targets)
        if (bound := max(one[number] for one in bounds))
        > max(one.worst(number) for one in measured)
    ]
    if worse:
        return f"; a model of the store's queue estimates {', '.join(worse)} with the others"
    return "; no other loss is estimated to be worse, by a model of the store's queue"


def saving_text(plan: Plan, saved: Saving) -> str:
    """What jitter would save; there is an answer."""
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


def method_text(plan: Plan) -> Iterator[str]:
    """How the values were found, and where a larger cluster may do worse."""
    if plan.question.is_random:
        values = f"with their {CONFIDENCE:.0%} interval"
        yield f"Values are means or maxima over the seeds, {values}."
    else:
        yield "One replay decides each: nothing in the recording is drawn at random."
    if plan.question.has_faults:
        yield (
            "The recording breaks servers, links or the store. A larger cluster may do worse then, "
            "so that a smaller one than these may be enough, and a larger one may fail."
        )
    for small, large in plan.contradictions:
        yield f"{small} meets the target although {large} fails."


def load_text(plan: Plan) -> str:
    """How much work the load is."""
    messages = tables.count(len(plan.load.requests))
    return f"{messages} messages keep {plan.load.busy_workers:.2f} workers busy on average."


# --- rows


def candidate_rows(plan: Plan) -> Rows:
    """The clusters that were replayed, the smallest first."""
    question = plan.question
    names = [target.name for target in question.targets]
    further = ("p99 wait", "longest wait", "utilisation")
    more = [name for name in further if name not in names]
    numbers = ["in all", *names, *more, "seeds"]
    ranked = sorted(plan.candidates.values(), key=lambda one: (one.shape.in_all, one.shape))
    rows: list[list[str]] = []
    for one in ranked[:MOST_CANDIDATES]:
        figures = [found for measured in one.measured for found in measured.all]
        has = {
            "p99 wait": tables.span(max(found.p99_wait for found in figures)),
            "longest wait": tables.span(max(found.longest_wait for found in figures)),
            "utilisation": f"{max(found.utilisation for found in figures):.1%}",
        }
        is_smallest = one.shape in plan.smallest
        rows.append(
            [
                str(one.shape),
                str(one.shape.in_all),
                *(
                    _interval_text(target, one.interval(question, number))
                    for number, target in enumerate(question.targets)
                ),
                *(has[name] for name in more),
                str(len(one.measured)),
                one.decision + (", smallest" if is_smallest else ""),
            ]
        )
    return Rows(["servers × workers", *numbers, "target"], rows, numbers)


def load_rows(plan: Plan) -> Iterator[Rows]:
    """The bursts, and the services and jobs that fill the workers."""
    busiest = bursts.bursts(plan.load, MOST_BURSTS)
    rows: list[list[str]] = []
    for burst in busiest:
        named = ", ".join(burst.jobs[:MOST_NAMED])
        number = len(burst.jobs)
        jobs = str(number) if burst.least == number else f"{burst.least} to {number}"
        more = ", …" if number > MOST_NAMED else ""
        rows.append([burst.words, jobs, tables.span(burst.work), named + more])
    yield Rows(("busiest", "jobs due", "work", "of"), rows, ("jobs due", "work"))
    services, jobs_of = bursts.fillers(plan.load, MOST_FILLERS)
    are_same = [filler[1:] for filler in services] == [filler[1:] for filler in jobs_of]
    work = plan.load.work or 1
    numbers = ("runs", "worker time", "share")
    for what, fillers in (("service", services), ("job", [] if are_same else jobs_of)):
        filled = [
            [one.name, tables.count(one.runs), tables.span(one.work), f"{one.work / work:.1%}"]
            for one in fillers
        ]
        yield Rows((what, *numbers), filled, numbers)


def check_rows(plan: Plan, answer: Candidate) -> Rows:
    """The formulas beside the replay of the answer."""
    rows = [
        [
            check.name,
            check.formula,
            check.replay,
            "agrees" if check.agrees else f"parts: {check.why}",
        ]
        for check in formulas.checks(plan.load, answer.shape, answer.measured[0].figures)
    ]
    numbers = ("it has", "replayed")
    return Rows(("formula", *numbers, "verdict"), rows, numbers)
