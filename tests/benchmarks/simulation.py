"""How fast the simulator is, compared with a bare heap and SimPy: ``tox -e bench``.

The one idea: machines are noisy, so all candidates are timed in one run, in turns, and the table
gives medians and ratios. All do the same work: 1,000 jobs of 60 s, with evenly staggered starts, 3
servers × 4 workers, 500 ms a run.

    heapq       the minimum of a discrete simulation: an event for the due instant, one for the end
                of the run, a queue and a count of free workers
    SimPy       a process per job and per run, a resource for the workers; no store, no leader, no
                history
    gnomon      the full protocol and a history in memory, without latency, and with links of 1 ms
    + rules     the same, and every rule checked
"""

import argparse
import gc
import resource
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Callable
from heapq import heappop, heappush
from statistics import median
from time import perf_counter

import simpy

from gnomon.reference.history import Writer
from gnomon.reference.schedule.clock import (
    DAY,
    HOUR,
    MILLISECOND,
    MINUTE,
    read_instant,
    write_instant,
)
from gnomon.simulator.world.replay import header_of, replay, simulate
from gnomon.specs.recording.format import FORMAT
from gnomon.specs.recording.model import Recording
from gnomon.specs.recording.reader import interpret
from gnomon.specs.rules import judge
from tests.benchmarks import search

JOBS = 1_000
INTERVAL = MINUTE
SERVICE = 500 * MILLISECOND
SERVERS, WORKERS = 3, 4
START = "2026-01-01T00:00:00Z"


def recording(span: int, latency: str = "0s") -> Recording:
    """The work, over `span` µs."""
    start = read_instant(START)
    return interpret(
        {
            "format": FORMAT,
            "from": START,
            "until": write_instant(start + span),
            "cluster": {"servers": SERVERS, "workers": WORKERS, "latency": latency},
            "service": [{"name": "work", "duration": "500ms"}],
            "job": [
                {
                    "name": f"job {number:04d}",
                    "job_type": "interval_based",
                    "service": "work",
                    "start_date": write_instant(start + number * INTERVAL // JOBS),
                    "seconds": 60,
                }
                for number in range(JOBS)
            ],
        }
    )


def bare_heap(span: int) -> int:
    """The number of runs that a heap, a queue and a counter complete."""
    heap: list[tuple[int, int, int]] = []
    for job in range(JOBS):
        heappush(heap, (job * INTERVAL // JOBS, job, job))
    number, free, finished = JOBS, SERVERS * WORKERS, 0
    waiting: deque[int] = deque()
    while heap[0][0] < span:
        now, _, job = heappop(heap)
        number += 1
        if job >= 0:
            heappush(heap, (now + INTERVAL, number, job))
            number += 1
            if free:
                free -= 1
                heappush(heap, (now + SERVICE, number, -1))
            else:
                waiting.append(job)
        else:
            finished += 1
            if waiting:
                waiting.popleft()
                heappush(heap, (now + SERVICE, number, -1))
            else:
                free += 1
    return finished


def with_simpy(span: int) -> int:
    """The number of runs that SimPy completes."""
    env = simpy.Environment()
    workers = simpy.Resource(env, SERVERS * WORKERS)
    finished = 0

    def run() -> simpy.events.ProcessGenerator:
        nonlocal finished
        with workers.request() as worker:
            yield worker
            yield env.timeout(SERVICE)
        finished += 1

    def job(number: int) -> simpy.events.ProcessGenerator:
        yield env.timeout(number * INTERVAL // JOBS)
        while True:
            env.process(run())
            yield env.timeout(INTERVAL)

    for number in range(JOBS):
        env.process(job(number))
    env.run(until=span)
    return finished


def in_memory(latency: str) -> Callable[[int], int]:
    """This simulator, with its history in memory."""

    def simulated(span: int) -> int:
        return len(replay(recording(span, latency)).events) // 4

    return simulated


def judged(span: int) -> int:
    """This simulator, and every rule."""
    history = replay(recording(span))
    assert not any(finding.violations for finding in judge(history).values())
    return len(history.events) // 4


CANDIDATES: dict[str, Callable[[int], int]] = {
    "bare heapq loop": bare_heap,
    "SimPy, queue and workers only": with_simpy,
    "gnomon, full protocol and history": in_memory("0s"),
    "gnomon, the same over links of 1 ms": in_memory("1ms"),
    "gnomon, full, and all rules checked": judged,
}


def streamed(span: int) -> None:
    """Run this simulator with its history streamed to a file; print runs and peak memory."""
    whole = recording(span)
    with tempfile.TemporaryFile() as file:
        writer = Writer(header_of(whole, (whole.start, whole.until)), file)
        began = perf_counter()
        simulate(whole, writer.record)
        writer.close()
        seconds = perf_counter() - began
        size = file.tell()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    runs = writer.events // 4
    print(
        f"streamed to a file, {span // HOUR} h: {runs:,} runs, "
        f"{runs / seconds:,.0f} runs/s, {size / runs:,.0f} bytes a run, "
        f"peak memory {peak / 1024:,.0f} MiB"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--hours", type=int, default=24, help="simulated hours in each turn")
    parser.add_argument("--turns", type=int, default=3, help="measurements of each candidate")
    parser.add_argument("--streamed", type=int, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.streamed:
        streamed(chosen.streamed * HOUR)
        return
    # First, and in a process of its own, so that its peak memory is its own.
    command = [sys.executable, "-m", "tests.benchmarks.simulation", "--streamed", str(DAY // HOUR)]
    subprocess.run(command, check=True)
    search.main(chosen.turns)
    span = chosen.hours * HOUR
    rates: dict[str, list[float]] = {name: [] for name in CANDIDATES}
    for _ in range(chosen.turns):
        for name, run in CANDIDATES.items():
            gc.collect()
            began = perf_counter()
            runs = run(span)
            rates[name].append(runs / (perf_counter() - began))
    beside = rates["SimPy, queue and workers only"]
    print(f"\n{chosen.hours} simulated hours, {chosen.turns} turns; runs/s, median (min to max)\n")
    for name, rate in rates.items():
        ratio = median(own / other for own, other in zip(rate, beside, strict=True))
        print(
            f"{name:38} {median(rate):10,.0f}  ({min(rate):,.0f} to {max(rate):,.0f})"
            f"   {ratio:5.2f} × SimPy"
        )


if __name__ == "__main__":
    main()
