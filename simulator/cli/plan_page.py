"""The answer of ``gnomon plan`` as a self-contained page, with the time line of its replay."""

from collections.abc import Iterator

from gnomon.simulator.cli.plan_words import (
    Answered,
    candidate_rows,
    check_rows,
    load_rows,
    load_text,
    losses_text,
    method_text,
    saving_text,
    sentence,
)
from gnomon.simulator.sizing import measure
from gnomon.simulator.sizing.measure import Shape
from gnomon.simulator.sizing.search import Plan
from gnomon.specs.render.documents.page import Section, as_text, page, table, timeline_section
from gnomon.specs.render.documents.report import figures
from gnomon.specs.render.strings import counted
from gnomon.specs.render.timeline.picture import picture_of
from gnomon.specs.rules import judge_trace

LARGEST_GRID = 32
"""The most servers, and the most workers, of the grid of clusters; it ends there."""


def plan_page(answered: Answered, title: str) -> Iterator[str]:
    """The page of a plan, in pieces: the answer, the clusters, the load, the replay of the answer.

    If there is no answer, it has the replay of the nearest failure.
    """
    plan, question = answered.plan, answered.plan.question
    targets = ", ".join(map(str, question.targets))
    lead = [f"Target: {targets}.", *_asked(answered), sentence(plan)]
    sections = [*_clusters(plan), *_load(answered)]
    replayed = plan.answer or plan.nearest_failure
    if replayed is not None:
        task = measure.Task(question.recording, replayed.shape, question.recording.seed, ())
        trace = measure.trace_of(task.to_replay)
        picture = picture_of(trace, judge_trace(trace))
        heading = f"The replay of {replayed.shape}"
        sections.append(Section(heading, [f"<p>{as_text(x)}</p>" for x in picture.headline]))
        sections += figures(picture)
        sections.append(timeline_section(picture, heading))
    return page(title, sections, lead)


def _asked(answered: Answered) -> Iterator[str]:
    """What was asked beside the targets."""
    survive = answered.plan.question.survive
    if answered.growth:
        yield f"Growth of the load: {', '.join(answered.growth)}."
    if survive:
        yield f"Servers that are lost at the worst time: {survive}."


def _clusters(plan: Plan) -> Iterator[Section]:
    words = as_text(" ".join([*method_text(plan), *losses_text(plan)]))
    yield Section("Clusters", [_grid(plan), f"<p>{words}</p>", table(*candidate_rows(plan))])


def _grid(plan: Plan) -> str:
    """Servers beside workers: which clusters meet the targets, and which of them were replayed."""
    question = plan.question
    servers = [number for number in question.servers if number <= LARGEST_GRID]
    workers = [number for number in question.workers if number <= LARGEST_GRID]
    if not servers or not workers:
        return ""
    rows = [
        [str(number), *(_cell(plan, Shape(row, number)) for row in servers)] for number in workers
    ]
    columns = ["workers each", *(counted(number, "server") for number in servers)]
    words = (
        "<p>Each cell is a cluster. A value of the first target: it was replayed. ✓ meets the "
        "target and ✗ fails, as follows from smaller or larger ones. The smallest are marked *.</p>"
    )
    return words + table(columns, rows, right=columns)


def _cell(plan: Plan, shape: Shape) -> str:
    candidate = plan.candidates.get(shape)
    if candidate is None:
        met = any(
            one.servers <= shape.servers and one.workers <= shape.workers for one in plan.smallest
        )
        return "✓" if met else "✗"
    value = plan.question.targets[0].write(candidate.interval(plan.question, 0).value)
    mark = {"meets": "✓", "fails": "✗"}.get(candidate.decision, "?")
    return f"{value} {mark}{'*' if shape in plan.smallest else ''}"


def _load(answered: Answered) -> Iterator[Section]:
    plan = answered.plan
    html = f"<p>{load_text(plan)}</p>"
    html += "".join(table(*rows) for rows in load_rows(plan) if rows.rows)
    if answered.saved is not None:
        html += f"<p>{as_text(saving_text(plan, answered.saved))}</p>"
    yield Section("The load", [html])
    if plan.answer is not None:
        yield Section("Formulas", [table(*check_rows(plan, plan.answer))])
