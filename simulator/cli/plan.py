"""``gnomon plan``: the smallest clusters that meet a target over a recorded load."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

from gnomon.simulator.cli.observation import observation_in
from gnomon.simulator.cli.plan_report import report_parts, report_values
from gnomon.simulator.cli.plan_words import Answered
from gnomon.simulator.cli.replay import load
from gnomon.simulator.sizing import growth as growing
from gnomon.simulator.sizing import sampling, search, spreading, targets
from gnomon.simulator.sizing.measure import Measured, Task, measure
from gnomon.specs.cli import console
from gnomon.specs.cli.console import BadInput, examples
from gnomon.specs.cli.options import Json, RecordedLoad, ReportOut
from gnomon.specs.cli.pools import Dask, Processes, open_pool
from gnomon.specs.parallel.pool import PoolLost, in_order
from gnomon.specs.recording import writer
from gnomon.specs.recording.model import MOST_SERVERS, MOST_WORKERS, Recording

MOST_SEEDS = 1000

_RANGE = re.compile(r"(\d{1,6})(?:\.\.(\d{1,6}))?")


def add_to(app: typer.Typer) -> None:
    """Add the command to `app`."""
    epilog = examples(
        "gnomon plan sentry --target 'p99 wait <= 5s'",
        "gnomon plan sentry --target 'p99 wait <= 5s, backlog <= 50' --survive 1",
        "gnomon plan history.jsonl --target 'longest wait <= 1m' --growth 2x",
    )
    app.command("plan", epilog=epilog)(plan)


def plan(
    recording: RecordedLoad = None,
    target: Annotated[
        list[str] | None,
        typer.Option(
            "--target", metavar="T", help=f"Target, may be repeated; one of: {targets.FORMS}."
        ),
    ] = None,
    servers: Annotated[
        str, typer.Option("--servers", metavar="A..B", help="Numbers of servers to consider.")
    ] = "1..8",
    workers: Annotated[
        str,
        typer.Option(
            "--workers", metavar="A..B", help="Numbers of workers of each server to consider."
        ),
    ] = "1..16",
    survive: Annotated[
        int,
        typer.Option(
            "--survive", metavar="K", help="Number of servers that may be lost at the worst time."
        ),
    ] = 0,
    seeds: Annotated[
        int | None,
        typer.Option(
            "--seeds",
            metavar="N",
            help="Number of seeds at first; up to eight times as many, until each cluster is "
            f"decided.  [default: {sampling.USUAL_SEEDS}; 1 if nothing is drawn at random]",
        ),
    ] = None,
    growth: Annotated[
        list[str] | None,
        typer.Option(
            "--growth",
            metavar="G",
            help=f"Growth of the load, may be repeated; one of: {growing.FORMS}.",
        ),
    ] = None,
    processes: Processes = None,
    dask: Dask = None,
    recording_out: Annotated[
        Path | None,
        typer.Option(
            "--recording-out",
            metavar="FILE",
            help="Output file for the recording in the cluster of the answer, to replay.",
        ),
    ] = None,
    report: ReportOut = None,
    json: Json = False,
) -> None:
    """Find the smallest clusters that meet a target over a recorded load.

    Clusters are replayed in the simulator, with as many seeds as decide. A larger cluster does no
    worse, so only the border between those that meet the target and those that fail is replayed.
    With --survive, each cluster is also replayed while servers crash for good: as messages are
    published, have waited, or end, with the leader and without. A model of the store's queue
    estimates each such loss, and replays begin with the worst, until no other is estimated to be
    worse, or until a budget is used up: 50,000 messages for each cluster and seed. The answer names
    the worst instant, how many were tried, what is estimated of the others or why nothing is, and
    whether the budget leaves it unsure. An estimate is no proven bound.

    Exit status 0: a cluster meets the target; 1: none does within the ranges; 2: bad input.
    """
    if recording is None:
        raise BadInput(
            "RECORDING", ["it is missing; give a file, or a name that gnomon recordings lists"]
        )
    question = _question(recording, target, servers, workers, survive, seeds, growth)
    for file in (recording_out, report):
        if file is not None:
            console.require_output(file, Path(recording))
    answered = _answer(question, processes, dask, recording, tuple(growth or ()))
    if recording_out is not None and answered.plan.answer is not None:
        with console.open_output(recording_out, Path(recording)) as written:
            written.write(writer.to_toml(answered.recording).encode())
    if report is not None:
        _write_report(report, answered)
    if json:
        console.print_json(report_values(answered))
    else:
        console.print_parts(*report_parts(answered, recording_out))
    if answered.plan.answer is None:
        raise typer.Exit(1)


def _write_report(path: Path, answered: Answered) -> None:
    """Write the page of the answer; the recording is not overwritten. Raises BadInput."""
    from gnomon.simulator.cli.plan_page import plan_page  # noqa: PLC0415

    title = f"Plan: {answered.plan.question.recording.title or answered.source}"
    with console.spinner("drawing"), console.open_output(path, Path(answered.source)) as file:
        file.writelines(map(str.encode, plan_page(answered, title)))


def _answer(
    question: search.Question,
    processes: int | None,
    dask: str | None,
    source: str,
    growth: tuple[str, ...],
) -> Answered:
    """Search, with the state of the search on standard error."""
    began = console.now()
    try:
        with open_pool(processes, dask) as pool, console.status_line("planning") as show:

            def evaluate(tasks: Sequence[Task]) -> Iterator[Measured]:
                return in_order(pool, measure, ((task,) for task in tasks))

            found = search.plan(question, evaluate, show)
            show("looking for what jitter would save")
            saved = spreading.saving(found, evaluate)
    except PoolLost as error:
        where = "--processes" if dask is None else "--dask"
        raise BadInput(where, [str(error)]) from None
    return Answered(found, saved, source, growth, console.now() - began)


# --- options


def _question(
    name: str,
    target: list[str] | None,
    servers: str,
    workers: str,
    survive: int,
    seeds: int | None,
    growth: list[str] | None,
) -> search.Question:
    """What is asked. Raises BadInput."""
    if not target:
        raise BadInput("--target", [f"it is missing; give one or more of: {targets.FORMS}"])
    try:
        chosen = tuple(targets.parse(target))
    except ValueError as error:
        raise BadInput("--target", [str(error)]) from None
    _check_range("--survive", survive, 0, MOST_SERVERS - 1)
    number_of_servers = _range("--servers", servers, MOST_SERVERS)
    number_of_workers = _range("--workers", workers, MOST_WORKERS)
    if seeds is not None:
        _check_range("--seeds", seeds, 1, MOST_SEEDS)
    recording = _grown(_load(name), growth)
    least = search.least_servers(recording, survive)
    if number_of_servers[-1] < least:
        why = "to survive that" if least == survive + 1 else "because commands name them"
        raise BadInput("--servers", [f"at least {least} are needed, {why}; given was {servers}"])
    return search.Question(
        recording,
        chosen,
        survive,
        range(max(least, number_of_servers[0]), number_of_servers[-1] + 1),
        number_of_workers,
        sampling.USUAL_SEEDS if seeds is None else seeds,
    )


def _load(name: str) -> Recording:
    observation = observation_in(name)
    return load(name) if observation is None else observation.recording


def _grown(recording: Recording, growth: list[str] | None) -> Recording:
    if not growth:
        return recording
    try:
        return growing.grown(recording, growing.parse(growth))
    except ValueError as error:
        raise BadInput("--growth", [str(error)]) from None


def _range(option: str, text: str, most: int) -> range:
    """The numbers from A to B that ``A..B`` gives, or the one number. Raises BadInput."""
    form = _RANGE.fullmatch(text.strip())
    low, high = (int(form[1]), int(form[2] or form[1])) if form else (0, 0)
    if not 1 <= low <= high <= most:
        problem = f"it must be A..B or one number, from 1 to {most}; given was {text!r}"
        raise BadInput(option, [problem])
    return range(low, high + 1)


def _check_range(option: str, given: int, low: int, high: int) -> None:
    if not low <= given <= high:
        problem = f"it must be a whole number from {low} to {high}; given was {given}"
        raise BadInput(option, [problem])
