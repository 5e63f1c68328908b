"""How many no-op runs a second two worker processes get through.

The one idea: everything is enqueued first; then two worker processes are started at once, and each
run marks the instant at which it completes (`inside.mark`). The rate is taken from the first mark
to the last, so neither starting up nor enqueuing counts. The server has the same cores to run on
as the workers.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.benchmarks.live.contest import CannotMeasure
from tests.benchmarks.live.inside import MARKS, URL, WIDTH, read_marks
from tests.benchmarks.live.processes import Started, all_started, calling, started

PATIENCE = 60.0
POLL = 0.05


def runs_per_second(
    url: str, runs: int, enqueue: Sequence[str], workers: Sequence[Sequence[str]]
) -> float:
    """The rate at which `workers` complete what the command `enqueue` has enqueued.

    Raises:
        CannotMeasure: a process failed, took longer than a minute, or ran something twice.
    """
    with marks_file() as path:
        surroundings = {URL: url, MARKS: str(path)}
        with started(enqueue, surroundings) as producer:
            producer.must_succeed(PATIENCE)
        with all_started(workers, surroundings) as processes:
            wait_for_marks(path, runs, processes)
        instants = read_marks(path)
    if len(instants) != runs:
        raise CannotMeasure(f"{len(instants):,} runs of {runs:,} enqueued")
    return rate(instants)


def wait_for_marks(path: Path, runs: int, processes: Sequence[Started]) -> None:
    """Wait until so many runs have completed."""
    until = time.monotonic() + PATIENCE
    while (done := path.stat().st_size // WIDTH) < runs:
        for process in processes:
            process.must_live()
        if time.monotonic() > until:
            raise CannotMeasure(f"{done:,} runs of {runs:,} within {PATIENCE:g} s")
        time.sleep(POLL)


def marks_per_second(marks: int = 200_000) -> float:
    """What counting itself costs: the rate of marks in a bare loop of one process."""
    with marks_file() as path:
        with started(calling("inside", "mark_often", marks), {MARKS: str(path)}) as process:
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
    """How many a second came after the first; instants in ns."""
    return (len(instants) - 1) / (max(instants) - min(instants)) * 1e9
