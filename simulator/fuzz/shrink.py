"""Shrinking: from a recording that breaks a rule to the smallest one found that still does.

The one idea: try a simpler recording, keep it if it breaks the same rule, and repeat until no
simpler one does (delta debugging: Zeller and Hildebrandt, 2002). The order and the number of the
attempts are fixed, so a recording always shrinks to the same one. Hypothesis shrinks choices, not
recordings, and only of recordings that it drew itself; so this is our own.

    less        without all commands, jobs, services; without half of them; without each one
    fewer       servers, workers
    shorter     an earlier end, a later start
    simpler     round numbers, short durations, default definitions
"""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from msgspec.structs import replace

from gnomon.reference.jobs import Definition
from gnomon.reference.schedule.clock import MILLISECOND, MINUTE, SECOND
from gnomon.simulator.fuzz.consistent import consistent
from gnomon.specs.recording.commands import Command, DisturbServer, LastingFault
from gnomon.specs.recording.model import (
    ClusterSpec,
    Fixed,
    JobSpec,
    Recording,
    ServiceSpec,
    Spread,
    longest,
)

T = TypeVar("T")
Breaks = Callable[[Recording], bool]

MOST_ATTEMPTS = 600


def shrink(recording: Recording, breaks: Breaks, attempts: int = MOST_ATTEMPTS) -> Recording:
    """The smallest recording found that still `breaks`, in at most that many `attempts`."""
    tried = {recording.digest}
    left = attempts

    def first_that_breaks(candidates: Iterator[Recording]) -> Recording | None:
        nonlocal left
        for candidate in candidates:
            if left == 0:
                return None
            if candidate.digest in tried:
                continue
            tried.add(candidate.digest)
            left -= 1
            if breaks(candidate):
                return candidate
        return None

    is_smaller = True
    while is_smaller and left > 0:
        is_smaller = False
        for simpler in PASSES:
            while (found := first_that_breaks(simpler(recording))) is not None:
                recording, is_smaller = found, True
    return recording


# --- less


def _without_parts(parts: tuple[T, ...]) -> Iterator[tuple[T, ...]]:
    """`parts` without half of them, a quarter, … and without each single one."""
    size = len(parts)
    while size:
        for start in range(0, len(parts), size):
            yield parts[:start] + parts[start + size :]
        size //= 2


def _fewer_commands(recording: Recording) -> Iterator[Recording]:
    for commands in _without_parts(recording.commands):
        yield replace(recording, commands=commands)


def _fewer_jobs(recording: Recording) -> Iterator[Recording]:
    for jobs in _without_parts(recording.jobs):
        yield consistent(replace(recording, jobs=jobs))


def _fewer_services(recording: Recording) -> Iterator[Recording]:
    """Without a service: the jobs that named it name the first of the others."""
    for services in _without_parts(recording.services):
        if services:
            yield consistent(replace(recording, services=services))


# --- fewer, shorter


def _fewer_servers(recording: Recording) -> Iterator[Recording]:
    yield from _smaller_cluster(recording, "servers")


def _fewer_workers(recording: Recording) -> Iterator[Recording]:
    yield from _smaller_cluster(recording, "workers")


def _smaller_cluster(recording: Recording, what: str) -> Iterator[Recording]:
    for number in range(1, getattr(recording.cluster, what)):
        cluster = replace(recording.cluster, **{what: number})
        yield consistent(replace(recording, cluster=cluster))


def _earlier_end(recording: Recording) -> Iterator[Recording]:
    start, until = recording.start, recording.until
    for end in _simpler_numbers(until - start, SECOND):
        if end > 0:
            yield _within(recording, start, start + end)


def _later_start(recording: Recording) -> Iterator[Recording]:
    length = recording.until - recording.start
    for shorter in _simpler_numbers(length, SECOND):
        if shorter > 0:
            yield _within(recording, recording.until - shorter, recording.until)


def _within(recording: Recording, start: int, until: int) -> Recording:
    """`recording` cut down to [start, until)."""
    commands = tuple(command for command in recording.commands if start <= command.at < until)
    return consistent(replace(recording, start=start, until=until, commands=commands))


# --- simpler


def _simpler_numbers(number: int, unit: int) -> Iterator[int]:
    """Smaller numbers than `number`, in whole units, from the smallest."""
    for divisor in (0, 8, 4, 2):
        smaller = number // divisor // unit * unit if divisor else 0
        if smaller < number:
            yield smaller
    rounded = number // unit * unit
    if rounded < number:
        yield rounded
    elif number >= unit:
        yield number - unit


