"""``python -m tests.twin``: runs live clusters, predicts each of them, and compares the figures.

Exit status 1: a prediction differs by more than is allowed; or a cluster did not work.
"""

import argparse
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from rich.console import Console

from gnomon.reference.schedule.clock import MINUTE
from gnomon.specs.trace.trace import Trace
from tests.benchmarks.figures.machine import this_machine
from tests.support.paths import ROOT
from tests.twin import report
from tests.twin.cluster.live import FAILURES, Shape, Trial, has_run, run_live
from tests.twin.cluster.load import SHORTEST_SPAN, draw_load
from tests.twin.comparison import compare, disagreements
from tests.twin.measures import Occurrence, measure, overheads, percentile, waits
from tests.twin.prediction import predict
from tests.twin.scenarios import SCENARIOS, Scenario

PAGE, README = ROOT / "specs" / "twin.md", ROOT / "README.md"
WIDTH = 150
"""Width of the output in characters, on any terminal."""
BUSY = 0.5
"""The load average for each core from which on the machine counts as busy."""

console = Console(width=WIDTH)


def main() -> int:
    """Run the scenarios; return exit status 1 if a prediction differs too much."""
    arguments = _arguments()
    signal.signal(signal.SIGTERM, _leave)
    signal.signal(signal.SIGINT, _leave)
    scenarios = [SCENARIOS[number - 1] for number in arguments.only or range(1, len(SCENARIOS) + 1)]
    setting = report.Setting(this_machine(), arguments.minutes, arguments.seed)
    _check_machine()
    folder = arguments.folder or Path(tempfile.mkdtemp(prefix="gnomon-twin-"))
    is_kept = True
    try:
        results = [
            result for each in scenarios if (result := _try(each, setting, folder)) is not None
        ]
        for columns, rows in (
            (report.FIGURE_COLUMNS, report.figure_rows(results)),
            (report.OVERHEAD_COLUMNS, report.overhead_rows(results)),
        ):
            console.print("", report.as_table(columns, rows))
        failed = len(results) < len(scenarios) or any(result.fails for result in results)
        if arguments.write and len(results) == len(scenarios):
            _write(setting, results)
        is_kept = failed or arguments.folder is not None
    finally:
        if is_kept:
            console.print(f"histories and logs are in {folder}", soft_wrap=True)
        else:
            shutil.rmtree(folder)
    return 1 if failed else 0


def _try(scenario: Scenario, setting: report.Setting, folder: Path) -> report.Result | None:
    """The result of a scenario; None if a cluster did not work. Both are printed."""
    title = f"load {scenario.load:g}, {scenario.title}"
    try:
        result = _result(scenario, setting, folder)
    except FAILURES as failure:
        console.print(f"{title}: a cluster did not work: {failure}", style="red", markup=False)
        return None
    for line in disagreements(title, result.compared):
        if scenario.is_modelled:
            console.print(line, style="red", markup=False)
        else:
            console.print(f"not modelled, and no failure: {line}", style="yellow", markup=False)
    if result.is_predicted:
        console.print(f"{title}: every figure is predicted within the bar", style="green")
    return result


def _write(setting: report.Setting, results: Sequence[report.Result]) -> None:
    """Write the tables into the page and into README."""
    page = report.page(PAGE.read_text("utf-8"), setting, results)
    readme = report.with_figures(README.read_text("utf-8"), results)
    PAGE.write_text(page, encoding="utf-8")
    README.write_text(readme, encoding="utf-8")


