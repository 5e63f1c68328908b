"""How fast a search is, and the cost of judging: part of ``tox -e bench``.

The one idea: the benchmark replays and judges the same worlds in turns and prints medians. The
worlds are those of the first seeds, as drawn; and once more in the shape for which the target is
set: 3 servers and 20 jobs that run throughout, with the faults that were drawn.
"""

import gc
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from resource import RUSAGE_SELF, getrusage
from statistics import median
from time import perf_counter, process_time

from msgspec.structs import replace

from gnomon.reference.jobs import Definition
from gnomon.reference.schedule.clock import HOUR, SECOND
from gnomon.simulator.explore.explorer import Search
from gnomon.simulator.explore.scopes import SCOPES, Scope
from gnomon.simulator.fuzz.generator import drawn_from
from gnomon.simulator.fuzz.judge import try_seed
from gnomon.simulator.fuzz.sources import Drawn
from gnomon.simulator.world.replay import replay
from gnomon.specs.recording.commands import JobCommand, ServerCommand
from gnomon.specs.recording.model import JobSpec, Recording
from gnomon.specs.rules import judge

SEEDS = range(150)
JOBS = 20
PERIODS = (10, 15, 20, 30, 60)


def in_target_shape(drawn: Recording) -> Recording:
    """The drawn faults in a cluster of 3 servers with 20 jobs."""
    cluster = replace(drawn.cluster, servers=3)
    service = drawn.services[0].name
    jobs = tuple(
        JobSpec(
            f"job {number}",
            Definition(
                name=f"job {number}",
                job_type="interval_based",
                service=service,
                start_date=drawn.start + number * SECOND // 2,
                seconds=PERIODS[number % len(PERIODS)],
            ),
        )
        for number in range(JOBS)
    )
    commands = tuple(
        command
        for command in drawn.commands
        if not isinstance(command, JobCommand)
        if not isinstance(command, ServerCommand) or command.server in cluster.server_names
    )
    return replace(drawn, cluster=cluster, jobs=jobs, commands=commands)


def timed(call: Callable[[], object]) -> float:
    """The duration of a call (s)."""
    gc.collect()
    began = perf_counter()
    call()
    return perf_counter() - began


def print_worlds(what: str, worlds: Sequence[Recording], turns: int) -> None:
    """Print how fast worlds are simulated, and the cost of judging them."""
    hours = sum(world.until - world.start for world in worlds) / HOUR
    histories = [replay(world) for world in worlds]
    events = sum(len(history.events) for history in histories)
    simulating, judging = [], []
    for _ in range(turns):
        simulating.append(timed(lambda: [replay(world) for world in worlds]))
        judging.append(timed(lambda: [judge(history) for history in histories]))
    seconds, share = median(simulating), median(map(float.__truediv__, judging, simulating))
    print(
        f"{what}: {len(worlds)} worlds, {hours:,.1f} cluster-hours, {events:,} events\n"
        f"  simulated {hours / seconds:,.0f} cluster-hours/s, {len(worlds) / seconds:,.0f} runs/s; "
        f"judging adds {share:.2f} of that time"
    )


def main(turns: int) -> None:
    """Print the figures."""
    drawn = [drawn_from(seed, "durable") for seed in SEEDS]
    print_worlds("\nswarm, as drawn", drawn, turns)
    print_worlds("swarm, 3 servers and 20 jobs", list(map(in_target_shape, drawn)), turns)
    searching = [timed(lambda: [try_seed(s, Drawn()) for s in SEEDS]) for _ in range(turns)]
    print(f"searched, from drawing to judging: {len(SEEDS) / median(searching):,.0f} runs/s a core")
    print_exploration()


def print_exploration() -> None:
    """Print how fast each scope is explored, each in a process of its own, and what it takes."""
    context = get_context("spawn")
    for name, scope in SCOPES.items():
        with ProcessPoolExecutor(1, context) as pool:
            states, seconds, memory = pool.submit(explored, scope).result()
        print(
            f"explored, scope {name}: {states:,} states, {states / seconds:,.0f} states/s, "
            f"{memory / states:,.0f} bytes a state"
        )
    print()


def explored(scope: Scope) -> tuple[int, float, int]:
    """The states of a scope, the time that it takes (s of this process), and the memory (bytes)."""
    before, began = peak(), process_time()
    states = Search(scope).run().states
    return states, process_time() - began, peak() - before


def peak() -> int:
    """The most memory that this process has used so far (bytes)."""
    return getrusage(RUSAGE_SELF).ru_maxrss * 1024