def _plainer_services(recording: Recording) -> Iterator[Recording]:
    for number, service in enumerate(recording.services):
        for plainer in _plainer_service(service):
            services = _with(recording.services, number, plainer)
            yield replace(recording, services=services)


def _plainer_service(service: ServiceSpec) -> Iterator[ServiceSpec]:
    if service.raises:
        yield replace(service, raises={})
    if service.crashes_server:
        yield replace(service, crashes_server=False)
    if not service.deployed:
        yield replace(service, deployed=True)
    if service.deployed_on:
        yield replace(service, deployed_on=())
    for duration in _plainer_spread(service.duration, SECOND):
        yield replace(service, duration=duration)


def _plainer_spread(spread: Spread, unit: int) -> Iterator[Spread]:
    if not isinstance(spread, Fixed):
        yield Fixed(longest(spread))
    for number in _simpler_numbers(longest(spread), unit):
        yield Fixed(number)


def _plainer_cluster(recording: Recording) -> Iterator[Recording]:
    default = ClusterSpec()
    cluster = recording.cluster
    for latency in (default.latency, *_plainer_spread(cluster.latency, MILLISECOND)):
        if latency != cluster.latency and longest(latency) <= longest(cluster.latency):
            yield replace(recording, cluster=replace(cluster, latency=latency))
    if cluster.max_attempts != default.max_attempts:
        yield replace(recording, cluster=replace(cluster, max_attempts=default.max_attempts))
    if cluster.lease != default.lease:
        yield replace(recording, cluster=replace(cluster, lease=default.lease))
    if recording.seed:
        yield replace(recording, seed=0)


_PLAIN: dict[str, object] = {
    "is_active": True,
    "extra": None,
    "repeats": None,
    "ends": None,
    "misfire": "once",
    "grace": SECOND,
    "max_parallel": None,
    "jitter": 0,
    "max_runtime": None,
    "timezone": "UTC",
}


def _plainer_jobs(recording: Recording) -> Iterator[Recording]:
    for number, job in enumerate(recording.jobs):
        for definition in _plainer_definitions(job.definition, recording.start):
            plainer = JobSpec(job.id, definition)
            yield replace(recording, jobs=_with(recording.jobs, number, plainer))


def _plainer_definitions(definition: Definition, start: int) -> Iterator[Definition]:
    for field, plain in _PLAIN.items():
        if getattr(definition, field) != plain:
            yield replace(definition, **{field: plain})
    if definition.start_date != start:
        yield replace(definition, start_date=start)
    if definition.start_date % SECOND:
        yield replace(definition, start_date=definition.start_date // SECOND * SECOND)
    for seconds in (60, 30, 10, 5):
        if definition.job_type == "interval_based" and definition.interval < seconds * SECOND:
            yield replace(definition, weeks=0, days=0, hours=0, minutes=0, seconds=seconds)


def _plainer_commands(recording: Recording) -> Iterator[Recording]:
    for number, command in enumerate(recording.commands):
        for plainer in _plainer_command(command, recording.start):
            commands = _with(recording.commands, number, plainer)
            yield replace(recording, commands=_in_order(commands))


def _plainer_command(command: Command, start: int) -> Iterator[Command]:
    for unit in (MINUTE, SECOND, MILLISECOND):
        if (at := max(command.at // unit * unit, start)) != command.at:
            yield replace(command, at=at)
    if isinstance(command, LastingFault):
        for duration in _simpler_numbers(command.duration, SECOND):
            if duration > 0:
                yield replace(command, duration=duration)
    if isinstance(command, DisturbServer):
        for what in ("lose", "repeat", "delay"):
            quieter = replace(command, **{what: 0})
            if quieter != command and quieter.contradiction() is None:
                yield quieter


def _in_order(commands: Sequence[Command]) -> tuple[Command, ...]:
    return tuple(sorted(commands, key=lambda command: command.at))


def _with(parts: tuple[T, ...], number: int, part: T) -> tuple[T, ...]:
    return (*parts[:number], part, *parts[number + 1 :])


PASSES: tuple[Callable[[Recording], Iterator[Recording]], ...] = (
    _earlier_end,
    _fewer_commands,
    _fewer_jobs,
    _fewer_servers,
    _fewer_services,
    _fewer_workers,
    _later_start,
    _plainer_services,
    _plainer_cluster,
    _plainer_jobs,
    _plainer_commands,
)
