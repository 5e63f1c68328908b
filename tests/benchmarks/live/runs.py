"""How many no-op runs a second two worker processes complete.

The one idea: the benchmark enqueues everything first, then starts two worker processes at once.
Each run marks the instant of its completion (`measured_process.mark`). The rate is measured from
the first mark to the last, so neither start-up nor enqueuing counts. The server and the workers
share the same cores.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.benchmarks.live.comparison import CannotMeasure
from tests.benchmarks.live.measured_process import MARKS, URL, WIDTH, read_marks
from tests.benchmarks.live.processes import Started, all_started, calling, started

PATIENCE = 60.0
POLL = 0.05


def runs_per_second(
    url: str, runs: int, enqueue: Sequence[str], workers: Sequence[Sequence[str]]
) -> float:
    """The rate at which `workers` complete the runs that the command `enqueue` enqueues.

    Raises:
        CannotMeasure: a process failed, took longer than a minute, or ran something twice.
    """
    with marks_file() as path:
        environment = {URL: url, MARKS: str(path)}
        with started(enqueue, environment) as producer:
            producer.must_succeed(PATIENCE)
        with all_started(workers, environment) as processes:
            wait_for_marks(path, runs, processes)
        instants = read_marks(path)
    if len(instants) != runs:
        raise CannotMeasure(f"{len(instants):,} runs of {runs:,} enqueued")
    return rate(instants)


def wait_for_marks(path: Path, runs: int, processes: Sequence[Started]) -> None:
    """Wait until this many runs have completed."""
    until = time.monotonic() + PATIENCE
    while (done := path.stat().st_size // WIDTH) < runs:
        for process in processes:
            process.must_live()
        if time.monotonic() > until:
            raise CannotMeasure(f"{done:,} runs of {runs:,} within {PATIENCE:g} s")
        time.sleep(POLL)


def marks_per_second(marks: int = 200_000) -> float:
    """The cost of counting: the rate of marks in a bare loop of one process."""
    with marks_file() as path:
        command = calling("measured_process", "mark_often", marks)
        with started(command, {MARKS: str(path)}) as process:
            process.must_succeed(PATIENCE)
        return rate(read_marks(path))


@contextmanager
def marks_file() -> Iterator[Path]:
    """An empty file for marks."""
    with TemporaryDirectory(prefix="bench-") as folder:
        path = Path(folder, "marks")
        path.touch()
        yield path


def rate(instants: Sequence[int]) -> float:
    """Instants after the first per second; instants in ns."""
    return (len(instants) - 1) / (max(instants) - min(instants)) * 1e9
