"""``python -m tests.nemesis``: long trials; prints their faults, figures and discrepancies."""

import argparse
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from typing import NoReturn, get_args

from rich.console import Console

from gnomon.reference.schedule.clock import MINUTE, SECOND
from gnomon.specs.render.tables import broken_rules, rules_table, verdict_line
from tests.nemesis.faults.plan import FAULT_KINDS
from tests.nemesis.report import tables
from tests.nemesis.trial import Scenario, Settings, run_trial

WIDTH = 120
"""Width of the output in characters, on any terminal."""


def main() -> int:
    """Run the trials; return exit status 1 if a rule is broken or a discrepancy was found."""
    arguments = _arguments()
    signal.signal(signal.SIGTERM, _leave)
    signal.signal(signal.SIGINT, _leave)
    scenarios = get_args(Scenario) if arguments.scenario == "all" else [arguments.scenario]
    results = [_try(arguments, scenario, len(scenarios)) for scenario in scenarios]
    return 0 if all(results) else 1


def _try(arguments: argparse.Namespace, scenario: Scenario, shares: int) -> bool:
    settings = Settings(
        scenario=scenario,
        seed=arguments.seed,
        fault_kinds=FAULT_KINDS[scenario],
        duration=round(arguments.minutes * MINUTE / shares),
        servers=arguments.servers,
        lease=3 * SECOND,
    )
    console = Console(width=WIDTH)
    folder = Path(tempfile.mkdtemp(prefix="gnomon-nemesis-"))
    is_kept = True
    try:
        report = run_trial(settings, folder)
        for table in tables(report):
            console.print(table, "")
        found = report.findings
        for part in (rules_table(found), "", verdict_line(found), *broken_rules(found)):
            console.print(part)
        for line in report.broken:
            console.print(line, style="red", markup=False)
        is_kept = bool(report.broken)
    except AssertionError as failure:
        console.print(f"the trial did not end: {failure}", style="red", markup=False)
    finally:
        if is_kept:
            console.print(f"history, run log and logs are in {folder}", soft_wrap=True)
        else:
            shutil.rmtree(folder)
    return not is_kept


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.nemesis", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10, help="total minutes of faults")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--servers", type=int, default=4, choices=range(3, 17), metavar="3…16")
    parser.add_argument("--scenario", choices=[*get_args(Scenario), "all"], default="all")
    return parser.parse_args()


def _leave(number: int, _: object) -> NoReturn:
    """Raise SystemExit, so that every block ends what it has started."""
    raise SystemExit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
