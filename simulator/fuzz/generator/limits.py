"""The limits of the jobs in a drawn recording: ends, repeats of cron jobs, and limits of runs.

The one idea: they are drawn after everything else, so that a seed that has none of them still means
what it meant. Most ends lie at an occurrence or beside it, where one microsecond decides.
"""

from collections.abc import Callable, Iterator

from msgspec.structs import replace

from gnomon.reference import jobs
from gnomon.reference.jobs import Definition
from gnomon.reference.schedule.clock import MILLISECOND, MINUTE, SECOND, write_instant
from gnomon.reference.schedule.jitter import smallest_gap
from gnomon.simulator.fuzz.generator.choices import Choices
from gnomon.simulator.fuzz.generator.scenario import SafetyPhase, Scenario
from gnomon.specs.recording.commands import Activate, Command, Create, edit
from gnomon.specs.recording.model import JobSpec, Recording
from gnomon.specs.recording.values import Plain


def draw_limits(
    scenario: Scenario, drawn: tuple[JobSpec, ...], commands: list[Command]
) -> tuple[JobSpec, ...]:
    """The jobs, some of them with a limit; as they were in most recordings."""
    if not scenario.choices.happens(30):
        return drawn
    faults = [command.at for command in commands if command.part != "job"]
    return tuple(JobSpec(job.id, _limited(scenario, job.definition, faults)) for job in drawn)


def draw_edits_of_limits(scenario: Scenario, drawn: tuple[JobSpec, ...]) -> Iterator[Command]:
    """Commands that set, move and remove limits; none in most recordings."""
    choices = scenario.choices
    recurring = [job for job in drawn if job.definition.job_type != "one_time"]
    if not recurring or not choices.happens(30):
        return
    for number in range(choices.whole(1, 4)):
        job = choices.one_of(recurring)
        yield from choices.one_of(_EDITS)(scenario, job, number)


PARALLEL = 15
"""The percentage of recordings in which jobs have a `max_parallel`."""


def with_limits_of_runs(choices: Choices, phase: SafetyPhase, recording: Recording) -> Recording:
    """The `recording`; some have jobs with `max_parallel`, `jitter` or `max_runtime`, and edits."""
    recording = _with_jitter(choices, phase, _with_max_parallel(choices, phase, recording))
    return _with_max_runtime(choices, phase, recording)


def _with_max_parallel(choices: Choices, phase: SafetyPhase, recording: Recording) -> Recording:
    if not choices.happens(PARALLEL):
        return recording
    limited, changes = [], []
    for job in recording.jobs:
        limit = choices.one_of((None, 1, 1, 2, 3))
        limited.append(JobSpec(job.id, replace(job.definition, max_parallel=limit)))
        if choices.happens(20):
            at = phase.start + choices.within(0, phase.length, MILLISECOND)
            changes.append(edit(at, job.id, {"max_parallel": choices.one_of((None, 1, 2))}))
    commands = sorted([*recording.commands, *changes], key=lambda command: command.at)
    return replace(recording, jobs=tuple(limited), commands=tuple(commands))


JITTER = 10
"""The percentage of recordings in which jobs have `jitter`."""


def _with_jitter(choices: Choices, phase: SafetyPhase, recording: Recording) -> Recording:
    """The `recording`, longer by the longest jitter, if it has any."""
    if not choices.happens(JITTER):
        return recording
    limited, changes, longest = [], [], 0
    for job in recording.jobs:
        definition = job.definition
        gap = smallest_gap(definition.job_type, jobs.write(definition)) or MINUTE
        jitter = choices.one_of((0, gap - 1, min(gap - 1, 5 * SECOND), min(gap - 1, MILLISECOND)))
        longest = max(longest, jitter)
        limited.append(JobSpec(job.id, replace(definition, jitter=jitter)))
        if choices.happens(20):
            at = phase.start + choices.within(0, phase.length, MILLISECOND)
            changes.append(edit(at, job.id, {"jitter": choices.one_of(("0s", "1ms", "900ms"))}))
    commands = sorted([*recording.commands, *changes], key=lambda command: command.at)
    until = recording.until + longest
    return replace(recording, until=until, jobs=tuple(limited), commands=tuple(commands))


RUNTIME = 15
"""The percentage of recordings in which jobs have a `max_runtime`."""


