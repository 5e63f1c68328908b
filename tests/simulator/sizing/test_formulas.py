"""Formulas: by printed values, and beside replays of loads that satisfy their assumptions."""

import math
from random import Random

import pytest
from msgspec.structs import replace

from gnomon.reference.schedule.clock import HOUR, MILLISECOND, SECOND
from gnomon.simulator.sizing.figures import figures_of
from gnomon.simulator.sizing.formulas import checks, erlang_c_wait, variation_of
from gnomon.simulator.sizing.measure import Shape, trace_of
from gnomon.simulator.sizing.queue_model import Load, load_of
from gnomon.simulator.sizing.targets import parse
from gnomon.specs.recording.commands import Execute
from gnomon.specs.recording.model import ClusterSpec, Fixed, Recording, Samples, ServiceSpec
from gnomon.specs.trace.trace import Trace
from tests.simulator.sizing.loads import START, job, recording

TARGETS = parse(["p99 wait <= 1s"])


@pytest.mark.parametrize(("offered", "workers"), [(0.5, 1), (1.5, 2), (8.0, 10), (45.0, 50)])
def test_erlang_c_is_its_definition(offered: float, workers: int) -> None:
    """By the sum of the definition, in whole numbers and fractions of factorials."""
    last = offered**workers / math.factorial(workers) * workers / (workers - offered)
    total = sum(offered**number / math.factorial(number) for number in range(workers))
    waits = last / (total + last)
    assert erlang_c_wait(offered, 1.0, workers) == pytest.approx(waits / (workers - offered))


def test_a_queue_with_too_few_workers_has_no_end() -> None:
    assert erlang_c_wait(2.0, 1.0, 2) is None and erlang_c_wait(3.0, 1.0, 2) is None


def poisson(rate: float, mean: float, hours: int, seed: int) -> Recording:
    """A job that is run on demand at Poisson instants (`rate` a second), for exponential times."""
    stream = Random(seed)
    commands: list[Execute] = []
    at = float(START)
    while (at := at + stream.expovariate(rate) * SECOND) < START + hours * HOUR:
        commands.append(Execute(at=round(at), job="j0"))
    durations = tuple(max(round(stream.expovariate(1 / mean) * SECOND), 1) for _ in commands)
    return Recording(
        start=START,
        until=START + hours * HOUR,
        cluster=ClusterSpec(servers=1, workers=3, latency=Fixed(MILLISECOND)),
        jobs=(job(0, is_active=False),),
        services=(ServiceSpec(name="work", duration=Samples(durations)),),
        commands=tuple(commands),
    )


def test_a_replay_of_poisson_arrivals_agrees_with_every_formula() -> None:
    """M/M/3 with 80 % of the workers busy: an oracle for the simulator that is not ours."""
    load, trace = replayed(poisson(rate=1.2, mean=2.0, hours=3, seed=5))
    found = checks(load, Shape(1, 3), figures_of(trace, TARGETS))
    assert [check.name for check in found if not check.agrees] == []
    assert len(found) == 4
    variation = variation_of(load)
    assert 0.8 < variation.arrivals < 1.2 and 0.8 < variation.durations < 1.2


def replayed(recording: Recording) -> tuple[Load, Trace]:
    """The load and the trace of a replay."""
    trace = trace_of(recording)
    return load_of(trace, recording), trace


def test_a_schedule_is_no_poisson_process_and_the_check_names_why() -> None:
    small = recording(jobs=12, minutes=3)
    load, trace = replayed(small)
    found = {check.name: check for check in checks(load, Shape(2, 2), figures_of(trace, TARGETS))}
    erlang = found["Erlang C, mean wait"]
    assert not erlang.agrees
    assert "arrivals are not Poisson" in erlang.why and "up to 12 jobs at once" in erlang.why
    assert "durations are not exponential" in erlang.why
    assert found["Little's law, backlog × time = waits"].agrees


def test_an_overload_has_no_steady_wait() -> None:
    small = recording(jobs=12, minutes=3)
    load, trace = replayed(small)
    found = {check.name: check for check in checks(load, Shape(1, 1), figures_of(trace, TARGETS))}
    assert found["Kingman, mean wait"].formula == "no end"
    assert not found["utilisation law"].agrees


def test_work_that_has_not_ended_is_named() -> None:
    small = recording(jobs=12, minutes=3)
    cluster = replace(small.cluster, servers=1, workers=1)
    load, trace = replayed(replace(small, cluster=cluster))
    utilisation, *_ = checks(load, Shape(1, 1), figures_of(trace, TARGETS))
    assert utilisation.why == "not all runs had ended when the recording ended"