def _result(scenario: Scenario, setting: report.Setting, folder: Path) -> report.Result:
    """Record a cluster, predict one, and run that one too, unless it is the same."""
    span = round(setting.minutes * MINUTE)
    load = draw_load(scenario.busy, span, setting.seed, scenario.computing)

    def run(shape: Shape) -> Trial:
        name = f"{scenario.busy:.1f}-{scenario.computing}-{shape.servers}x{shape.workers}"
        place = folder / f"{setting.minutes:g}-{setting.seed}-{name}"
        how = "is there already" if has_run(place) else f"runs for {setting.minutes:g} min"
        console.print(
            f"{shape} workers, {scenario.busy:.1f} of them busy, {scenario.computing} % computing: "
            f"{len(load.jobs)} jobs, {load.runs} occurrences: {how}"
        )
        return run_live(load, shape, place)

    recorded, about_recorded = run(scenario.recorded)
    is_same = scenario.recorded == scenario.predicted
    actual, about = (recorded, about_recorded) if is_same else run(scenario.predicted)
    prediction = predict(recorded, scenario.predicted)
    live, simulated = Trace(actual), Trace(prediction)
    return report.Result(
        scenario,
        compare(
            measure(actual, about.begins, span),
            measure(prediction, about_recorded.begins, span),
        ),
        overheads(live),
        overheads(simulated),
        _off(_by_name(live, about.begins), _by_name(simulated, about_recorded.begins)),
        about.store_time // load.runs,
        max(about.load_average, about_recorded.load_average),
    )


def _by_name(trace: Trace, begins: int) -> dict[Occurrence, int]:
    """The wait of each occurrence (µs), by the name of its job and its instant in the trial."""
    names = {record.published.job: record.published.name for record in trace.messages.values()}
    return {(names[job], due - begins): wait for (job, due), wait in waits(trace).items()}


def _off(live: dict[Occurrence, int], simulated: dict[Occurrence, int]) -> tuple[int, int]:
    """By how much the waits of single runs differ: p50 and p99 (µs)."""
    ordered = sorted(abs(simulated[each] - live[each]) for each in live.keys() & simulated.keys())
    return percentile(ordered, 50), percentile(ordered, 99)


def _check_machine() -> None:
    """Print a warning if the machine has other work."""
    busy, cores = os.getloadavg()[0], os.cpu_count() or 1
    if busy > BUSY * cores:
        console.print(
            f"the machine has other work (load average {busy:.1f} on {cores} cores): the figures "
            "will be those of a busy machine",
            style="yellow",
        )


def _arguments() -> argparse.Namespace:
    listed = "\n".join(
        f"  {number}  load {each.load:g}, {each.title}" for number, each in enumerate(SCENARIOS, 1)
    )
    parser = argparse.ArgumentParser(
        prog="python -m tests.twin",
        description=f"{__doc__}\nscenarios:\n{listed}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--minutes", type=_minutes, default=2, help="span of each load  [2]")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--only",
        type=int,
        choices=range(1, len(SCENARIOS) + 1),
        metavar="N",
        action="append",
        help="one scenario; repeatable",
    )
    parser.add_argument(
        "--folder",
        type=Path,
        help="keep the histories here; a trial that is here already is not run again",
    )
    parser.add_argument(
        "--write", action="store_true", help="write specs/twin.md, and the table in README"
    )
    chosen = parser.parse_args()
    try:
        if chosen.folder is not None:
            chosen.folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        parser.error(f"--folder: {chosen.folder} cannot be made: {error.strerror}")
    if chosen.write and chosen.only:
        parser.error("--write: the page holds all scenarios, without --only")
    return chosen


def _minutes(text: str) -> float:
    """A span in minutes. Raises ArgumentTypeError if it is too short for a burst."""
    try:
        minutes = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no number") from None
    if not SHORTEST_SPAN <= minutes * MINUTE <= LONGEST_MINUTES * MINUTE:
        allowed = f"{SHORTEST_SPAN / MINUTE:g} to {LONGEST_MINUTES}"
        raise argparse.ArgumentTypeError(f"it must be {allowed}; given was {text}")
    return minutes


LONGEST_MINUTES = 60


def _leave(number: int, _: object) -> NoReturn:
    """Raise SystemExit, so that every block ends what it has started."""
    raise SystemExit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
