"""Changes of the cluster, its services and its jobs."""

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from gnomon.reference import jobs
from gnomon.reference.jobs import Definition
from gnomon.reference.schedule.clock import MILLISECOND, MINUTE, SECOND
from gnomon.simulator.fuzz.generator.choices import Choices
from gnomon.simulator.fuzz.generator.jobs import draw_misfire
from gnomon.simulator.fuzz.neighbours.commands import resized
from gnomon.simulator.fuzz.neighbours.instants import landmark, span
from gnomon.specs.recording.model import (
    ClusterSpec,
    Fixed,
    JobSpec,
    Recording,
    Samples,
    Spread,
    longest,
)

MOST_JOBS = 30
"""A recording of this many jobs gets no more: its runs would take longer, and find the same."""


def change_seed(choices: Choices, recording: Recording) -> Recording:
    """All that is random turns out in another way."""
    return replace(recording, seed=choices.whole(0, 2**31))


def change_cluster(choices: Choices, recording: Recording) -> Recording:
    """The cluster has another size, lease, latency, profile or limit of attempts."""
    cluster = recording.cluster
    changes: tuple[Callable[[], ClusterSpec], ...] = (
        lambda: replace(cluster, workers=choices.whole(1, 4)),
        lambda: replace(cluster, servers=_one_more_or_less(choices, cluster.servers)),
        lambda: replace(cluster, lease=choices.whole(2, 20) * SECOND),
        lambda: replace(cluster, latency=_latency(choices)),
        lambda: replace(cluster, max_attempts=choices.whole(1, 5)),
        lambda: replace(cluster, profile="classic" if cluster.profile == "durable" else "durable"),
    )
    return replace(recording, cluster=choices.one_of(changes)())


def _one_more_or_less(choices: Choices, servers: int) -> int:
    return max(servers + choices.one_of((1, -1)), 1)


def _latency(choices: Choices) -> Spread:
    options: tuple[Callable[[], Spread], ...] = (
        lambda: Fixed(MILLISECOND),
        lambda: Fixed(0),
        lambda: Fixed(choices.whole(1, 50) * MILLISECOND),
        lambda: Samples(tuple(choices.whole(0, 50_000) for _ in range(choices.whole(2, 5)))),
    )
    return choices.one_of(options)()


def change_service(choices: Choices, recording: Recording) -> Recording:
    """The runs of one service take another time."""
    if not recording.services:
        return recording
    services = list(recording.services)
    number = choices.whole(0, len(services) - 1)
    run, lease = longest(services[number].duration), recording.cluster.lease
    duration = choices.one_of((resized(choices, run, lease), 0))
    services[number] = replace(services[number], duration=Fixed(duration))
    return replace(recording, services=tuple(services))


def change_job(choices: Choices, recording: Recording) -> Recording:
    """One job has another limit, policy or time; it stays as it was if that would be refused."""
    if not recording.jobs:
        return recording
    scheduled = list(recording.jobs)
    number = choices.whole(0, len(scheduled) - 1)
    job = scheduled[number]
    scheduled[number] = JobSpec(job.id, _changed(choices, recording, job.definition))
    return replace(recording, jobs=tuple(scheduled))


def _changed(choices: Choices, recording: Recording, definition: Definition) -> Definition:
    changes: list[Callable[[], Definition]] = [
        lambda: replace(definition, max_parallel=choices.one_of((None, 1, 2))),
        lambda: replace(definition, misfire=draw_misfire(choices)),
        lambda: replace(definition, start_date=definition.start_date + span(choices)),
        lambda: replace(definition, max_runtime=choices.one_of((None, 1, SECOND, 5 * SECOND))),
        lambda: replace(definition, grace=choices.one_of((SECOND, 0, 5 * SECOND, MINUTE))),
        lambda: replace(definition, is_active=not definition.is_active),
    ]
    if definition.job_type != "one_time":
        changes += [
            lambda: replace(definition, repeats=choices.one_of((None, 1, 2, 3))),
            lambda: replace(definition, ends=choices.one_of((None, landmark(choices, recording)))),
            lambda: replace(definition, jitter=choices.one_of((0, MILLISECOND, SECOND))),
        ]
    return _if_accepted(choices.one_of(changes)()) or definition


def _if_accepted(definition: Definition) -> Definition | None:
    """The definition, or None if it would be refused or has an instant that cannot be written."""
    try:
        return jobs.read(jobs.write(definition))
    except (jobs.Rejected, OverflowError):
        return None


def copy_job(originals: Sequence[Recording], choices: Choices, recording: Recording) -> Recording:
    """A job of another original is there as well, under a name of its own, if it is accepted."""
    other = choices.one_of(originals)
    if not other.jobs or not recording.services or len(recording.jobs) >= MOST_JOBS:
        return recording
    definition = choices.one_of(other.jobs).definition
    taken = {name for job in recording.jobs for name in (job.id, job.definition.name)}
    name = next(name for name in map(_name, range(len(taken) + 1)) if name not in taken)
    later = recording.start - other.start
    copied = _if_accepted(
        replace(
            definition,
            name=name,
            start_date=definition.start_date + later,
            ends=None if definition.ends is None else definition.ends + later,
        )
    )
    if copied is None:
        return recording
    return replace(recording, jobs=(*recording.jobs, JobSpec(name, copied)))


def _name(number: int) -> str:
    return f"copy {number + 1}"