def _with_max_runtime(choices: Choices, phase: SafetyPhase, recording: Recording) -> Recording:
    if not choices.happens(RUNTIME):
        return recording
    limited, changes = [], []
    for job in recording.jobs:
        limit = choices.one_of((None, 1, MILLISECOND, 200 * MILLISECOND, SECOND, 5 * SECOND))
        limited.append(JobSpec(job.id, replace(job.definition, max_runtime=limit)))
        if choices.happens(20):
            at = phase.start + choices.within(0, phase.length, MILLISECOND)
            changes.append(edit(at, job.id, {"max_runtime": choices.one_of((None, "1ms", "2s"))}))
    commands = sorted([*recording.commands, *changes], key=lambda command: command.at)
    return replace(recording, jobs=tuple(limited), commands=tuple(commands))


def _limited(scenario: Scenario, definition: Definition, faults: list[int]) -> Definition:
    choices = scenario.choices
    if definition.job_type == "one_time":
        return definition
    if definition.job_type == "cron_style" and choices.happens(40):
        definition = replace(definition, repeats=choices.whole(1, 4))
    if not choices.happens(60):
        return definition
    if faults and choices.happens(40):  # while nobody leads, perhaps
        ends = choices.one_of(faults) + choices.within(0, scenario.cluster.lease, MILLISECOND)
    else:
        ends = _instant(scenario, definition)
    limited = replace(definition, ends=ends)
    try:
        return jobs.read(jobs.write(limited))
    except jobs.Rejected:  # it would never be due
        return definition


def _instant(scenario: Scenario, definition: Definition) -> int:
    """In the safety phase: mostly at an occurrence or beside it."""
    choices, phase, step = scenario.choices, scenario.phase, definition.interval or MINUTE
    if choices.happens(30):
        return scenario.instant()
    first = phase.start + (definition.start_date - phase.start) % step
    due = first + choices.whole(0, phase.length // step) * step
    return due + choices.one_of((0, 1, -1, SECOND, MILLISECOND, -SECOND))


def _edit(scenario: Scenario, job: JobSpec, _: int) -> Iterator[Command]:
    """A limit is set, moved or removed."""
    choices = scenario.choices
    options: tuple[Callable[[], dict[str, Plain | None]], ...] = (
        lambda: {"ends": write_instant(_instant(scenario, job.definition))},
        lambda: {"ends": None},
        lambda: {"repeats": choices.whole(1, 6)},
        lambda: {"repeats": None},
    )
    yield edit(scenario.instant(), job.id, choices.one_of(options)())


def _end_and_extend(scenario: Scenario, job: JobSpec, _: int) -> Iterator[Command]:
    """A job ends in the past or soon; later its end is moved, and it is activated again."""
    choices, phase = scenario.choices, scenario.phase
    at = scenario.instant()
    ends = at + choices.within(-MINUTE, MINUTE, SECOND)
    yield edit(at, job.id, {"ends": write_instant(ends)})
    later = at + choices.within(0, MINUTE, 100 * MILLISECOND)
    again = later + choices.within(0, 10 * SECOND, 100 * MILLISECOND)
    if again < phase.end:
        extended = write_instant(_instant(scenario, job.definition))
        yield edit(later, job.id, {"ends": extended})
        yield Activate(at=again, job=job.id)


def _create(scenario: Scenario, _: JobSpec, number: int) -> Iterator[Command]:
    """A job is created that ends soon, has no occurrence left, or has ended."""
    choices, at = scenario.choices, scenario.instant()
    step = choices.whole(10, 60)
    start = at - choices.whole(0, 3 * step) * SECOND
    fields: dict[str, Plain] = {
        "job_type": "interval_based",
        "service": choices.one_of(scenario.services).name,
        "seconds": step,
        "start_date": write_instant(start),
        "ends": write_instant(at + choices.within(-MINUTE, MINUTE, SECOND)),
        "is_active": not choices.happens(20),
    }
    yield Create(at=at, job=f"limited {number + 1}", set=fields)
    if choices.happens(40):
        yield Activate(
            at=min(at + choices.whole(1, 30) * SECOND, scenario.phase.end),
            job=f"limited {number + 1}",
        )


_EDITS: tuple[Callable[[Scenario, JobSpec, int], Iterator[Command]], ...] = (
    _edit,
    _end_and_extend,
    _create,
)
