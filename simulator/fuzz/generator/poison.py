"""A job whose runs end their server's process, and dropped messages, in some drawn recordings.

The one idea: both are drawn last, and these choices change nothing that was drawn before. The job's
occurrences are few. The recording then lasts long enough for all their attempts, and for the
cluster to settle after the last one.
"""

from msgspec.structs import replace

from gnomon.reference.jobs import Definition
from gnomon.reference.schedule.clock import MILLISECOND, SECOND
from gnomon.reference.store.messages import MAX_ATTEMPTS
from gnomon.simulator.fuzz.generator.scenario import Scenario
from gnomon.simulator.fuzz.liveness import patience
from gnomon.simulator.world.cluster import RESTART_DELAY
from gnomon.specs.recording.commands import Command, DropMessages, PutBackMessages
from gnomon.specs.recording.model import Fixed, JobSpec, Recording, ServiceSpec

PER_CENT = 8
"""The share of recordings that have such a job."""
NAME = "poison"
"""The name of the job and of its service."""


def with_poison(scenario: Scenario, recording: Recording) -> Recording:
    """The `recording`, in some cases with such a job, and a number of attempts of its own."""
    choices, lease = scenario.choices, scenario.cluster.lease
    if not choices.happens(PER_CENT):
        return recording
    run = choices.within(0, choices.one_of((0, SECOND, lease)), MILLISECOND)
    attempts = choices.one_of((MAX_ATTEMPTS, 1, 2, 5))
    job = Definition(
        name=NAME,
        service=NAME,
        job_type="interval_based",
        seconds=choices.whole(1, 30),
        start_date=scenario.instant(),
        repeats=choices.whole(1, 3),
    )
    changed = replace(
        recording,
        cluster=replace(recording.cluster, max_attempts=attempts),
        services=(
            *recording.services,
            ServiceSpec(name=NAME, duration=Fixed(run), crashes_server=True),
        ),
        jobs=(*recording.jobs, JobSpec(NAME, job)),
    )
    time_per_death = run + RESTART_DELAY + 2 * lease
    until = recording.until + (job.repeats or 1) * attempts * time_per_death + patience(changed)
    if not choices.happens(50):
        return replace(changed, until=until)
    at = choices.within(job.start_date, recording.until, SECOND)
    until += (job.repeats or 1) * attempts * time_per_death
    put_back = PutBackMessages(at=at, job=NAME)
    limited = JobSpec(NAME, replace(job, max_parallel=choices.one_of((None, 1))))
    return replace(
        changed,
        until=until,
        jobs=(*recording.jobs, limited),
        commands=_in_order([*changed.commands, put_back]),
    )


def with_dropped_messages(scenario: Scenario, recording: Recording) -> Recording:
    """The `recording`, in some cases with commands that drop what waits of some jobs."""
    choices = scenario.choices
    if not choices.happens(PER_CENT):
        return recording
    drops = [
        DropMessages(at=scenario.instant(), job=choices.one_of(recording.jobs).id)
        for _ in range(choices.whole(1, 30))
    ]
    return replace(recording, commands=_in_order([*recording.commands, *drops]))


def _in_order(commands: list[Command]) -> tuple[Command, ...]:
    return tuple(sorted(commands, key=lambda command: command.at))
