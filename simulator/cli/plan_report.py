"""The answer of ``gnomon plan``, as text and as values."""

from collections.abc import Iterator
from pathlib import Path
from shlex import quote

import msgspec
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from gnomon.reference.schedule.clock import write_instant
from gnomon.simulator.cli.plan_words import (
    MOST_BURSTS,
    MOST_FILLERS,
    Answered,
    Rows,
    candidate_rows,
    check_rows,
    failure_text,
    load_rows,
    load_text,
    losses_text,
    losses_unsure,
    method_text,
    saving_text,
    sentence,
)
from gnomon.simulator.sizing import bursts, formulas
from gnomon.simulator.sizing.bursts import Filler
from gnomon.simulator.sizing.measure import Measured
from gnomon.simulator.sizing.search import Candidate, Plan, Question
from gnomon.simulator.sizing.spreading import Saving
from gnomon.specs.render import tables
from gnomon.specs.render.strings import printable

# --- text


def report_parts(answered: Answered, written: Path | None) -> Iterator[RenderableType]:
    """The answer as text and tables: the sentence, the clusters, why, and the formulas."""
    plan = answered.plan
    yield Text(sentence(plan), "bold" if plan.answer else "bold red")
    yield ""
    yield _table(candidate_rows(plan))
    yield from method_text(plan)
    yield from losses_text(plan)
    yield ""
    yield load_text(plan)
    for rows in load_rows(plan):
        if rows.rows:
            yield ""
            yield _table(rows)
    if answered.saved is not None:
        yield ""
        yield saving_text(plan, answered.saved)
    if plan.answer is None:
        return
    yield ""
    yield _table(check_rows(plan, plan.answer))
    yield ""
    if written is not None:
        yield f"To confirm it: gnomon replay {quote(str(written))}"
    elif answered.command is not None:
        yield f"To confirm it: {answered.command}"
    else:
        yield "To confirm it: --recording-out FILE, then gnomon replay FILE"


def _table(rows: Rows) -> Table:
    table = tables.table(*rows.columns, right=rows.right)
    for row in rows.rows:
        cells = (printable(cell) for cell in row)
        table.add_row(*cells, style="dim" if row[-1] in {"fails", "undecided"} else "")
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
        "is_sure": answer is not None and not losses_unsure(plan),
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
        "replays": [_replay_values(question, one) for one in candidate.measured],
    }


def _replay_values(question: Question, one: Measured) -> dict[str, object]:
    """The figures without a loss, and with the worst loss for each target.

    `at_most` is an estimate of the values with all losses, and no proven bound. If there is none,
    `doubt` is why.
    """
    names = [target.name for target in question.targets]
    worst = {one.worst_loss(number) for number in range(len(names))}
    return {
        **_without_causes(msgspec.to_builtins(one.figures)),
        "losses": {
            words: _without_causes(msgspec.to_builtins(figures))
            for words, figures in one.with_losses
            if words in worst
        },
        "losses_replayed": len(one.with_losses),
        "losses_left": one.left,
        "instants": one.instants,
        "instants_tried": one.tried,
        "at_most": None if one.at_most is None else dict(zip(names, one.at_most, strict=True)),
        "doubt": None if one.doubt is None else one.doubt.why,
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
